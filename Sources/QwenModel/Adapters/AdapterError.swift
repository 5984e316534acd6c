/// Why an adapter could not be read or attached.
public enum AdapterError: Error, Sendable, Equatable {
    /// A file could not be opened or read, or its header was refused.
    case file(CheckpointError)
    /// `adapter_config.json` was refused.
    case configuration(path: String, ConfigurationError)
    /// A GGUF file holds something else than low-rank updates.
    case notAnAdapter(path: String)
    /// The updates are for another kind of model.
    case otherArchitecture(String)
    /// A tensor is not one that this library knows what to do with: an embedding's, a bias, a whole layer.
    case unsupportedTensor(name: String)
    /// One of the two factors of an update is missing.
    case missingFactor(module: String)
    /// A tensor's dimensions are not the expected ones; nil stands for any.
    case unexpectedShape(name: String, found: [Int])
    /// The model has no such matrix.
    case noSuchModule(String)
    /// An update does not fit the matrix.
    case doesNotFit(module: String, outputs: Int, inputs: Int, found: [Int])
    /// The factors of an update could not be joined.
    case update(module: String, TensorErrorDescription)
    /// A weight is infinite or not a number.
    case invalidWeight(Float)

    /// What went wrong below, as a sentence.
    public typealias TensorErrorDescription = String
}

extension AdapterError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .configuration(let path, let error): "\(path): \(error)"
        case .notAnAdapter(let path): "\(path) holds no low-rank updates"
        case .otherArchitecture(let name): "the updates are for “\(name)” models"
        case .unsupportedTensor(let name): "\(name) cannot be used: only low-rank factors of matrices can"
        case .missingFactor(let module): "\(module) has only one of its two factors"
        case .unexpectedShape(let name, let found): "\(name) has the shape \(found)"
        case .noSuchModule(let module): "the model has no \(module)"
        case .doesNotFit(let module, let outputs, let inputs, let found):
            "the update of \(module) is \(found), and the matrix is [\(outputs), \(inputs)]"
        case .update(let module, let reason): "\(module): \(reason)"
        case .invalidWeight(let weight): "an adapter cannot have the weight \(weight)"
        }
    }
}

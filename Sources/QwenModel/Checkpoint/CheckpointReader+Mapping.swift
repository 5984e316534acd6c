internal import QwenTensor
internal import Synchronization

extension CheckpointReader {
    /// The one weight of a plan where it lies in the file's mapping, or nil where it cannot be used from there: its rows must
    /// be reordered, it does not lie at an address that the kernels can read, or the file is part of the program.
    func mapped(_ plan: ReadingPlan) throws(CheckpointError) -> Tensor? {
        let part = plan.parts[0]
        let range = part.weight.fileRange
        guard part.rotaryByteCount == nil, range.lowerBound % part.elementType.alignment == 0,
            let storage = try mapping(of: part.weight.file)
        else { return nil }
        let tensor: Tensor
        do {
            tensor = try Tensor(
                elementType: part.elementType,
                shape: part.weight.shape,
                storage: storage,
                byteOffset: range.lowerBound
            )
        } catch {
            throw .tensor(error)
        }
        for chunk in plan.chunks {
            if options.isCancelled?() == true { throw .cancelled }
            try check(chunk, of: part, at: tensor.baseAddress + chunk.offset)
        }
        return tensor
    }

    private func mapping(of file: OpenFile) throws(CheckpointError) -> Storage? {
        let outcome: Result<Storage?, CheckpointError> = mappings.withLock { mappings in
            if let storage = mappings[file.path] { return .success(storage) }
            do throws(CheckpointError) {
                let storage = try file.mapped()
                mappings[file.path] = storage
                return .success(storage)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}

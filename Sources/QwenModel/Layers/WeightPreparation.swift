/// When weights are brought into memory, and packed for the kernels that there are.
public enum WeightPreparation: Sendable, Hashable {
    /// While the model is loaded: what is wrong with the files is an error of loading, and nobody needs them afterwards.
    case beforeUse

    /// After loading, which takes milliseconds then. The first pass reads what it needs from the files and keeps none of it; the
    /// weights come into memory between the following passes, some at a time, and while there is nothing to compute.
    ///
    /// The results are the same. The first token is there sooner, the next few tokens later. The files must stay as they are
    /// until the weights are in memory (replacing one by renaming another over it does no harm): a read that fails, or a number
    /// that is not finite, is thrown by the request that meets it, and looked for again by the next one.
    case duringUse
}

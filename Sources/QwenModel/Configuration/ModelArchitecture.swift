/// The kinds of model that this library runs, by the `model_type` in `config.json`.
public enum ModelArchitecture: String, Sendable, CaseIterable {
    /// Qwen2 and Qwen2.5: biases on the query, key and value projections, no norms on queries and keys.
    case qwen2
    /// Qwen3, dense: no such biases, norms on queries and keys.
    case qwen3
    /// Qwen1.5-MoE and Qwen2 with a mixture of experts in some or all layers, beside them one that all tokens pass through.
    case qwen2MoE = "qwen2_moe"
    /// Qwen3 with a mixture of experts in some or all layers.
    case qwen3MoE = "qwen3_moe"
}

// The umbrella: `import Qwen` gives every layer.
@_exported public import QwenChat
@_exported public import QwenGrammar
@_exported public import QwenJSON
@_exported public import QwenModel
@_exported public import QwenSchema
@_exported public import QwenTensor
@_exported public import QwenTokenizer

#if EmbeddedModel
@_exported public import QwenEmbedded
#endif

// The articles beside this file are the module's content.
@_exported import Qwen

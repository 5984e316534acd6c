// The first file of QwenTokenizer.

// The first file of QwenJSON.

// The first file of QwenModel.

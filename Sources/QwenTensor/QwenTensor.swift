// The first file of QwenTensor.

// The first file of QwenChat.

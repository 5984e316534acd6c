#include "CQwenVocabulary.h"

// #embed is C23; clang has it in every C mode since 19 and warns only when pedantic.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
static const uint8_t vocabulary[] = {
#embed "qwen.bpe"
};
#pragma clang diagnostic pop

const uint8_t *qwen_vocabulary_bytes(void) { return vocabulary; }

size_t qwen_vocabulary_byte_count(void) { return sizeof vocabulary; }

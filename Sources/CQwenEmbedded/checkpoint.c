#include "CQwenEmbedded.h"

// #embed is C23; clang has it in every C mode since 19 and warns only when pedantic.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
static const uint8_t config[] = {
#embed "checkpoint/config.json"
};
static const uint8_t generation_config[] = {
#embed "checkpoint/generation_config.json"
};
static const uint8_t tokenizer[] = {
#embed "checkpoint/tokenizer.json"
};
static const uint8_t tokenizer_config[] = {
#embed "checkpoint/tokenizer_config.json"
};
static const uint8_t model[] = {
#embed "checkpoint/model.safetensors"
};
#pragma clang diagnostic pop

static const qwen_embedded_file files[] = {
    {"config.json", config, sizeof config},
    {"generation_config.json", generation_config, sizeof generation_config},
    {"tokenizer.json", tokenizer, sizeof tokenizer},
    {"tokenizer_config.json", tokenizer_config, sizeof tokenizer_config},
    {"model.safetensors", model, sizeof model},
};

size_t qwen_embedded_file_count(void) { return sizeof files / sizeof *files; }

qwen_embedded_file qwen_embedded_file_at(size_t index) { return files[index]; }

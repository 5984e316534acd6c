#ifndef CQWENEMBEDDED_H
#define CQWENEMBEDDED_H

#include <stddef.h>
#include <stdint.h>

/// A file of the checkpoint, as bytes that live as long as the program.
typedef struct {
    const char *name;
    const uint8_t *bytes;
    size_t byte_count;
} qwen_embedded_file;

/// The number of files.
size_t qwen_embedded_file_count(void);

/// File number `index`, which must be less than the count.
qwen_embedded_file qwen_embedded_file_at(size_t index);

#endif

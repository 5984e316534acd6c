#ifndef CQWENVOCABULARY_H
#define CQWENVOCABULARY_H

#include <stddef.h>
#include <stdint.h>

/// Qwen's vocabulary as make_vocabulary.py packs it; the layout is told there.
const uint8_t *qwen_vocabulary_bytes(void);

/// The number of bytes behind `qwen_vocabulary_bytes`.
size_t qwen_vocabulary_byte_count(void);

/// What the pre-tokeniser and NFC know of each Unicode scalar value, made by make_unicode_tables.py.
///
/// A `*_values` table is found through its blocks: `values[blocks[scalar >> 7] << 7 | (scalar & 127)]`.
typedef struct {
    const uint8_t *property_blocks;
    /// Bits 0-1: 1 letter, 2 number, 3 white space, 0 anything else. Bit 2: may take part in NFC (a combining class, or
    /// bit 3). Bit 3: NFC changes it, or joins it to what stands before it.
    const uint8_t *property_values;
    const uint8_t *combining_class_blocks;
    const uint8_t *combining_class_values;

    size_t decomposition_count;
    /// Sorted scalars; the full canonical decomposition of number i is
    /// `decomposition_scalars[decomposition_starts[i] ..< decomposition_starts[i + 1]]`. Hangul is left to arithmetic.
    const uint32_t *decomposition_keys;
    const uint16_t *decomposition_starts;
    const uint32_t *decomposition_scalars;

    size_t composition_count;
    /// Sorted: first scalar in the upper half, second in the lower.
    const uint64_t *composition_keys;
    const uint32_t *composition_scalars;
} qwen_unicode_tables;

/// The tables, which live as long as the program.
const qwen_unicode_tables *qwen_unicode(void);

#endif

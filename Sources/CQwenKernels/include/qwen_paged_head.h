// Where attention finds cached keys and values.
#ifndef QWEN_PAGED_HEAD_H
#define QWEN_PAGED_HEAD_H

#include <stddef.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// Positions whose keys lie one after another in a page, followed by their values: attention reads one stream.
#define QWEN_TILE_POSITIONS 16

/// The cached keys and values of one key-value head: in pages that may lie anywhere, each with a power of two of positions.
/// A head's part of a page is made of tiles: the keys of QWEN_TILE_POSITIONS positions, then their values.
typedef struct qwen_paged_head {
    /// The sequence's pages, in order.
    const void *_Nonnull const *_Nonnull pages;
    /// The binary logarithm of a page's positions, at least 6.
    size_t page_shift;
    /// Bytes from a page's beginning to the head's first tile.
    size_t offset;
    /// Bytes of a tile's keys, and of its values.
    size_t tile_bytes;
} qwen_paged_head;

/// The keys of the tile that a position belongs to.
static inline const char *qwen_paged_tile(const qwen_paged_head *cache, size_t position) {
    size_t inside = position & (((size_t)1 << cache->page_shift) - 1);
    return (const char *)cache->pages[position >> cache->page_shift] + cache->offset +
           inside / QWEN_TILE_POSITIONS * 2 * cache->tile_bytes;
}

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif

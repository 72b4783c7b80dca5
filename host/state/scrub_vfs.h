// Scrub VFS: a layer below SQLite that lets no deleted bytes into the database file.
//
// `PRAGMA secure_delete` zeroes what is deleted, but not the copies that stay behind where rows were moved
// between pages (SQLite's rebuildPage): in a run of random deletions about one deleted row in 3,000 could
// still be read in the file. Those copies lie between a b-tree page's cell pointers and its cell contents,
// which no reader looks at. In WAL mode only checkpoints write the database file, in whole pages; this layer
// zeroes that gap on the way. The log itself is emptied by the checkpoint.
//
// Source: https://www.sqlite.org/fileformat2.html, 1.6 "B-tree Pages".
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace hotline {

// A b-tree page is told from an overflow or freelist page by its first byte, which in the latter is the top
// of a page number. Below this many pages the two cannot be confused. (128 GiB of 4 KiB pages.)
inline constexpr std::uint32_t scrub_pages_max = 0x01ffffff;

// The gap of a b-tree page: {first byte, one past the last}; {0, 0} when `page` is not one. `is_first`:
// page 1.
struct PageGap {
  std::size_t begin = 0;
  std::size_t end = 0;
};
PageGap page_gap(std::span<const unsigned char> page, bool is_first);

// Registers the layer over the VFS named `base` (empty: SQLite's default), once; returns its name. Any
// thread.
Result<std::string> scrub_vfs_over(const std::string& base);

}  // namespace hotline

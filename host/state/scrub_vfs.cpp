#include "state/scrub_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

namespace hotline {
namespace {

constexpr std::size_t page_bytes_max = 65536;   // SQLite's own limit.
constexpr std::size_t file_header_bytes = 100;  // In front of page 1's b-tree header.

// A file keeps the methods it was opened with, all but xWrite. `methods` is first, so that a file's pMethods
// leads here.
struct ScrubMethods {
  sqlite3_io_methods methods;
  const sqlite3_io_methods* base;
};

struct ScrubVfs {
  sqlite3_vfs vfs;
  sqlite3_vfs* base;
  std::string name;
  std::mutex mutex;
  std::map<const sqlite3_io_methods*, std::unique_ptr<ScrubMethods>> methods;  // Never shrinks.
};

int scrubbed_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const auto* methods = reinterpret_cast<const ScrubMethods*>(file->pMethods);
  const auto page_size = static_cast<std::size_t>(size);
  if (page_size >= 512 && page_size <= page_bytes_max && offset % size == 0) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    const PageGap gap = page_gap({bytes, page_size}, offset == 0);
    if (std::any_of(bytes + gap.begin, bytes + gap.end, [](unsigned char byte) { return byte != 0; })) {
      std::array<unsigned char, page_bytes_max> page;
      std::memcpy(page.data(), bytes, page_size);
      std::fill(page.begin() + static_cast<std::ptrdiff_t>(gap.begin),
                page.begin() + static_cast<std::ptrdiff_t>(gap.end), static_cast<unsigned char>(0));
      return methods->base->xWrite(file, page.data(), size, offset);
    }
  }
  return methods->base->xWrite(file, data, size, offset);
}

int open_scrubbed(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  auto* self = static_cast<ScrubVfs*>(vfs->pAppData);
  const int code = self->base->xOpen(self->base, path, file, flags, flags_out);
  if (code != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0) return code;
  const std::lock_guard lock(self->mutex);
  auto& methods = self->methods[file->pMethods];
  if (!methods) {
    methods = std::make_unique<ScrubMethods>(ScrubMethods{*file->pMethods, file->pMethods});
    methods->methods.xWrite = scrubbed_write;
  }
  file->pMethods = &methods->methods;
  return code;
}

std::size_t big_endian_16(std::span<const unsigned char> page, std::size_t at) {
  return static_cast<std::size_t>(page[at]) << 8 | page[at + 1];
}

}  // namespace

PageGap page_gap(std::span<const unsigned char> page, bool is_first) {
  const std::size_t header = is_first ? file_header_bytes : 0;
  const unsigned char kind = page[header];
  const bool is_interior = kind == 0x02 || kind == 0x05;
  if (!is_interior && kind != 0x0a && kind != 0x0d) return {};
  const std::size_t pointers = header + (is_interior ? 12 : 8);
  const std::size_t begin = pointers + 2 * big_endian_16(page, header + 3);
  std::size_t end = big_endian_16(page, header + 5);
  if (end == 0) end = page_bytes_max;
  if (begin > end || end > page.size()) return {};
  return {begin, end};
}

Result<std::string> scrub_vfs_over(const std::string& base) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<ScrubVfs>>
      layers;  // SQLite refers to them until the process ends.
  const std::lock_guard lock(mutex);
  sqlite3_vfs* const below = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
  if (below == nullptr) return Error{"store: SQLite has no VFS named \"" + base + "\""};
  auto& layer = layers[below->zName];
  if (layer) return layer->name;
  layer = std::make_unique<ScrubVfs>();
  layer->base = below;
  layer->name = std::string("hotline-scrub-") + below->zName;
  layer->vfs = *below;  // Its other functions (those of SQLite's unix VFS) do not look at pAppData.
  layer->vfs.pNext = nullptr;
  layer->vfs.zName = layer->name.c_str();
  layer->vfs.pAppData = layer.get();
  layer->vfs.xOpen = open_scrubbed;
  if (sqlite3_vfs_register(&layer->vfs, 0) != SQLITE_OK)
    return Error{"store: SQLite refused the VFS " + layer->name};
  return layer->name;
}

}  // namespace hotline

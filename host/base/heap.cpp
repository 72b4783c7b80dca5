#include "base/heap.h"

#include <malloc.h>

#include <algorithm>
#include <cstddef>

// Null in a program without jemalloc.
extern "C" int mallctl(const char* name, void* old_value, std::size_t* old_bytes, void* new_value,
                       std::size_t new_bytes) noexcept __attribute__((weak));

namespace hotline {

namespace {

std::uint64_t jemalloc_figure(const char* name) {
  std::size_t value = 0, bytes = sizeof value;
  return mallctl(name, &value, &bytes, nullptr, 0) == 0 ? value : 0;
}

}  // namespace

HeapFigures heap_figures() {
  if (mallctl == nullptr) {
    const struct mallinfo2 info = mallinfo2();
    return {.used_bytes = info.uordblks + info.hblkhd, .free_bytes = info.fordblks};
  }
  std::uint64_t epoch = 1;  // Its figures are those of when this was last advanced.
  mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);
  const std::uint64_t used = jemalloc_figure("stats.allocated"), resident = jemalloc_figure("stats.resident");
  return {.used_bytes = used, .free_bytes = resident - std::min(used, resident)};
}

void trim_heap() {
  if (mallctl == nullptr) {
    malloc_trim(0);
    return;
  }
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // MALLCTL_ARENAS_ALL.
}

}  // namespace hotline

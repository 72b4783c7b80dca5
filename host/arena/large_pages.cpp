// Large pages for the process's heap, once it is large: for every program that has module_malloc.cpp, from
// before its main() on.
//
// Among many sessions each message touches pages that no cache of address translations has. jemalloc can ask
// for large pages from the start (its option `thp`), which costs a small host 25 MB more than it uses; here
// the first 32 MB of the heap are of small pages, as are those of slabs (base/chunks.h).
// Source: jemalloc(3), "arena.<i>.extent_hooks"; madvise(2), MADV_HUGEPAGE.
#include <jemalloc/jemalloc.h>
#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <string>

namespace {

constexpr std::size_t small_pages_bytes = std::size_t{32} * 1024 * 1024;

extent_hooks_t* jemallocs_own = nullptr;
std::atomic<std::size_t> mapped_bytes{0};

// Called by jemalloc for megabytes at a time: it keeps the address space that it has once.
void* map(extent_hooks_t* /*hooks*/, void* wanted, std::size_t bytes, std::size_t alignment, bool* is_zero,
          bool* is_committed, unsigned arena) {
  void* const mapped =
      jemallocs_own->alloc(jemallocs_own, wanted, bytes, alignment, is_zero, is_committed, arena);
  if (mapped != nullptr && mapped_bytes.fetch_add(bytes, std::memory_order_relaxed) >= small_pages_bytes)
    madvise(mapped, bytes, MADV_HUGEPAGE);
  return mapped;
}

// Of all arenas, those that have not been used yet included. False: the heap stays as it is, and works.
bool use_large_pages() {
  std::size_t size = sizeof jemallocs_own;
  if (mallctl("arena.0.extent_hooks", &jemallocs_own, &size, nullptr, 0) != 0) return false;
  static extent_hooks_t hooks = *jemallocs_own;
  hooks.alloc = map;
  unsigned arenas = 0;
  size = sizeof arenas;
  if (mallctl("opt.narenas", &arenas, &size, nullptr, 0) != 0) return false;
  bool is_done = true;
  for (unsigned arena = 0; arena < arenas; ++arena) {
    extent_hooks_t* ours = &hooks;
    const std::string name = "arena." + std::to_string(arena) + ".extent_hooks";
    is_done = mallctl(name.c_str(), nullptr, nullptr, &ours, sizeof(ours)) == 0 && is_done;
  }
  return is_done;
}

[[maybe_unused]] const bool uses_large_pages = use_large_pages();

}  // namespace

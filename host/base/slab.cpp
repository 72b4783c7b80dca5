#include "base/slab.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "base/check.h"

namespace hotline {
namespace {

struct AllSlabs {
  std::mutex mutex;
  std::vector<const Slab*> slabs;
};

AllSlabs& all_slabs() {
  static AllSlabs& all = *new AllSlabs;
  return all;
}

}  // namespace

Slab::Slab(std::size_t bytes)
    : cell_bytes_((std::max(bytes, sizeof(Free)) + alignof(std::max_align_t) - 1) /
                  alignof(std::max_align_t) * alignof(std::max_align_t)) {
  AllSlabs& all = all_slabs();
  const std::lock_guard lock(all.mutex);
  all.slabs.push_back(this);
}

void Slab::grow() {
  void* const chunk = mmap(nullptr, chunk_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(chunk != MAP_FAILED, "the kernel has memory for sessions");
  ++chunks_;
  auto* const bytes = static_cast<unsigned char*>(chunk);
  for (std::size_t i = chunk_bytes / cell_bytes_; i-- > 0;) free_ = new (bytes + i * cell_bytes_) Free{free_};
}

void* Slab::take() {
  const std::lock_guard lock(mutex_);
  if (free_ == nullptr) grow();
  Free* const taken = free_;
  free_ = taken->next;
  ++used_;
  return taken;
}

void Slab::give_back(void* cell) {
  const std::lock_guard lock(mutex_);
  free_ = new (cell) Free{free_};
  --used_;
}

Slab::Figures Slab::figures() const {
  const std::lock_guard lock(mutex_);
  return {used_, cell_bytes_, chunks_ * chunk_bytes};
}

Slab::Totals Slab::totals() {
  AllSlabs& all = all_slabs();
  const std::lock_guard lock(all.mutex);
  Totals totals;
  for (const Slab* slab : all.slabs) {
    const Figures figures = slab->figures();
    totals.used_bytes += figures.cells * figures.cell_bytes;
    totals.free_bytes += figures.bytes - figures.cells * figures.cell_bytes;
  }
  return totals;
}

}  // namespace hotline

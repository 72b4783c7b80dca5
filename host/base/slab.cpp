#include "base/slab.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/chunks.h"

namespace hotline {
namespace {

struct AllSlabs {
  std::mutex mutex;
  std::vector<const Slab*> slabs;
};

// Never destroyed, as the slabs are.
Chunks& chunks() {
  static Chunks& all = *new Chunks(Chunks::For::anything);
  return all;
}

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

Slab::~Slab() {
  AllSlabs& all = all_slabs();
  const std::lock_guard lock(all.mutex);
  std::erase(all.slabs, this);
}

void* Slab::take() {
  const std::lock_guard lock(mutex_);
  ++used_;
  if (free_ != nullptr) return std::exchange(free_, free_->next);
  if (fresh_ == 0) {
    next_ = chunks().take();
    fresh_ = Chunks::bytes / cell_bytes_;
    ++chunks_;
  }
  --fresh_;
  return std::exchange(next_, next_ + cell_bytes_);
}

void Slab::give_back(void* cell) {
  const std::lock_guard lock(mutex_);
  free_ = new (cell) Free{free_};
  --used_;
}

Slab::Figures Slab::figures() const {
  const std::lock_guard lock(mutex_);
  return {used_, cell_bytes_, chunks_ * Chunks::bytes};
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

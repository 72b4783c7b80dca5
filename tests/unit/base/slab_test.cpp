#include "base/slab.h"

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <vector>

using hotline::InSlab;
using hotline::Slab;

namespace {

struct Base {
  virtual ~Base() = default;
};
struct Seated final : Base, InSlab<Seated> {
  std::uint64_t words[5] = {};
};

}  // namespace

TEST_CASE("slab: cells do not overlap, are aligned, and are used again") {
  Slab slab(40);
  std::set<void*> cells;
  for (int i = 0; i < 3'000; ++i) cells.insert(slab.take());
  CHECK(cells.size() == 3'000);
  const std::uintptr_t cell_bytes = slab.cell_bytes();
  CHECK(cell_bytes == 48);
  std::uintptr_t before = 0;
  for (void* cell : cells) {
    const auto at = reinterpret_cast<std::uintptr_t>(cell);
    CHECK(at % alignof(std::max_align_t) == 0);
    CHECK(at - before >= cell_bytes);
    before = at;
  }
  const Slab::Figures full = slab.figures();
  CHECK(full.cells == 3'000);
  CHECK(full.bytes >= 3'000 * cell_bytes);
  for (void* cell : cells) slab.give_back(cell);
  CHECK(slab.figures().cells == 0);
  for (int i = 0; i < 3'000; ++i) CHECK(cells.contains(slab.take()));
  CHECK(slab.figures().bytes == full.bytes);
}

TEST_CASE("slab: an object deleted as what it is derived from goes back to its own slab") {
  if (!Slab::is_used) return;  // A sanitizer's allocator has it.
  const std::uint64_t before = Slab::totals().used_bytes;
  std::vector<std::unique_ptr<Base>> seated;
  for (int i = 0; i < 10; ++i) seated.push_back(std::make_unique<Seated>());
  CHECK(Slab::totals().used_bytes == before + 10 * Seated::cell_bytes());
  seated.clear();
  CHECK(Slab::totals().used_bytes == before);
}

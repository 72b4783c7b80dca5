#include "base/heap.h"

#include <doctest/doctest.h>

#include <memory>

#include "base/heap_size.h"
#include "base/slab.h"

namespace hotline::test {
namespace {

// Sanitizers' allocators tell no figures.
constexpr bool has_figures = Slab::is_used;

TEST_CASE("heap: a block is in use while it is held, and not after" * doctest::skip(!has_figures)) {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  const std::uint64_t before = heap_figures().used_bytes;
  auto block = std::make_unique<char[]>(bytes);
  CHECK(heap_bytes(block.get()) >= bytes);
  CHECK(heap_figures().used_bytes >= before + bytes);
  block.reset();
  CHECK(heap_figures().used_bytes < before + bytes);
}

TEST_CASE("heap: trimming changes nothing that is in use" * doctest::skip(!has_figures)) {
  const auto block = std::make_unique<char[]>(100'000);
  const std::uint64_t before = heap_figures().used_bytes;
  trim_heap();
  CHECK(heap_figures().used_bytes == before);
}

TEST_CASE("heap: a node is rounded up to what the allocator has") {
  for (const std::size_t bytes : {1, 24, 25, 40, 100}) CHECK(heap_node_bytes(bytes) >= bytes);
}

}  // namespace
}  // namespace hotline::test

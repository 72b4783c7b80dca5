// What lives as long as one call: copies stay where they are until all go at once.
#include "base/arena.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hotline::test {
namespace {

TEST_CASE("arena: copies keep their place and their bytes while more are made, beyond the first block too") {
  Arena arena;
  std::vector<std::string_view> copies;
  for (int i = 0; i < 1'000; ++i) copies.push_back(arena.copy("text " + std::to_string(i)));
  const std::string large(3 * Arena::block_bytes, 'x');
  CHECK(arena.copy(large) == large);
  for (int i = 0; i < 1'000; ++i) CHECK(copies[static_cast<std::size_t>(i)] == "text " + std::to_string(i));
}

TEST_CASE("arena: no data stays no data, and empty text stays text") {
  Arena arena;
  CHECK(arena.copy({}).data() == nullptr);
  CHECK(arena.copy("").data() != nullptr);
}

TEST_CASE("arena: objects are aligned behind odd texts") {
  Arena arena;
  arena.copy("abc");
  const std::uint64_t* number = arena.copy_of(std::uint64_t{42});
  CHECK(reinterpret_cast<std::uintptr_t>(number) % alignof(std::uint64_t) == 0);
  CHECK(*number == 42);
}

TEST_CASE("arena: a reset gives the same memory out again") {
  Arena arena;
  const char* before = arena.copy("one").data();
  arena.reset();
  CHECK(arena.copy("two").data() == before);
}

}  // namespace
}  // namespace hotline::test

// Numbers of objects that come, go, go elsewhere and come back.
#include "base/slot_map.h"

#include <doctest/doctest.h>

#include <set>

namespace hotline::test {
namespace {

using Map = SlotMap<int>;

std::uint64_t add(Map& map, int value) {
  const std::uint64_t handle = map.reserve();
  map.put(handle, std::make_unique<int>(value));
  return handle;
}

TEST_CASE("slot map: a number names one object, and nothing once that has gone") {
  Map map(3);
  const std::uint64_t one = add(map, 1);
  CHECK(Map::shard_of(one) == 3);
  CHECK(*map.find(one) == 1);
  CHECK(*map.take(one) == 1);
  CHECK(map.find(one) == nullptr);
  CHECK(map.take(one) == nullptr);
  const std::uint64_t two = add(map, 2);
  CHECK(two != one);
  CHECK(map.find(one) == nullptr);
  CHECK(map.find(0) == nullptr);
  CHECK(map.size() == 1);
  CHECK(map.places() == 1);
}

TEST_CASE("slot map: an adopted object keeps its number, where its place is free and where it is not") {
  Map from(1), to(1, 1), other(2);
  const std::uint64_t one = add(from, 1), two = add(from, 2);
  const std::uint64_t own = add(to, 7);  // Has the place of `one`.
  for (const std::uint64_t handle : {two, one}) to.adopt(handle, from.take(handle));
  CHECK(*to.find(one) == 1);
  CHECK(*to.find(two) == 2);
  CHECK(*to.find(own) == 7);
  CHECK(to.size() == 3);
  CHECK(from.size() == 0);
  other.adopt(one, to.take(one));
  CHECK(*other.find(one) == 1);
  CHECK(to.find(one) == nullptr);
  from.adopt(one, other.take(one));
  CHECK(*from.find(one) == 1);
}

TEST_CASE("slot map: what was given once is not given again, whatever came and went in its place") {
  Map a(1), b(1, 1);
  std::set<std::uint64_t> given;
  for (int round = 0; round < 100; ++round) {
    const std::uint64_t of_a = add(a, round), of_b = add(b, round);
    CHECK(given.insert(of_a).second);
    CHECK(given.insert(of_b).second);
    b.adopt(of_a, a.take(of_a));
    a.adopt(of_b, b.take(of_b));
    CHECK(*b.find(of_a) == round);
    CHECK(*a.find(of_b) == round);
    if (round % 3 == 0) b.take(of_a);
    if (round % 2 == 0) a.take(of_b);
  }
}

TEST_CASE("slot map: one that is taken over whole has each object in its place") {
  Map from(1), to(1, 1);
  std::vector<std::uint64_t> handles;
  for (int i = 0; i < 1'000; ++i) handles.push_back(add(from, i));
  for (std::size_t i = handles.size(); i-- > 0;) to.adopt(handles[i], from.take(handles[i]));
  CHECK(to.places() == 1'000);
  for (int i = 0; i < 1'000; ++i) {
    CHECK(*to.find(handles[static_cast<std::size_t>(i)]) == i);
    CHECK(*to.at(static_cast<std::size_t>(i)) == i);
  }
  const std::uint64_t next = add(to, 1'000);
  CHECK(to.places() == 1'001);
  CHECK(*to.find(next) == 1'000);
}

}  // namespace
}  // namespace hotline::test

#include "push/unmap.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <string>

using namespace hotline;

namespace {

class SetClock final : public Clock {
 public:
  std::uint64_t mono_us() override { return now_us; }
  std::uint64_t wall_ms() override { return 0; }
  std::uint64_t now_us = 1'000'000;
};

// A range that was mapped a moment ago and is free now.
MappedRange freed_range() {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) * 4;
  void* const at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(at != MAP_FAILED);
  munmap(at, size);
  const auto base = reinterpret_cast<std::uintptr_t>(at);
  return {base, base + size};
}

// What /proc/self/maps says of the permissions at an address; empty: nothing is mapped there.
std::string permissions_at(std::uintptr_t address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t dash = line.find('-');
    const std::size_t space = line.find(' ');
    const auto begin = std::stoull(line.substr(0, dash), nullptr, 16);
    const auto end = std::stoull(line.substr(dash + 1, space - dash - 1), nullptr, 16);
    if (address >= begin && address < end) return line.substr(space + 1, 4);
  }
  return {};
}

}  // namespace

TEST_CASE("unmap: a freed range is held without access until its time has come") {
  SetClock clock;
  HeldRanges held(clock, 500);
  const MappedRange range = freed_range();
  REQUIRE(held.hold(range));
  CHECK(permissions_at(range.base) == "---p");
  CHECK(permissions_at(range.end - 1) == "---p");
  clock.now_us += 499'999;
  held.release_expired();
  CHECK(held.count() == 1);
  clock.now_us += 1;
  held.release_expired();
  CHECK(held.count() == 0);
  CHECK(permissions_at(range.base) != "---p");
}

TEST_CASE("unmap: a range that something else has taken is left alone") {
  SetClock clock;
  HeldRanges held(clock, 500);
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(at != MAP_FAILED);
  const auto base = reinterpret_cast<std::uintptr_t>(at);
  CHECK_FALSE(held.hold({base, base + size}));
  CHECK(permissions_at(base) == "r--p");
  munmap(at, size);
}

TEST_CASE("unmap: holding for no time holds nothing") {
  SetClock clock;
  HeldRanges held(clock, 0);
  CHECK_FALSE(held.hold(freed_range()));
  CHECK(held.count() == 0);
}

TEST_CASE("unmap: the number of held ranges is bounded, the oldest goes first") {
  SetClock clock;
  HeldRanges held(clock, 500);
  MappedRange first;
  for (std::size_t i = 0; i < HeldRanges::ranges_max + 1; ++i) {
    const MappedRange range = freed_range();
    if (i == 0) first = range;
    REQUIRE(held.hold(range));
  }
  CHECK(held.count() == HeldRanges::ranges_max);
  CHECK(permissions_at(first.base) != "---p");
}

TEST_CASE("unmap: a path that was never opened leaves no trace, the test program itself does") {
  CHECK_FALSE(look_for("/nowhere/at-all.so").any());
  std::string self(4096, '\0');
  self.resize(static_cast<std::size_t>(readlink("/proc/self/exe", self.data(), self.size())));
  CHECK(look_for(self).is_in_maps);
  CHECK_FALSE(look_for(self + "x").is_in_maps);
  CHECK_FALSE(look_for(self.substr(0, self.size() - 1)).is_in_maps);
}

TEST_CASE("unmap: a range contains what lies wholly in it") {
  const MappedRange range{0x1000, 0x3000};
  CHECK(range.contains(reinterpret_cast<const void*>(0x1000), 0x2000));
  CHECK_FALSE(range.contains(reinterpret_cast<const void*>(0x1000), 0x2001));
  CHECK_FALSE(range.contains(reinterpret_cast<const void*>(0x3000)));
  CHECK_FALSE(range.contains(reinterpret_cast<const void*>(0xfff)));
  CHECK_FALSE(range.contains(reinterpret_cast<const void*>(0x2fff), SIZE_MAX));
  CHECK_FALSE(MappedRange{}.contains(nullptr));
}

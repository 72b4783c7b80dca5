#include "base/random.h"

#include <doctest/doctest.h>

#include <array>

namespace hotline {
namespace {

TEST_CASE("random: a seed repeats itself, another seed does not") {
  SeededRandom one(7);
  SeededRandom again(7);
  SeededRandom other(8);
  const std::uint64_t first = one.next_u64();
  CHECK(again.next_u64() == first);
  CHECK(other.next_u64() != first);
  CHECK(one.next_u64() == again.next_u64());
  CHECK(one.next_u64() != first);
}

TEST_CASE("random: splitmix64's published sequence is what a seed gives") {
  SeededRandom random(1234567);  // Vigna's splitmix64.c.
  CHECK(random.next_u64() == 6457827717110365317u);
  CHECK(random.next_u64() == 3203168211198807973u);
  CHECK(random.next_u64() == 9817491932198370423u);
}

TEST_CASE("random: every byte asked for is filled, whatever the number") {
  SeededRandom random(1);
  for (std::size_t size = 0; size <= 17; ++size) {
    std::array<unsigned char, 18> bytes{};
    std::array<bool, 18> was_filled{};
    for (int round = 0; round < 20; ++round) {
      bytes.fill(0);
      random.fill({bytes.data(), size});
      for (std::size_t i = 0; i < bytes.size(); ++i) was_filled[i] = was_filled[i] || bytes[i] != 0;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) CHECK(was_filled[i] == (i < size));
  }
}

TEST_CASE("random: hexadecimal is lower case, two digits a byte") {
  SecureRandom random;
  const std::string text = random.hex(16);
  CHECK(text.size() == 32);
  CHECK(text.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(random.hex(16) != text);
  CHECK(random.hex(0).empty());
}

}  // namespace
}  // namespace hotline

#include "base/buffer.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <thread>

namespace hotline {
namespace {

TEST_CASE("buffer: holds a copy that outlives the bytes it was made from") {
  std::string source = "hello";
  const Ref<const Buffer> buffer = Buffer::copy(source);
  source = "other";
  CHECK(buffer->bytes() == "hello");
  CHECK(buffer->size() == 5);
}

TEST_CASE("buffer: two pieces become one, and either may be empty") {
  CHECK(Buffer::concat("ab", "cd")->bytes() == "abcd");
  CHECK(Buffer::concat("", "cd")->bytes() == "cd");
  CHECK(Buffer::concat("ab", "")->bytes() == "ab");
  CHECK(Buffer::copy("")->bytes().empty());
  const std::string zeros("\0\0x", 3);
  CHECK(Buffer::copy(zeros)->bytes() == zeros);
}

TEST_CASE("buffer: threads share one, and whoever is last frees it") {
  Ref<const Buffer> buffer = Buffer::copy("shared");
  std::array<std::thread, 4> threads;
  std::array<bool, 4> same{};
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i] = std::thread([&is_same = same[i], mine = buffer]() mutable {
      is_same = true;
      for (int round = 0; round < 1000; ++round) {
        const Ref<const Buffer> copy = mine;  // NOLINT: the copy is what is tested
        is_same = is_same && copy->bytes() == "shared";
      }
      mine = nullptr;
    });
  }
  buffer = nullptr;
  for (std::thread& thread : threads) thread.join();
  CHECK(same == std::array<bool, 4>{true, true, true, true});
}

}  // namespace
}  // namespace hotline

// The memory of a generation: counted, bounded, freed as a whole, and no block taken for another's.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "arena/arena.h"
#include "arena/block_owner.h"
#include "arena/segments.h"

namespace hotline::test {
namespace {

constexpr std::uint64_t plenty = std::uint64_t{1} << 30;
constexpr std::size_t page = 4096;

// How a process ends that does that.
int signal_of(void (*act)()) {
  const pid_t child = fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    ::close(STDERR_FILENO);
    act();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST_CASE("generation arena: blocks of every size and alignment are theirs alone, aligned, and counted") {
  GenerationArena arena(plenty);
  ArenaPart& part = *arena.part(3);
  struct Block {
    void* at;
    std::size_t size;
    unsigned char filled;
  };
  std::vector<Block> blocks;
  std::uint64_t bytes = 0;
  for (std::size_t alignment = 1; alignment <= GenerationArena::alignment_max; alignment *= 2)
    for (const std::size_t size : {0, 1, 8, 15, 16, 17, 40, 100, 500, 1'000, 5'000, 70'000, 300'000}) {
      void* const at = part.allocate(size, alignment);
      REQUIRE(at != nullptr);
      CHECK(reinterpret_cast<std::uintptr_t>(at) % std::max<std::size_t>(alignment, 16) == 0);
      CHECK(is_in_segments(at));
      CHECK(GenerationArena::size_of(at) == size);
      const auto filled = static_cast<unsigned char>(blocks.size());
      std::memset(at, filled, size);
      blocks.push_back({at, size, filled});
      bytes += size;
    }
  CHECK(arena.figures().bytes == bytes);
  CHECK(arena.figures().blocks == blocks.size());
  for (const Block& block : blocks) {
    bool is_whole = true;
    for (std::size_t i = 0; i < block.size; ++i)
      is_whole = is_whole && static_cast<unsigned char*>(block.at)[i] == block.filled;
    CHECK(is_whole);
    GenerationArena::free(block.at);
  }
  CHECK(arena.figures().bytes == 0);
  CHECK(arena.figures().blocks == 0);
}

TEST_CASE("generation arena: what is not of an arena is told apart") {
  const int on_stack = 0;
  const std::vector<int> on_heap(10);
  CHECK_FALSE(is_in_segments(&on_stack));
  CHECK_FALSE(is_in_segments(on_heap.data()));
  CHECK_FALSE(is_in_segments(nullptr));
  CHECK_FALSE(is_in_segments(reinterpret_cast<void*>(~std::uintptr_t{0})));
}

TEST_CASE("generation arena: what is left is freed with it") {
  void* small = nullptr;
  void* large = nullptr;
  {
    GenerationArena arena(plenty);
    small = arena.part(0)->allocate(100, 16);
    large = arena.part(GenerationArena::off_shards)->allocate(5 * segment_bytes, 16);
    CHECK(is_in_segments(small));
    CHECK(is_in_segments(static_cast<std::byte*>(large) + 4 * segment_bytes));
  }
  CHECK_FALSE(is_in_segments(small));
  CHECK_FALSE(is_in_segments(large));
  CHECK_FALSE(is_in_segments(static_cast<std::byte*>(large) + 4 * segment_bytes));
}

TEST_CASE("generation arena: a large block gives its memory back when it is freed, a small one to the next") {
  GenerationArena arena(plenty);
  ArenaPart& part = *arena.part(0);
  void* const small = part.allocate(100, 16);
  const std::uint64_t before = arena.figures().segment_bytes;
  void* const large = part.allocate(3 * segment_bytes, 16);
  CHECK(arena.figures().segment_bytes > before + 3 * segment_bytes - page);
  GenerationArena::free(large);
  CHECK(arena.figures().segment_bytes == before);
  GenerationArena::free(small);
  for (int i = 0; i < 100'000; ++i) GenerationArena::free(part.allocate(100, 16));
  CHECK(arena.figures().segment_bytes == before);
}

TEST_CASE("generation arena: nothing is allocated beyond its bound, and what was before stays good") {
  GenerationArena arena(4 * segment_bytes);
  ArenaPart& part = *arena.part(0);
  std::vector<void*> blocks;
  while (void* const block = part.allocate(1'000, 16)) {
    std::memset(block, 0xa5, 1'000);
    blocks.push_back(block);
  }
  CHECK(blocks.size() > 1'000);
  CHECK(arena.figures().refused > 0);
  CHECK(arena.figures().segment_bytes <= arena.bytes_max());
  CHECK(part.allocate(10 * segment_bytes, 16) == nullptr);
  CHECK(part.allocate(~std::size_t{0}, 16) == nullptr);
  for (void* const block : blocks) GenerationArena::free(block);
  CHECK(part.allocate(1'000, 16) != nullptr);
  CHECK(arena.figures().blocks == 1);
}

TEST_CASE("generation arena: threads share a part, and free what others allocated") {
  GenerationArena arena(plenty);
  std::vector<std::thread> threads;
  for (std::size_t number = 0; number < 3; ++number)
    threads.emplace_back([&arena] {
      std::vector<void*> blocks;
      for (std::size_t i = 0; i < 5'000; ++i) {
        blocks.push_back(arena.part(0)->allocate(16 + i % 600, 16));
        std::memset(blocks.back(), 1, 16 + i % 600);
        if (i % 3 != 0) continue;
        void* const oldest = blocks[blocks.size() / 2];
        std::swap(blocks[blocks.size() / 2], blocks.back());
        blocks.pop_back();
        std::thread([oldest] { GenerationArena::free(oldest); }).join();
        if (i > 300) break;
      }
      for (void* const block : blocks) GenerationArena::free(block);
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(arena.figures().blocks == 0);
}

TEST_CASE("generation arena: a block freed twice, or written over before it, ends the process") {
  CHECK(signal_of([] {
          GenerationArena arena(plenty);
          void* const block = arena.part(0)->allocate(50, 16);
          GenerationArena::free(block);
          GenerationArena::free(block);
        }) == SIGABRT);
  CHECK(signal_of([] {
          GenerationArena arena(plenty);
          auto* const block = static_cast<unsigned char*>(arena.part(0)->allocate(50, 16));
          std::memset(block - 8, 7, 4);
          GenerationArena::free(block);
        }) == SIGABRT);
  CHECK(signal_of([] {
          GenerationArena arena(plenty);
          GenerationArena::free(arena.part(0)->allocate(50, 16));
        }) == 0);
}

int owned_by_nobody(int seen) {
  return block_owner == nullptr ? seen : -1;
}

TEST_CASE("generation arena: within a capability memory is the process's, and after it the module's again") {
  GenerationArena arena(plenty);
  block_owner = arena.part(0);
  CHECK(host_side<owned_by_nobody>(5) == 5);
  CHECK(block_owner == arena.part(0));
  block_owner = nullptr;
}

}  // namespace
}  // namespace hotline::test

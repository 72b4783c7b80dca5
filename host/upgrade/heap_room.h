// HeapRoom: memory that the heap will need soon, asked of the kernel before anybody waits for it.
//
// A page costs its first user microseconds, and a partition's sessions have many. What is held here has its
// pages already; it is given to the heap bit by bit, so that the heap does not hand it back in between.
// Source: malloc(3) and mallopt(3), M_TRIM_THRESHOLD.
//
// Threads: the one that will use the memory, as each arena of the heap has its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace hotline {

class HeapRoom {
 public:
  HeapRoom() = default;
  explicit HeapRoom(std::uint64_t bytes);

  // One of `parts` equal parts of what there was at first; whoever asks more often gets nothing.
  void give_one_of(std::size_t parts);

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_count_ = 0, given_ = 0;
};

}  // namespace hotline

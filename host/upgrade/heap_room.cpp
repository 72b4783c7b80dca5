#include "upgrade/heap_room.h"

#include <algorithm>

namespace hotline {

namespace {

constexpr std::size_t block_bytes = 32'768;  // Below what malloc asks the kernel for apart.
constexpr std::size_t page_bytes = 4'096;

}  // namespace

HeapRoom::HeapRoom(std::uint64_t bytes) : block_count_(static_cast<std::size_t>(bytes / block_bytes)) {
  blocks_.reserve(block_count_);
  for (std::size_t i = 0; i < block_count_; ++i) {
    std::unique_ptr<char[]>& block = blocks_.emplace_back(new char[block_bytes]);
    for (std::size_t at = 0; at < block_bytes; at += page_bytes) static_cast<volatile char&>(block[at]) = 0;
  }
  std::ranges::reverse(blocks_);  // The last one lies at the heap's end, which would be handed back.
}

void HeapRoom::give_one_of(std::size_t parts) {
  ++given_;
  const std::size_t left = given_ >= parts ? 0 : block_count_ - block_count_ * given_ / parts;
  while (blocks_.size() > left) blocks_.pop_back();
}

}  // namespace hotline

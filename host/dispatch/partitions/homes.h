// Homes: which shard each partition's posts are taken by.
//
// Where a partition is at home and where it is may differ for a moment: while it moves, what is posted to it
// waits at its new home (Shard::is_here knows better). Read by any thread; written by who moves partitions.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "state/account.h"

namespace hotline {

class Homes {
 public:
  // In the other process, while the core is replaced.
  static constexpr std::uint32_t elsewhere = UINT16_MAX;

  // As a host starts: dealt out in turn.
  void deal(std::uint32_t shards) {
    for (std::uint32_t partition = 0; partition < partitions; ++partition) set(partition, partition % shards);
  }
  void leave_all() {
    for (std::uint32_t partition = 0; partition < partitions; ++partition) set(partition, elsewhere);
  }
  std::uint32_t of(std::uint32_t partition) const {
    return shards_[partition].load(std::memory_order_acquire);
  }
  void set(std::uint32_t partition, std::uint32_t shard) {
    shards_[partition].store(static_cast<std::uint16_t>(shard), std::memory_order_release);
  }

 private:
  std::array<std::atomic<std::uint16_t>, partitions> shards_{};
};

}  // namespace hotline

// FaultAllowance: the faults of one generation on one shard, and whether they are as many as it may have.
//
// Whoever counts for the host (FaultDesk) has it left then, but that takes a barrier, and what is queued
// ahead of it would fail one by one, each call as long as its hard budget. So the shard goes past the
// generation by itself until the live set is another one. Were it not to be left after all, it is called
// again after a while.
//
// Threads: the shard's.
#pragma once

#include <cstdint>

namespace hotline {

class FaultAllowance {
 public:
  // Of the last two: what `faults.window_seconds` is by default.
  static constexpr std::uint64_t window_us = 60'000'000;
  static constexpr std::uint64_t passed_over_us = 5'000'000;  // As long as a barrier may take.

  // `live_set`: the number of the one it was called in, which is never 0.
  void charge(std::uint64_t now_us, std::uint32_t live_set) {
    if (has_faulted_ && now_us - last_us_ <= window_us) used_up_in_ = live_set;
    has_faulted_ = true;
    last_us_ = now_us;
  }
  bool is_used_up_in(std::uint32_t live_set) const { return used_up_in_ == live_set; }
  bool is_passed_over(std::uint64_t now_us) const { return now_us - last_us_ <= passed_over_us; }

 private:
  bool has_faulted_ = false;
  std::uint64_t last_us_ = 0;
  std::uint32_t used_up_in_ = 0;  // 0: in none.
};

}  // namespace hotline

// CarriedPartition: a partition on its way to another process, as bytes and descriptors.
//
// The bytes say what the partition is (partition_format.h has the format); the descriptors are the sockets of
// its connections, in the order in which the bytes count them. Both are plain data: how they travel is the
// carrier's.
//
// The bytes hold TLS keys. Whoever holds them wipes them with wipe(), also where they were sent or taken;
// they are never stored, and never in a log. Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "carry/partition_format.h"

namespace hotline {

struct CarriedPartition {
  CarriedPartition() = default;
  CarriedPartition(CarriedPartition&& other) noexcept;
  CarriedPartition& operator=(CarriedPartition&& other) noexcept;
  ~CarriedPartition();

  void wipe();  // The bytes, and closes the descriptors.

  std::uint32_t partition = 0;
  std::uint64_t taken_us = 0;  // Since when nobody serves it: for who measures that. CLOCK_MONOTONIC.
  std::string bytes;
  std::vector<int> descriptors;  // Its own: duplicates, so that closing them ends no connection.
};

}  // namespace hotline

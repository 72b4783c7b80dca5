// CarriedPartition: a partition on its way to another process, as bytes and descriptors.
//
// The bytes say what the partition is (partition_format.h has the format); the descriptors are the sockets of
// its connections, in the order in which the bytes count them. Both are plain data: how they travel is the
// carrier's.
//
// The bytes hold TLS keys. Whoever holds them wipes them with wipe(), also where they were sent or taken;
// they are never stored, and never in a log. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hotline {

// The format's version. A host reads all from `min` on and can write each of them, so that what is newer can
// go back to what is older.
inline constexpr std::uint32_t carry_version = 1;
inline constexpr std::uint32_t carry_version_min = 1;

struct CarriedPartition {
  CarriedPartition() = default;
  CarriedPartition(CarriedPartition&& other) noexcept;
  CarriedPartition& operator=(CarriedPartition&& other) noexcept;
  ~CarriedPartition();  // Wipes the bytes and closes the descriptors.

  void wipe();

  std::uint32_t partition = 0;
  std::string bytes;
  std::vector<int> descriptors;  // Owned: duplicates, so that closing them ends no connection.
};

}  // namespace hotline

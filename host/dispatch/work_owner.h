// WorkOwner: whose work it was that goes on outside of the shards, for when it is known what became of it.
#pragma once

#include <cstdint>
#include <string>

namespace hotline {

struct ShardWorld;

struct WorkOwner {
  std::string account, token;
  std::uint16_t module = 0;
  std::uint32_t set = 0;

  // on_work at the account's home. Any thread.
  void tell(ShardWorld& world, std::int32_t status, std::string text) const;
};

}  // namespace hotline

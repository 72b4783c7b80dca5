// Far: the other process, while the core is replaced: what is posted to accounts that are at home there.
//
// Threads: any. What one thread gives comes in its order.
#pragma once

#include <cstdint>

#include "dispatch/post.h"

namespace hotline {

class Far {
 public:
  virtual ~Far() = default;
  // Of kind bytes, stanza, fan_out, safe, stored, work or command. One that is for no partition alone (safe,
  // whose receipts are that host's own) has `partition` UINT32_MAX.
  virtual void post(std::uint32_t partition, Post post) = 0;
  virtual bool has_room() const = 0;
};

}  // namespace hotline

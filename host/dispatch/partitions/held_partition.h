// HeldPartition: a partition that is on no shard: everything of its accounts, as it was between two turns.
//
// Nothing in it knows a shard or a loop: timers are what is left of them, links are off their loops, and what a
// shard counted of it was taken off. Within a process it goes from shard to shard as it is.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "state/account.h"
#include "state/session.h"

namespace hotline {

struct Stream;

struct HeldPartition {
  explicit HeldPartition(std::uint32_t its_number);
  ~HeldPartition();
  HeldPartition(const HeldPartition&) = delete;
  HeldPartition& operator=(const HeldPartition&) = delete;

  static constexpr std::uint64_t never = UINT64_MAX;
  struct HeldSession {
    std::unique_ptr<Session> session;
    std::uint64_t resume_left_us = never;  // Detached: how long it can still be resumed.
  };
  struct HeldStream {
    std::unique_ptr<Stream> stream;
    std::uint64_t deadline_left_us = never;
  };
  struct HeldTimer {
    std::uint16_t module = 0;
    std::string account, key;
    std::uint64_t left_us = 0;
    Ref<const Buffer> bytes;
  };

  std::size_t mailbox_entries() const;

  std::uint32_t number;
  std::uint64_t taken_us = 0;
  Accounts::Map accounts;
  std::vector<HeldSession> sessions;  // Those of an account in their order there.
  std::vector<HeldStream> streams;    // Of sessions, and of clients that are logging in.
  std::vector<HeldTimer> timers;      // Of modules.
};

}  // namespace hotline

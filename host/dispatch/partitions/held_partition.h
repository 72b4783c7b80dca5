// HeldPartition: a partition that is on no shard: everything of its accounts, as it was between two turns.
//
// Nothing in it knows a shard or a loop: timers are what is left of them, links are off their loops, and what
// a shard counted of it was taken off. Within a process it goes from shard to shard as it is.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "carry/carried_partition.h"
#include "state/accounts.h"
#include "state/session.h"

namespace hotline {

struct Stream;
struct ShardWorld;

struct HeldPartition {
  explicit HeldPartition(std::uint32_t its_number);
  ~HeldPartition();
  HeldPartition(const HeldPartition&) = delete;
  HeldPartition& operator=(const HeldPartition&) = delete;

  static constexpr std::uint64_t never = UINT64_MAX;
  struct HeldSession {
    std::unique_ptr<Session> session;
    std::uint64_t resume_left_us = never;  // Detached: how long it can still be resumed.
    bool is_cut = false;  // It came without its connection: its modules do not know that it is detached.
  };
  struct HeldStream {
    std::unique_ptr<Stream> stream;
    std::uint64_t deadline_left_us = never;
    bool is_carried = false;  // Another process has its descriptor, and its TLS is in these bytes.
    std::string tls;
  };
  struct HeldTimer {
    std::uint16_t module = 0;
    std::string account, key;
    std::uint64_t left_us = 0;
    Ref<const Buffer> bytes;
  };

  std::size_t mailbox_entries() const;

  // For another process, in the format that it reads; it stays here for unpack() to fail over there. Its
  // connections can then go on by take_back() alone. An error: nothing was changed.
  Result<CarriedPartition> pack(const ShardWorld& world, std::uint32_t version);
  // It did not go: as before.
  Result<void> take_back(const ShardWorld& world);
  // All of it is checked, no key is used; an error names what is wrong, and nothing has happened to the
  // connections of the process that it came from. Any thread.
  static Result<std::unique_ptr<HeldPartition>> unpack(CarriedPartition carried, const ShardWorld& world);

  std::uint32_t number;
  std::uint64_t taken_us = 0;
  bool is_from_far = false;    // Of another process ...
  std::uint64_t entry_id = 0;  // ... the last that it gave: ids go on from there.
  AccountSet accounts;
  std::vector<HeldSession> sessions;  // Those of an account in their order there.
  std::vector<HeldStream> streams;    // Of sessions, and of clients that are logging in.
  std::vector<HeldTimer> timers;      // Of modules.
};

}  // namespace hotline

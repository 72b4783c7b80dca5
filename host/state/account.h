// Account: what the host keeps of an addressable user: mailbox, sessions, rows.
//
// Accounts hash into 256 partitions; a partition is at home on one shard, and everything of its
// accounts is touched by that shard's thread alone. A partition is the unit that moves.
#pragma once

#include <boost/intrusive/unordered_set_hook.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/slab.h"
#include "state/mailbox.h"
#include "state/session.h"
#include "state/table.h"

namespace hotline {

inline constexpr std::uint32_t partitions = 256;

// The same in every process of every version: it says where rows are.
std::uint32_t partition_of(std::string_view bare_address);

// A place in an AccountSet.
using InAccountSet =
    boost::intrusive::unordered_set_base_hook<boost::intrusive::store_hash<true>,
                                              boost::intrusive::link_mode<boost::intrusive::normal_link>>;

struct Account final : public InSlab<Account>, public InAccountSet {
  explicit Account(std::string bare) : address(std::move(bare)) {}
  const std::string address;  // Bare.
  Mailbox mailbox;
  std::vector<Session*> sessions;  // Oldest first; owned by the shard's Sessions.
  AccountRows rows;
  std::uint32_t timers = 0;  // Of modules; see dispatch.

  const std::uint8_t partition = static_cast<std::uint8_t>(partition_of(address));

  // What an event reads of it, once it has come itself (base/prefetch.h).
  void prefetch_parts() const;

  bool is_empty() const { return sessions.empty() && mailbox.size() == 0 && rows.empty() && timers == 0; }
};

}  // namespace hotline

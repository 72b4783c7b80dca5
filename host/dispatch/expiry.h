// Expiry: what becomes of messages that no device took in time (`mailbox.ttl_days`).
//
// The module that put an entry is told, so that it can tell the sender; the entry leaves the mailbox when
// what the module did about it is safe, and not before. A crash between the two may tell a sender twice,
// never not at all. Accounts are looked at in slices, a few thousand a second.
//
// Threads: the shard's.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "state/accounts.h"
#include "state/receipt.h"

namespace hotline {

class Shard;

class Expiry {
 public:
  explicit Expiry(Shard& shard) : shard_(shard) {}

  void sweep();  // Once a second.

  // Receipts of entries whose modules have been told.
  static bool is_mine(const Receipt& receipt) { return (receipt.session & mark_bits) == mark; }
  void released(const Receipt& receipt);
  // Its partition leaves: what its module has been told of is removed where it goes.
  void leave(std::uint32_t partition);
  bool owes_nothing() const { return told_.empty(); }
  // The entry has expired, and what was to be done about it is safe.
  void remove(Account& account, MailboxEntry& entry);

 private:
  // The highest two bits of Receipt::session: a session's handle never has the first, a group of receipts has
  // it alone.
  static constexpr std::uint64_t mark = 3ull << 62;
  static constexpr std::uint64_t mark_bits = 3ull << 62;
  struct Told {
    std::string account;
    Ref<MailboxEntry> entry;    // Null once its account has left.
    std::uint64_t id = 0;       // The entry's.
    bool has_answered = false;  // The call into the module has returned, and it took the entry over.
    bool is_safe = false;
  };

  std::size_t look_at(Account& account, std::size_t entries_max);
  void read_back(Account& account);
  void tell(Account& account, MailboxEntry& entry);
  void remove(std::uint64_t number);
  bool is_due(const MailboxEntry& entry) const;

  Shard& shard_;
  std::string at_;  // The account that was looked at last; empty: begin anew.
  bool is_reading_ = false;
  std::unordered_map<std::uint64_t, Told> told_;
  std::uint64_t last_number_ = 0;
};

}  // namespace hotline

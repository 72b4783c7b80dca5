// Account: what the host keeps of an addressable user: mailbox, sessions, rows. And where all of them are.
//
// Accounts hash into 256 partitions; a partition is at home on one shard, and everything of its
// accounts is touched by that shard's thread alone. A partition is the unit that moves.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/slab.h"
#include "state/mailbox.h"
#include "state/session.h"
#include "state/table.h"

namespace hotline {

inline constexpr std::uint32_t partitions = 256;

// The same in every process of every version: it says where rows are.
std::uint32_t partition_of(std::string_view bare_address);

struct Account final : public InSlab<Account> {
  explicit Account(std::string bare) : address(std::move(bare)) {}
  const std::string address;  // Bare.
  Mailbox mailbox;
  std::vector<Session*> sessions;  // Oldest first; owned by the shard's Sessions.
  AccountRows rows;
  std::uint32_t timers = 0;  // Of modules; see dispatch.

  bool is_empty() const { return sessions.empty() && mailbox.size() == 0 && rows.empty() && timers == 0; }
};

// The accounts at home on one shard, by partition. Threads: that shard's.
class Accounts {
  // Another function than partition_of, or every table here would use one bucket in 256.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

 public:
  // Those of one partition. Keys lie in the accounts, which stay where they are in memory.
  using Map = std::unordered_map<std::string_view, std::unique_ptr<Account>, Hash, std::equal_to<>>;

  Account* find(std::string_view bare);
  Account& get(std::string_view bare);  // Makes it when it is new.
  void drop_if_empty(Account& account);
  std::size_t size() const;
  std::size_t index_bytes() const;  // Without the accounts.

  // A whole partition goes; or comes to where nothing is of it.
  Map take(std::uint32_t partition);
  void put(std::uint32_t partition, Map accounts);
  const Map& of(std::uint32_t partition) const { return by_partition_[partition]; }

  // Visits all; `visit` must not add or drop accounts.
  template <typename Visit>
  void each(Visit&& visit) {
    for (auto& partition : by_partition_)
      for (auto& [name, account] : partition) visit(*account);
  }
  // The account after that one in no order that means anything; nullptr at the end.
  Account* next(std::string_view after);

  // A walk over all accounts in parts: between two of them accounts may come and go. One that is there all
  // the while is visited at least once, one that came later perhaps not.
  struct Walk {
    std::uint32_t partition = 0;  // `partitions`: the walk has ended.
    std::size_t bucket = 0;
    std::size_t buckets =
        0;             // Of the partition, when it was begun: another number puts all in another order.
    std::string last;  // The account visited last, in `bucket`.

    bool has_ended() const { return partition == partitions; }
  };
  // The next account; nullptr where a partition ends, so that a caller gets its turn in an empty table too.
  Account* next(Walk& walk);

 private:
  std::array<Map, partitions> by_partition_;
  Account* last_ = nullptr;  // The one found last: an event asks for the same one again and again.
};

}  // namespace hotline

// Accounts: where the accounts of a shard are.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "state/account_set.h"

namespace hotline {

// The accounts at home on one shard, by partition. Threads: that shard's.
class Accounts {
 public:
  Account* find(std::string_view bare);
  void expect(Account& account) { last_ = &account; }  // find() will be asked for this one next.
  Account& get(std::string_view bare);                 // Makes it when it is new.
  AccountSet::Place place_of(std::string_view bare) {
    return by_partition_[partition_of(bare)].place_of(bare);
  }
  void drop_if_empty(Account& account);
  std::size_t size() const;
  std::size_t index_bytes() const;  // Without the accounts.

  // A whole partition goes; or comes to where nothing is of it.
  AccountSet take(std::uint32_t partition);
  void put(std::uint32_t partition, AccountSet accounts);
  AccountSet& of(std::uint32_t partition) { return by_partition_[partition]; }

  // Visits all; `visit` must not add or drop accounts.
  template <typename Visit>
  void each(Visit&& visit) {
    for (AccountSet& partition : by_partition_)
      for (Account& account : partition) visit(account);
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
  std::array<AccountSet, partitions> by_partition_;
  Account* last_ = nullptr;  // The one found last: an event asks for the same one again and again.
};

}  // namespace hotline

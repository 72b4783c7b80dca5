// FetchAhead: what the next posts will read of their accounts, asked of memory side by side before the first
// of them runs. Among many sessions nothing of it is in a cache, and each thing is found by way of the one
// before (bucket, account, its sessions, their connections), so that otherwise each would be waited for.
//
// Nothing is kept from one group of posts to the next, and nothing depends on it.
//
// Threads: the shard's.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "state/accounts.h"

namespace hotline {

class FetchAhead {
 public:
  // As many as memory answers at a time.
  static constexpr std::size_t group = 16;

  explicit FetchAhead(Accounts& accounts) : accounts_(accounts) {}

  // At most `group` addresses, then fetch().
  void add(std::string_view account) { places_.at(count_++) = accounts_.place_of(account); }
  void fetch();

 private:
  Accounts& accounts_;
  std::array<AccountSet::Place, group> places_;
  std::size_t count_ = 0;
};

}  // namespace hotline

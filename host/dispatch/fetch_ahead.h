// FetchAhead: what the next posts will read of their accounts, and the next receipts of their sessions, asked
// of memory side by side before the first of them runs. Among many sessions nothing of it is in a cache, and
// each thing is found by way of the one before (bucket, account, its sessions, their connections), so that
// otherwise each would be waited for.
//
// Nothing is kept from one group of posts to the next, and nothing depends on it.
//
// Threads: the shard's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "state/accounts.h"

namespace hotline {

class Sessions;

class FetchAhead {
 public:
  // As many as memory answers at a time.
  static constexpr std::size_t group = 16;

  FetchAhead(Accounts& accounts, const Sessions& sessions) : accounts_(accounts), sessions_(sessions) {}

  // At most `group` addresses and handles of sessions, then fetch().
  void add(std::string_view account) { places_.at(count_++) = accounts_.place_of(account); }
  void add_session(std::uint64_t handle) { handles_.at(handle_count_++) = handle; }
  void fetch();

 private:
  static constexpr std::size_t wanted_max = 2 * group;
  void want(const Session* session);

  Accounts& accounts_;
  const Sessions& sessions_;
  std::array<AccountSet::Place, group> places_;
  std::array<std::uint64_t, group> handles_{};
  std::array<const Session*, wanted_max> wanted_{};
  std::size_t count_ = 0, handle_count_ = 0, wanted_count_ = 0;
};

}  // namespace hotline

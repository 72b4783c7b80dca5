#include "state/account.h"

#include <algorithm>
#include <cstring>

#include "base/prefetch.h"

namespace hotline {

std::uint32_t partition_of(std::string_view bare_address) {
  // Eight bytes at a time, each mixed by a multiplication (the finaliser is MurmurHash3's). It is asked for
  // several times a message; its result must never change, for it says where rows are.
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;
  std::uint64_t hash = bare_address.size() * odd;
  while (!bare_address.empty()) {
    std::uint64_t word = 0;
    const std::size_t take = std::min<std::size_t>(sizeof word, bare_address.size());
    std::memcpy(&word, bare_address.data(), take);
    hash = (hash ^ word) * odd;
    hash ^= hash >> 32;
    bare_address.remove_prefix(take);
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  hash ^= hash >> 33;
  return static_cast<std::uint32_t>(hash % partitions);
}

void Account::prefetch_parts() const {
  prefetch(address.data(), address.size());
  prefetch(sessions.data(), sizeof(Session*));
  rows.prefetch_index();
}

void Session::prefetch_account() const {
  prefetch(&account);
  prefetch(address.data(), address.size());
}

}  // namespace hotline

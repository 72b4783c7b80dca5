#include "state/account.h"

namespace hotline {

std::uint32_t partition_of(std::string_view bare_address) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a, then a finaliser, because its low bits are weak.
  for (const char c : bare_address) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  hash ^= hash >> 33;
  return static_cast<std::uint32_t>(hash % partitions);
}

Account* Accounts::find(std::string_view bare) {
  Map& map = by_partition_[partition_of(bare)];
  const auto found = map.find(bare);
  return found == map.end() ? nullptr : found->second.get();
}

Account& Accounts::get(std::string_view bare) {
  Map& map = by_partition_[partition_of(bare)];
  const auto found = map.find(bare);
  if (found != map.end()) return *found->second;
  auto account = std::make_unique<Account>(std::string(bare));
  Account& made = *account;
  map.emplace(made.address, std::move(account));
  return made;
}

void Accounts::drop_if_empty(Account& account) {
  if (account.is_empty()) by_partition_[partition_of(account.address)].erase(account.address);
}

std::size_t Accounts::size() const {
  std::size_t all = 0;
  for (const Map& map : by_partition_) all += map.size();
  return all;
}

Account* Accounts::next(std::string_view after) {
  std::uint32_t partition = 0;
  Map::iterator at;
  if (!after.empty()) {
    partition = partition_of(after);
    at = by_partition_[partition].find(after);
    if (at != by_partition_[partition].end()) {
      ++at;
      if (at != by_partition_[partition].end()) return at->second.get();
    }
    ++partition;
  }
  for (; partition < partitions; ++partition)
    if (!by_partition_[partition].empty()) return by_partition_[partition].begin()->second.get();
  return nullptr;
}

}  // namespace hotline

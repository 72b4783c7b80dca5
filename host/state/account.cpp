#include "state/account.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

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

Account* Accounts::find(std::string_view bare) {
  if (last_ != nullptr && last_->address == bare) return last_;
  Map& map = by_partition_[partition_of(bare)];
  const auto found = map.find(bare);
  if (found == map.end()) return nullptr;
  last_ = found->second.get();
  return last_;
}

Account& Accounts::get(std::string_view bare) {
  if (Account* found = find(bare)) return *found;
  Map& map = by_partition_[partition_of(bare)];
  auto account = std::make_unique<Account>(std::string(bare));
  Account& made = *account;
  map.emplace(made.address, std::move(account));
  return made;
}

void Accounts::drop_if_empty(Account& account) {
  if (!account.is_empty()) return;
  if (last_ == &account) last_ = nullptr;
  by_partition_[partition_of(account.address)].erase(account.address);
}

std::size_t Accounts::size() const {
  std::size_t all = 0;
  for (const Map& map : by_partition_) all += map.size();
  return all;
}

Accounts::Map Accounts::take(std::uint32_t partition) {
  last_ = nullptr;
  return std::exchange(by_partition_[partition], Map());
}

void Accounts::put(std::uint32_t partition, Map accounts) {
  check(by_partition_[partition].empty(), "a partition is in one place");
  by_partition_[partition] = std::move(accounts);
}

Account* Accounts::next(Walk& walk) {
  if (walk.has_ended()) return nullptr;
  Map& map = by_partition_[walk.partition];
  if (walk.buckets != map.bucket_count()) {
    walk.buckets = map.bucket_count();
    walk.bucket = 0;
    walk.last.clear();
  }
  for (; !map.empty() && walk.bucket < walk.buckets; ++walk.bucket, walk.last.clear()) {
    auto at = map.begin(walk.bucket);
    const auto end = map.end(walk.bucket);
    if (!walk.last.empty()) {
      while (at != end && at->first != walk.last) ++at;
      // It was dropped meanwhile: the others of its bucket are visited again.
      at = at == end ? map.begin(walk.bucket) : std::next(at);
    }
    if (at == end) continue;
    walk.last = at->first;
    return at->second.get();
  }
  ++walk.partition;
  walk.buckets = 0;
  return nullptr;
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

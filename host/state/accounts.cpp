#include "state/accounts.h"

#include <utility>

#include "base/check.h"

namespace hotline {

Account* Accounts::find(std::string_view bare) {
  if (last_ != nullptr && last_->address == bare) return last_;
  Account* const found = by_partition_[partition_of(bare)].find(bare);
  if (found != nullptr) last_ = found;
  return found;
}

Account& Accounts::get(std::string_view bare) {
  if (Account* found = find(bare)) return *found;
  auto account = std::make_unique<Account>(std::string(bare));
  Account& made = *account;
  by_partition_[partition_of(bare)].insert(std::move(account));
  return made;
}

void Accounts::drop_if_empty(Account& account) {
  if (!account.is_empty()) return;
  if (last_ == &account) last_ = nullptr;
  by_partition_[partition_of(account.address)].erase(account);
}

std::size_t Accounts::size() const {
  std::size_t all = 0;
  for (const AccountSet& set : by_partition_) all += set.size();
  return all;
}

std::size_t Accounts::index_bytes() const {
  std::size_t bytes = 0;
  for (const AccountSet& set : by_partition_) bytes += set.index_bytes();
  return bytes;
}

AccountSet Accounts::take(std::uint32_t partition) {
  last_ = nullptr;
  return std::exchange(by_partition_[partition], AccountSet());
}

void Accounts::put(std::uint32_t partition, AccountSet accounts) {
  check(by_partition_[partition].empty(), "a partition is in one place");
  by_partition_[partition] = std::move(accounts);
}

Account* Accounts::next(Walk& walk) {
  if (walk.has_ended()) return nullptr;
  AccountSet& set = by_partition_[walk.partition];
  if (walk.buckets != set.buckets()) {
    walk.buckets = set.buckets();
    walk.bucket = 0;
    walk.last.clear();
  }
  for (; !set.empty() && walk.bucket < walk.buckets; ++walk.bucket, walk.last.clear()) {
    auto at = set.begin(walk.bucket);
    const auto end = set.end(walk.bucket);
    if (!walk.last.empty()) {
      while (at != end && at->address != walk.last) ++at;
      // It was dropped meanwhile: the others of its bucket are visited again.
      at = at == end ? set.begin(walk.bucket) : std::next(at);
    }
    if (at == end) continue;
    walk.last = at->address;
    return &*at;
  }
  ++walk.partition;
  walk.buckets = 0;
  return nullptr;
}

Account* Accounts::next(std::string_view after) {
  std::uint32_t partition = 0;
  if (!after.empty()) {
    partition = partition_of(after);
    AccountSet& set = by_partition_[partition];
    if (Account* const found = set.find(after)) {
      const auto at = std::next(set.iterator_to(*found));
      if (at != set.end()) return &*at;
    }
    ++partition;
  }
  for (; partition < partitions; ++partition)
    if (!by_partition_[partition].empty()) return &*by_partition_[partition].begin();
  return nullptr;
}

}  // namespace hotline

#include "state/account_set.h"

#include <utility>

#include "base/heap_size.h"

namespace hotline {

Account* AccountSet::find(std::string_view bare) {
  const auto found = table_.find(bare);
  return found == table_.end() ? nullptr : &*found;
}

bool AccountSet::insert(std::unique_ptr<Account> account) {
  if (!table_.insert(*account).second) return false;
  account.release();  // NOLINT(bugprone-unused-return-value): the table has it.
  if (table_.size() > buckets_.size()) {
    Buckets wider(2 * buckets_.size());
    table_.rehash(Table::bucket_traits(wider.data(), wider.size()));
    buckets_.swap(wider);
  }
  return true;
}

void AccountSet::erase(Account& account) {
  table_.erase_and_dispose(table_.iterator_to(account), std::default_delete<Account>());
}

void AccountSet::clear() {
  table_.clear_and_dispose(std::default_delete<Account>());
}

std::size_t AccountSet::index_bytes() const {
  return heap_bytes(buckets_);
}

void AccountSet::swap(AccountSet& other) noexcept {
  buckets_.swap(other.buckets_);
  table_.swap(other.table_);
}

}  // namespace hotline

// AccountSet: accounts by their address, each once.
//
// The accounts are the nodes of the hash table, with their hash: a look-up reads a bucket and the account,
// which is read next anyway. Among a million sessions each further place in memory would be one more that no
// cache has.
//
// Threads: one at a time.
#pragma once

#include <boost/intrusive/unordered_set.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "state/account.h"

namespace hotline {

class AccountSet {
  struct AddressOf {
    using type = std::string_view;
    std::string_view operator()(const Account& account) const { return account.address; }
  };
  // Another function than partition_of, or every set of one partition would use one bucket in 256.
  struct Hash {
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Table = boost::intrusive::unordered_set<
      Account, boost::intrusive::key_of_value<AddressOf>, boost::intrusive::hash<Hash>,
      boost::intrusive::equal<std::equal_to<std::string_view>>, boost::intrusive::power_2_buckets<true>,
      boost::intrusive::compare_hash<true>>;

 public:
  AccountSet() = default;
  ~AccountSet() { clear(); }
  AccountSet(AccountSet&& other) noexcept { swap(other); }
  AccountSet& operator=(AccountSet&& other) noexcept {
    swap(other);
    return *this;
  }

  Account* find(std::string_view bare);
  // One whose address is not here yet; false, and it is gone, when it is.
  bool insert(std::unique_ptr<Account> account);
  void erase(Account& account);  // Deletes it.
  void clear();

  std::size_t size() const { return table_.size(); }
  bool empty() const { return table_.empty(); }
  std::size_t index_bytes() const;  // Without the accounts.

  // In the order of the table, which each insertion may change.
  Table::iterator begin() { return table_.begin(); }
  Table::iterator end() { return table_.end(); }
  Table::const_iterator begin() const { return table_.begin(); }
  Table::const_iterator end() const { return table_.end(); }
  Table::iterator iterator_to(Account& account) { return table_.iterator_to(account); }

  // Where one of that address would be, for fetching ahead of its use.
  class Place {
   public:
    Place() = default;
    void prefetch_bucket() const { __builtin_prefetch(&set_->buckets_[bucket_]); }
    // The account there that is looked at first; only the bucket is read. Nullptr: there is none.
    const Account* first() const {
      const auto at = set_->table_.begin(bucket_);
      return at == set_->table_.end(bucket_) ? nullptr : &*at;
    }

   private:
    friend class AccountSet;
    Place(AccountSet& set, std::size_t bucket) : set_(&set), bucket_(bucket) {}
    AccountSet* set_ = nullptr;
    std::size_t bucket_ = 0;
  };
  Place place_of(std::string_view bare) { return {*this, table_.bucket(bare)}; }

  // For walks in parts.
  std::size_t buckets() const { return table_.bucket_count(); }
  Table::local_iterator begin(std::size_t bucket) { return table_.begin(bucket); }
  Table::local_iterator end(std::size_t bucket) { return table_.end(bucket); }

 private:
  static constexpr std::size_t first_buckets = 4;
  using Buckets = std::vector<Table::bucket_type>;

  void swap(AccountSet& other) noexcept;

  Buckets buckets_ = Buckets(first_buckets);
  Table table_{Table::bucket_traits(buckets_.data(), buckets_.size())};
};

}  // namespace hotline

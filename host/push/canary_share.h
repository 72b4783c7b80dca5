// CanaryShare: which accounts a candidate serves while its push is in canary.
//
// By hash of the account with a seed of the push's own, not by chance: an account stays where it is while the
// share stays, a growing share only adds accounts, and other pushes begin with others.
//
// Immutable once given to the shards; any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace hotline {

struct CanaryShare {
  static constexpr std::uint32_t whole = 10'000;  // Shares are counted in hundredths of a percent.

  std::uint64_t seed = 0;
  std::uint32_t share = 0;                   // Of `whole`.
  std::set<std::string, std::less<>> named;  // Bare addresses that are in, whatever the share.

  bool has(std::string_view account) const {
    return !account.empty() && (point(account) < share || (!named.empty() && named.contains(account)));
  }
  // Where an account stands between 0 and `whole`.
  std::uint32_t point(std::string_view account) const {
    std::uint64_t hash = 0xcbf29ce484222325 ^ seed;  // FNV-1a, then a finish that spreads the last bytes.
    for (const char c : account) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccd;
    hash ^= hash >> 33;
    return static_cast<std::uint32_t>(hash % whole);
  }
  // "5 %", "0.25 %", "100 %".
  std::string text() const;

  bool operator==(const CanaryShare&) const = default;
};

}  // namespace hotline

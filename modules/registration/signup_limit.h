// SignupLimit: how many accounts one address may make in an hour. An IPv6 /64 is one: who has an address in
// it has them all.
//
// In the instance's memory alone: it is a limit, not a record, so a push or a restart forgets it, and each
// shard counts for itself (an address reaches as many times the limit as there are shards, at most).
//
// No more than `networks_max` are remembered. For one more the oldest is forgotten, and those that have used
// up their hour after all others: anybody can come from many networks, and with them must not make room for
// one that has had its share, his own or another's.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hotline::registration {

class SignupLimit {
 public:
  static constexpr std::size_t networks_max = 10'000;

  SignupLimit() = default;
  // Its keys are in its own entries.
  SignupLimit(const SignupLimit&) = delete;
  SignupLimit& operator=(const SignupLimit&) = delete;

  // Counts one more of `address`; false when it has had `per_hour` in this hour already.
  bool take(std::string_view address, std::uint64_t now_us, std::int64_t per_hour) {
    const Hours::iterator hour = hour_of(counted_as(address), now_us);
    const bool has_room = hour->count < per_hour;
    if (has_room) ++hour->count;
    if (hour->count >= per_hour && !hour->is_used_up) {
      hour->is_used_up = true;
      used_up_.splice(used_up_.end(), others_, hour);
    }
    return has_room;
  }

  std::size_t networks() const { return by_network_.size(); }

 private:
  struct Hour {
    std::string network;
    std::uint64_t began_us = 0;
    std::int64_t count = 0;
    bool is_used_up = false;

    bool is_over(std::uint64_t now_us) const { return now_us - began_us >= 3'600'000'000; }
  };
  using Hours = std::list<Hour>;  // The oldest first.

  Hours::iterator hour_of(const std::string& network, std::uint64_t now_us) {
    if (const auto found = by_network_.find(network); found != by_network_.end()) {
      if (!found->second->is_over(now_us)) return found->second;
      forget(found->second);
    }
    // Two of each for the one that comes: those that are over go, and never all in one call.
    for (int i = 0; i < 2; ++i)
      for (Hours* hours : {&others_, &used_up_})
        if (!hours->empty() && hours->front().is_over(now_us)) forget(hours->begin());
    if (by_network_.size() >= networks_max) forget(others_.empty() ? used_up_.begin() : others_.begin());
    others_.push_back({network, now_us});
    const Hours::iterator hour = std::prev(others_.end());
    by_network_.emplace(hour->network, hour);
    return hour;
  }

  void forget(Hours::iterator hour) {
    by_network_.erase(hour->network);
    (hour->is_used_up ? used_up_ : others_).erase(hour);
  }

  static std::string counted_as(std::string_view address) {
    constexpr std::ptrdiff_t network_bytes_v6 = 8;
    std::string text(address);
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
    std::fill(bytes.begin() + network_bytes_v6, bytes.end(), 0);
    std::array<char, INET6_ADDRSTRLEN> shown{};
    inet_ntop(AF_INET6, bytes.data(), shown.data(), shown.size());
    return std::string(shown.data()) + "/64";
  }

  Hours others_, used_up_;
  std::unordered_map<std::string_view, Hours::iterator> by_network_;
};

}  // namespace hotline::registration

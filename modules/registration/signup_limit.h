// SignupLimit: how many accounts one address may make in an hour. An IPv6 /64 is one: who has an address in
// it has them all.
//
// In the instance's memory alone: it is a limit, not a record, so a push or a restart forgets it, and each
// shard counts for itself (an address reaches as many times the limit as there are shards, at most).
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hotline::registration {

class SignupLimit {
 public:
  static constexpr std::size_t addresses_max = 10'000;  // Remembered at once; at the bound all are forgotten.

  // Counts one more of `address`; false when it has had `per_hour` in this hour already.
  bool take(std::string_view address, std::uint64_t now_us, std::int64_t per_hour) {
    constexpr std::uint64_t hour_us = 3'600'000'000;
    if (by_address_.size() >= addresses_max) by_address_.clear();
    Hour& hour = by_address_[counted_as(address)];
    if (hour.count == 0 || now_us - hour.began_us >= hour_us) hour = {now_us, 0};
    if (hour.count >= per_hour) return false;
    ++hour.count;
    return true;
  }

 private:
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

  struct Hour {
    std::uint64_t began_us = 0;
    std::int64_t count = 0;
  };
  std::unordered_map<std::string, Hour> by_address_;
};

}  // namespace hotline::registration

// Admission: how many requests an address, and the network it is in, may make in an hour.
//
// Counted in rows of the volatile table "number_limits" at the home of the network's own address, so that all
// shards count together and a push forgets nothing. A network is an IPv4 /24 or an IPv6 /64. A row goes with
// its hour.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace hotline::registration {

class Admission {
 public:
  explicit Admission(const hl_host* host);

  // The account whose home counts for this peer: "192.0.2.0@network.invalid".
  static std::string network_of(std::string_view peer);

  // Counts one more at `network`'s home: this shard. 0: it may go on; else how many seconds it has to wait.
  std::uint64_t take(const std::string& network, std::string_view peer, bool is_loopback) const;

  // The time of some rows has passed. False: the timer was for something else.
  bool on_timer(const hl_timer_event& event) const;

 private:
  // Seconds to wait, or 0 and it is counted.
  std::uint64_t count(const std::string& network, std::string_view key, std::int64_t max) const;
  void forget_later(const std::string& network, std::uint64_t after_ms) const;

  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Timers timers_;
  sdk::Table limits_;
};

}  // namespace hotline::registration

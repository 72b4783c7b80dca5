// DecayingRate: how often a counter grows, as means that forget: over 1, 10 and 100 seconds.
//
// Fed with the counter itself once a second or so; the time between two readings is measured, not assumed.
#pragma once

#include <cmath>
#include <cstdint>

#include "control/protocol.h"

namespace hotline {

class DecayingRate {
 public:
  void read(std::uint64_t count, std::uint64_t now_us) {
    if (at_us_ != 0 && now_us > at_us_) {
      const double seconds = static_cast<double>(now_us - at_us_) / 1e6;
      const double per_s = static_cast<double>(count - count_) / seconds;
      const auto decay = [&](double& mean, double tau) {
        mean += (per_s - mean) * (1 - std::exp(-seconds / tau));
      };
      decay(rate_.s1, 1);
      decay(rate_.s10, 10);
      decay(rate_.s100, 100);
    }
    at_us_ = now_us;
    count_ = count;
  }
  const RateReport& rate() const { return rate_; }

 private:
  RateReport rate_;
  std::uint64_t at_us_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace hotline

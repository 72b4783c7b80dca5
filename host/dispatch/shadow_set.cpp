#include "dispatch/shadow_set.h"

#include <algorithm>
#include <utility>

#include "dispatch/live_set.h"

namespace hotline {

ShadowSet::ShadowSet(std::unique_ptr<ServingSet> set, std::shared_ptr<ShadowTally> tally)
    : set_(std::move(set)), tally_(std::move(tally)) {}

ShadowSet::~ShadowSet() = default;

bool ShadowSet::takes_part(std::uint64_t now_ns) {
  ++seen_;
  if (tally_->has_failed()) return false;
  if (last_ns_ != 0) owed_ns_ -= std::min(owed_ns_, now_ns - last_ns_);
  last_ns_ = now_ns;
  return owed_ns_ <= burst_ns * time_divisor;
}

std::uint64_t ShadowSet::take_seen() {
  return std::exchange(seen_, 0);
}

}  // namespace hotline

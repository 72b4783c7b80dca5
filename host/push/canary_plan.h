// CanaryPlan: how a push wants to go live: for how long it is shadowed first, by which shares, for how long
// each, and how long it is provisional. CanaryReport: how far it is. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "push/outcome.h"

namespace hotline {

struct CanaryPlan {
  std::vector<std::uint32_t> shares;            // Of CanaryShare::whole, growing; empty: live at once.
  std::uint64_t hold_ms = 60'000;               // Of each share.
  std::set<std::string, std::less<>> accounts;  // In from the first share on; bare addresses.
  std::optional<std::uint64_t> gate_ms;         // Provisional for so long; unset: as configured.

  std::uint64_t shadow_ms = 0;  // 0: no shadow run.
  // Of 1,000 compared events so many may differ, or the push is refused; unset: any number.
  std::optional<std::uint64_t> shadow_max;

  bool has_canary() const { return !shares.empty(); }
};

struct CanaryReport {
  std::string state;  // "none", "shadow", "canary", "paused", "provisional"
  std::vector<PushedModule> modules;
  std::string share;       // "5 %"
  std::uint64_t step = 0;  // Of `steps`, from 1.
  std::uint64_t steps = 0;
  std::uint64_t passed_ms = 0;  // Of `hold_ms`: of the shadow run, of this share, or of the closing gate.
  std::uint64_t hold_ms = 0;
  std::vector<std::string> says;  // What the shadow run or the gate found, or the gate waits for.
};

}  // namespace hotline

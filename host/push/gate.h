// Gate: whether new code does as well as the code it replaces, by the figures of both.
//
// The rule. Faults, errors and slow calls are shares of calls, and a share of a few calls says little: so
// what is compared is the Wilson score interval of each, the range in which the true share lies with a
// probability of 99.9 % (z = 3.29). The candidate fails a figure when the low end of its range is above the
// high end of the control's by more than the margin, and at least a minimum of bad calls stands behind it.
// Few calls give wide ranges, so noise does not fail a push; many bad calls of few do at once. Medians and
// 99th percentiles are compared the same way: a call is slow when it takes longer than the control's
// percentile times a factor, and longer by a minimum; more than half, or more than 1 %, of the candidate's
// calls must provably be slow. But for faults, a finding must stand in two looks on end.
// docs/decisions/0021-the-gate.md has the reasons and how often noise fails a push.
//
// One for each push that is judged. Threads: the pipeline's. No clock: whoever looks decides when.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "push/call_figures.h"

namespace hotline {

struct GateLimits {
  double z = 3.29;
  std::uint64_t calls_min = 100;  // Measured calls of the candidate before it is found good.
  std::uint64_t faults_min = 2;
  double faults_margin = 0.001;
  std::uint64_t errors_min = 10;
  double errors_margin = 0.02;
  std::uint64_t slow_min = 10;
  double time_factor = 2;
  std::uint64_t time_margin_us = 500;
  std::uint64_t queue_min = 10'000;  // Events in the shards' inboxes; below nothing is said of them.
  double queue_factor = 4;
  // More than the control has in its arena, and times what that has; and growth of the process since the push
  // began, and times what it had then: both must be exceeded.
  std::uint64_t memory_min_bytes = 64ull << 20;
  double memory_factor = 1.25;
};

// One module of the push, over the time that is looked at.
struct GateModule {
  std::string label;  // "routing 1.1.0"
  CallFigures candidate;
  std::optional<CallFigures> control;  // Unset: a module that was not there before.
};

struct GateFinding {
  std::string figure;  // "faults", "errors", "p50", "p99", "memory", "queue", "host memory"
  std::string text;    // Which module, how many, compared with what, how much was allowed.
};

struct GateVerdict {
  enum class Kind { waits, passes, fails };  // waits: too few calls to find it good.
  Kind kind = Kind::waits;
  std::vector<GateFinding> findings;  // What failed; of `waits` and `passes` what may fail in the next look.
  std::string missing;                // Of `waits`: "12 of 100 calls of routing 1.1.0".

  std::string why() const;  // What failed, all of it.
  bool has_faulted() const;
};

// How often to look while something is judged for `length_ms`.
std::uint64_t look_interval_ms(std::uint64_t length_ms);

// The range in which the share behind `count` of `all` lies.
struct ShareRange {
  double low = 0, high = 1;
};
ShareRange wilson(std::uint64_t count, std::uint64_t all, double z);

class Gate {
 public:
  // `before`: the host as it was before the push.
  Gate(GateLimits limits, HostFigures before) : limits_(limits), host_before_(before) {}

  GateVerdict look(const std::vector<GateModule>& modules, const HostFigures& host);
  const GateLimits& limits() const { return limits_; }

 private:
  void look_at(const GateModule& module, std::vector<GateFinding>& findings) const;
  void look_at(const HostFigures& host, std::vector<GateFinding>& findings) const;
  void look_at_memory(const GateModule& module, std::vector<GateFinding>& findings) const;
  void look_at_time(const GateModule& module, double share, const char* figure,
                    std::vector<GateFinding>& findings) const;

  GateLimits limits_;
  HostFigures host_before_;
  std::vector<std::string> before_;  // Figures that were found bad in the last look.
};

}  // namespace hotline

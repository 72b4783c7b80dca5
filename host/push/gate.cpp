#include "push/gate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace hotline {

namespace {

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, share < 0.1 ? "%.2f %%" : "%.1f %%", share * 100);
  return text;
}

std::string micros(std::uint64_t ns) {
  char text[32];
  const double us = static_cast<double>(ns) / 1000;
  if (us < 1000) {
    std::snprintf(text, sizeof text, "%.1f us", us);
  } else {
    std::snprintf(text, sizeof text, "%.1f ms", us / 1000);
  }
  return text;
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

std::uint64_t times(std::uint64_t amount, double factor) {
  return static_cast<std::uint64_t>(static_cast<double>(amount) * factor);
}

std::string share_text(std::uint64_t count, std::uint64_t all) {
  const double share = all == 0 ? 0 : static_cast<double>(count) / static_cast<double>(all);
  return std::to_string(count) + " of " + std::to_string(all) + " calls (" + percent(share) + ")";
}

}  // namespace

std::string GateVerdict::why() const {
  std::string text;
  for (const GateFinding& finding : findings) text += (text.empty() ? "" : "; ") + finding.text;
  return text;
}

bool GateVerdict::has_faulted() const {
  return std::ranges::any_of(findings, [](const GateFinding& finding) { return finding.figure == "faults"; });
}

std::uint64_t look_interval_ms(std::uint64_t length_ms) {
  constexpr std::uint64_t rarest_ms = 1'000;
  return std::min(rarest_ms, length_ms / 4 + 1);
}

ShareRange wilson(std::uint64_t count, std::uint64_t all, double z) {
  if (all == 0) return {0, 1};
  const double n = static_cast<double>(all);
  const double p = std::min(1.0, static_cast<double>(count) / n);
  const double middle = p + z * z / (2 * n);
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double whole = 1 + z * z / n;
  return {std::max(0.0, (middle - half) / whole), std::min(1.0, (middle + half) / whole)};
}

void Gate::look_at_time(const GateModule& module, double share, const char* figure,
                        std::vector<GateFinding>& findings) const {
  const LogHistogram::Counts& control = module.control->time_ns;
  const LogHistogram::Counts& candidate = module.candidate.time_ns;
  if (control.count() == 0) return;
  const std::uint64_t usual_ns = control.percentile(share);
  const std::uint64_t slow_ns =
      std::max(static_cast<std::uint64_t>(static_cast<double>(usual_ns) * limits_.time_factor),
               usual_ns + limits_.time_margin_us * 1000);
  const std::uint64_t slow = candidate.above(slow_ns);
  const double low = wilson(slow, candidate.count(), limits_.z).low;
  const double high = wilson(control.above(slow_ns), control.count(), limits_.z).high;
  if (slow < limits_.slow_min || low <= std::max(high, 1 - share)) return;
  findings.push_back({figure, std::string(figure) + " of a call: " + module.label + " has " +
                                  micros(candidate.percentile(share)) + " over " +
                                  std::to_string(candidate.count()) + " calls, and what it replaces " +
                                  micros(usual_ns) + " over " + std::to_string(control.count()) + "; up to " +
                                  micros(slow_ns) + " was allowed"});
}

// What code keeps that replaces other code is what that kept, and some more.
void Gate::look_at_memory(const GateModule& module, std::vector<GateFinding>& findings) const {
  const std::uint64_t usual = module.control ? module.control->memory_bytes : 0;
  const std::uint64_t allowed =
      std::max(usual + limits_.memory_min_bytes, times(usual, limits_.memory_factor));
  if (module.candidate.memory_bytes <= allowed) return;
  findings.push_back(
      {"memory", "memory: " + module.label + " has " + mebibytes(module.candidate.memory_bytes) +
                     " in its arena" +
                     (module.control ? ", and what it replaces " + mebibytes(usual) : std::string()) +
                     "; up to " + mebibytes(allowed) + " was allowed"});
}

void Gate::look_at(const GateModule& module, std::vector<GateFinding>& findings) const {
  const CallFigures& candidate = module.candidate;
  // Nothing faults as a rule: what has no control is compared with that.
  const std::uint64_t control_faults = module.control ? module.control->faults : 0;
  const double faults_usual =
      module.control ? wilson(control_faults, module.control->calls, limits_.z).high : 0;
  if (candidate.faults >= limits_.faults_min &&
      wilson(candidate.faults, candidate.calls, limits_.z).low > faults_usual + limits_.faults_margin)
    findings.push_back(
        {"faults",
         "faults: " + module.label + " had " + share_text(candidate.faults, candidate.calls) +
             (module.control ? ", and what it replaces " + share_text(control_faults, module.control->calls)
                             : std::string()) +
             "; " + percent(limits_.faults_margin) + " more was allowed"});
  look_at_memory(module, findings);
  if (!module.control) return;
  const CallFigures& control = *module.control;
  const double errors_usual = wilson(control.errors, control.measured, limits_.z).high;
  if (candidate.errors >= limits_.errors_min &&
      wilson(candidate.errors, candidate.measured, limits_.z).low > errors_usual + limits_.errors_margin)
    findings.push_back({"errors", "errors to clients: " + module.label + " had " +
                                      share_text(candidate.errors, candidate.measured) +
                                      ", and what it replaces " +
                                      share_text(control.errors, control.measured) + "; " +
                                      percent(limits_.errors_margin) + " more was allowed"});
  look_at_time(module, 0.50, "p50", findings);
  look_at_time(module, 0.99, "p99", findings);
}

// What a candidate makes the host keep, and whom it keeps waiting, is not told from what others do: the host
// is compared with itself before the push.
void Gate::look_at(const HostFigures& host, std::vector<GateFinding>& findings) const {
  const std::uint64_t queue_allowed =
      std::max(limits_.queue_min, times(host_before_.queued, limits_.queue_factor));
  if (host.queued > queue_allowed)
    findings.push_back({"queue", "queue: " + std::to_string(host.queued) +
                                     " events wait in the shards' inboxes, and before the push " +
                                     std::to_string(host_before_.queued) + "; up to " +
                                     std::to_string(queue_allowed) + " was allowed"});
  const std::uint64_t memory_allowed = std::max(host_before_.memory_bytes + limits_.memory_min_bytes,
                                                times(host_before_.memory_bytes, limits_.memory_factor));
  if (host.memory_bytes > memory_allowed)
    findings.push_back({"host memory", "host memory: the host has " + mebibytes(host.memory_bytes) +
                                           ", and before the push " + mebibytes(host_before_.memory_bytes) +
                                           "; up to " + mebibytes(memory_allowed) + " was allowed"});
}

GateVerdict Gate::look(const std::vector<GateModule>& modules, const HostFigures& host) {
  GateVerdict verdict;
  for (const GateModule& module : modules) look_at(module, verdict.findings);
  look_at(host, verdict.findings);

  std::vector<std::string> now;
  bool has_failed = false;
  for (const GateFinding& finding : verdict.findings) {
    const bool stood = std::find(before_.begin(), before_.end(), finding.figure) != before_.end();
    has_failed = has_failed || stood || finding.figure == "faults";
    now.push_back(finding.figure);
  }
  before_ = std::move(now);
  if (has_failed) {
    verdict.kind = GateVerdict::Kind::fails;
    return verdict;
  }
  // Found good once each module was called enough; one that the others of its set are called for need not be.
  std::uint64_t most = 0;
  for (const GateModule& module : modules) most = std::max(most, module.candidate.measured);
  if (most < limits_.calls_min || !verdict.findings.empty()) {
    verdict.missing =
        std::to_string(most) + " of " + std::to_string(limits_.calls_min) + " calls that are judged";
    return verdict;
  }
  verdict.kind = GateVerdict::Kind::passes;
  return verdict;
}

}  // namespace hotline

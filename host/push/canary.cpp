#include "push/canary.h"

#include <algorithm>

namespace hotline {

namespace {

// A share that too few calls came to is held for so much longer; then the push goes back: it proved nothing.
constexpr std::uint64_t wait_for_calls_ms = 600'000;

// Of the builds: a push that is tried again meets the same accounts, another one others.
std::uint64_t seed_of(const PushRun& run) {
  std::uint64_t seed = 0;
  for (const Candidate& candidate : run.candidates)
    for (const char c : candidate.report.build_id) seed = seed * 31 + static_cast<unsigned char>(c);
  return seed;
}

}  // namespace

Canary::Canary(PushRun run, CanaryPlan plan, HostFigures before, GateLimits limits, PushListener told)
    : run_(std::move(run)),
      plan_(std::move(plan)),
      gate_(limits, before),
      told_(std::move(told)),
      seed_(seed_of(run_)) {}

CanaryShare Canary::share() const {
  return {.seed = seed_, .share = plan_.shares[step_], .named = plan_.accounts};
}

void Canary::hold(std::uint64_t now_ms, LiveTarget& target, const Slots& slots) {
  const bool is_first = judged_.empty();
  if (is_first)
    for (const Candidate& candidate : run_.candidates) {
      const Slot* slot = slots.find(candidate.report.manifest->name);
      judged_.push_back({.candidate = candidate.generation.get(),
                         .control = slot == nullptr ? nullptr : slot->current(),
                         .candidate_from = {},
                         .control_from = {},
                         .control_at_begin = {}});
    }
  for (JudgedModule& module : judged_) {
    module.candidate_from = target.figures(*module.candidate);
    if (module.control == nullptr) continue;
    module.control_from = target.figures(*module.control);
    if (is_first) module.control_at_begin = module.control_from;
  }
  since_ms_ = looked_ms_ = now_ms;
  says_.clear();
  if (told_.progress) told_.progress("canary", share().text() + " of the accounts", 0);
}

bool Canary::advance() {
  if (step_ + 1 >= plan_.shares.size()) return false;
  ++step_;
  return true;
}

void Canary::go_back(const std::string& why, LiveTarget::UnderWay under_way) {
  if (!ending_) ending_ = {why, under_way};
  if (under_way == LiveTarget::UnderWay::moves_over) ending_->under_way = under_way;
}

void Canary::pause(std::uint64_t now_ms) {
  if (paused_ms_ == 0) paused_ms_ = now_ms;
}

void Canary::resume(std::uint64_t now_ms) {
  if (paused_ms_ == 0) return;
  since_ms_ += now_ms - paused_ms_;
  paused_ms_ = 0;
}

std::uint64_t Canary::held_ms(std::uint64_t now_ms) const {
  return (paused_ms_ == 0 ? now_ms : paused_ms_) - since_ms_;
}

Canary::Look Canary::look(std::uint64_t now_ms, LiveTarget& target) {
  if (now_ms - looked_ms_ < look_interval_ms(plan_.hold_ms)) return {};
  looked_ms_ = now_ms;
  std::vector<GateModule> modules;
  for (const JudgedModule& each : judged_) {
    GateModule module{.label = each.candidate->manifest().label(),
                      .candidate = target.figures(*each.candidate).since(each.candidate_from),
                      .control = std::nullopt};
    if (each.control != nullptr) {
      const CallFigures now = target.figures(*each.control);
      module.control = now.since(each.control_from);
      // With all accounts in canary the control stands still: what it did in the shares before counts.
      if (module.control->measured < gate_.limits().calls_min)
        module.control = now.since(each.control_at_begin);
      // The share may hold all who call it, from the start: then with all that the control ever did.
      if (module.control->measured < gate_.limits().calls_min) module.control = now;
    }
    modules.push_back(std::move(module));
  }
  const GateVerdict verdict = gate_.look(modules, target.host_figures());
  says_.clear();
  for (const GateFinding& finding : verdict.findings) says_.push_back(finding.text);
  if (!verdict.missing.empty()) says_.push_back(verdict.missing);
  Look look;
  if (verdict.kind == GateVerdict::Kind::fails) {
    look.next = Next::back;
    look.why = verdict.why();
    look.has_faulted = verdict.has_faulted();
    return look;
  }
  const std::uint64_t held = held_ms(now_ms);
  if (told_.progress)
    told_.progress("canary",
                   share().text() + ", " + std::to_string(held / 1000) + " s of " +
                       std::to_string(plan_.hold_ms / 1000) +
                       (says_.empty() ? std::string() : ": " + says_.front()),
                   static_cast<double>(held));
  if (paused_ms_ != 0 || held < plan_.hold_ms) return look;
  if (verdict.kind == GateVerdict::Kind::passes) {
    look.next = Next::advance;
  } else if (held > plan_.hold_ms + wait_for_calls_ms) {
    look.next = Next::back;
    look.why = "only " + verdict.missing + " came in " + std::to_string(held / 1000) +
               " s; give it a larger share, or promote it by hand";
  }
  return look;
}

CanaryReport Canary::report(std::uint64_t now_ms) const {
  CanaryReport report;
  report.state = paused_ms_ == 0 ? "canary" : "paused";
  for (const JudgedModule& each : judged_) report.modules.push_back(change_of(each.control, *each.candidate));
  report.share = share().text();
  report.step = step_ + 1;
  report.steps = plan_.shares.size();
  report.passed_ms = held_ms(now_ms);
  report.hold_ms = plan_.hold_ms;
  report.says = says_;
  if (ending_)
    report.says.insert(report.says.begin(), "it goes back when the shards come together: " + ending_->why);
  return report;
}

}  // namespace hotline

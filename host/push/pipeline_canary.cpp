// The pipeline's part in a canary: who serves a share of the accounts, and what becomes of the push.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "push/pipeline.h"
#include "push/routes.h"

namespace hotline {

namespace {

// What a set that was taken back still has to end is given so long; then its posts go to who serves the
// account.
constexpr std::uint64_t leaving_us_max = 5'000'000;

constexpr const char* no_canary = "no push is in canary; see `hotline history`";
constexpr const char* none_under_way =
    "no push is in a shadow run or in canary; what is live already, provisional or not, is taken back with "
    "`hotline rollback MODULE`; see `hotline history`";

}  // namespace

bool Pipeline::serve_beside(const LiveTarget::Serving& serving, PushOutcome& out) {
  const LiveTarget::Outcome outcome = world_.target.serve(serving);
  out.pause_us = std::max(out.pause_us, outcome.pause_us_max);
  if (!outcome.is_live) out.refusals.push_back({{}, no_barrier(world_.settings)});
  return outcome.is_live;
}

// Both sets side by side, with the present share. The error: their routes clash.
Result<LiveTarget::Serving> Pipeline::canary_serving() const {
  Result<LiveTarget::ServedSet> current = served_set(world_, {}, {});
  Result<LiveTarget::ServedSet> candidate = served_set(world_, canary_->run().candidates, {});
  if (!current || !candidate) return (current ? candidate : current).error();
  return LiveTarget::Serving{.current = *current,
                             .candidate = *candidate,
                             .share = canary_->share(),
                             .under_way = LiveTarget::UnderWay::ends_where_it_began,
                             .haste = LiveTarget::Haste::ordinary,
                             .measures_all = true};
}

bool Pipeline::serve_canary(PushOutcome& out) {
  const Result<LiveTarget::Serving> serving = canary_serving();
  if (serving) return serve_beside(*serving, out);
  out.refusals.push_back({{}, serving.error().message});
  return false;
}

PushOutcome Pipeline::begin_canary(PushRun run, const CanaryPlan& plan, const PushListener& told) {
  canary_ = std::make_unique<Canary>(std::move(run), plan, world_.target.host_figures(), world_.settings.gate,
                                     told);
  PushRun& its = canary_->run();
  const Result<void> recorded = record_converters(world_, its);
  if (!recorded)
    its.out.refusals.push_back({{}, "what a restart needs cannot be written: " + recorded.error().message});
  if (!recorded || !serve_canary(its.out)) {
    if (recorded) forget_converters(world_, its);
    PushRun failed = std::move(its);
    canary_.reset();
    return refuse(failed);
  }
  canary_->hold(mono_ms(), world_.target, world_.slots);
  PushRun begun{.by = its.by, .out = its.out};
  begun.out.kind = "canary";
  begun.out.outcome = canary_->share().text();
  begun.out.modules = canary_->report(0).modules;
  record_outcome(world_, begun);
  begun.out.kind = "push";
  begun.out.outcome = "canary";
  world_.settings.fault_point.reach(begun.out.kind, "canary");
  publish(begun.out);
  return begun.out;
}

void Pipeline::look_at_canary() {
  if (canary_->ending()) {
    take_back_canary(canary_->ending()->why, canary_->ending()->under_way);
    return;
  }
  const std::uint64_t now_ms = mono_ms();
  const Canary::Look look = canary_->look(now_ms, world_.target);
  using UnderWay = LiveTarget::UnderWay;
  if (look.next == Canary::Next::back) {
    take_back_canary("the gate failed at " + canary_->share().text() + ": " + look.why,
                     look.has_faulted ? UnderWay::moves_over : UnderWay::ends_where_it_began);
  } else if (look.next == Canary::Next::advance) {
    if (!canary_->advance()) {
      promote_canary();
      return;
    }
    PushRun step{.by = canary_->run().by};
    const Result<LiveTarget::Serving> serving = canary_serving();
    if (!serving || !serve_beside(*serving, step.out)) {
      canary_->retreat();
      if (serving)
        canary_stays(step.out.refusals.front().reason);  // The next look tries again.
      else
        take_back_canary(serving.error().message, UnderWay::ends_where_it_began);
      return;
    }
    canary_->hold(now_ms, world_.target, world_.slots);
    step.out.kind = "canary";
    step.out.outcome = canary_->share().text();
    step.out.modules = canary_->report(0).modules;
    record_outcome(world_, step);
  }
}

// What was asked of it has not come about: some shard is stuck. Both sets serve on, with the present share.
PushOutcome Pipeline::canary_stays(const std::string& why) {
  PushOutcome out = canary_->run().out;
  out.outcome = "refused";
  out.modules = canary_->report(0).modules;
  for (const Candidate& candidate : canary_->run().candidates)
    out.refusals.push_back({candidate.file, candidate.generation->manifest().label() +
                                                " stays in canary with " + canary_->share().text() + ": " +
                                                why});
  log::error("canary.stuck", {{"why", out.refusals.front().reason}});
  return out;
}

PushOutcome Pipeline::promote_canary() {
  PushRun& run = canary_->run();
  const PushOutcome before = run.out;
  if (!goes_live(run, canary_->plan(), canary_->told())) {
    const std::string why = std::exchange(run.out, before).refusals.back().reason;
    return run.has_missed ? canary_stays(why)
                          : take_back_canary(why, LiveTarget::UnderWay::ends_where_it_began);
  }
  const std::unique_ptr<Canary> done = std::move(canary_);
  PushOutcome outcome = gone_live(done->run(), done->plan(), done->told());
  if (done->told().ended) done->told().ended(outcome);
  return outcome;
}

PushOutcome Pipeline::take_back_canary(const std::string& why, LiveTarget::UnderWay under_way) {
  canary_->go_back(why, under_way);
  PushRun& run = canary_->run();
  PushRun back{.by = run.by};
  back.out.kind = run.out.kind;
  back.under_way = canary_->ending()->under_way;
  back.haste = LiveTarget::Haste::urgent;
  back.is_judged = !gates_.empty();
  // Those whose rows cannot be read without them stay, as ones that were rolled back do.
  std::vector<std::pair<Candidate*, Slot*>> converters;
  for (Candidate& candidate : run.candidates) {
    const Manifest& manifest = candidate.generation->manifest();
    Slot* slot = world_.slots.find(manifest.name);
    if (slot == nullptr || slot->current() == nullptr ||
        !manifest.writes_newer_than(slot->current()->manifest()))
      continue;
    candidate.generation->set_left(true);
    slot->resident.push_back(std::move(candidate.generation));
    converters.emplace_back(&candidate, slot);
  }
  const bool is_back = live_step(world_, back);
  if (!is_back)
    for (const auto& [candidate, slot] : converters) {
      candidate->generation = std::move(slot->resident.back());
      candidate->generation->set_left(false);
      slot->resident.pop_back();
    }
  run.out.pause_us = std::max(run.out.pause_us, back.out.pause_us);
  if (!is_back)
    return canary_stays("it is taken back (" + canary_->ending()->why + "), when the shards come together; " +
                        back.out.refusals.back().reason);

  const std::unique_ptr<Canary> done = std::move(canary_);
  run.out.outcome = "aborted";
  run.out.modules = done->report(0).modules;
  for (Candidate& candidate : run.candidates) {
    run.out.refusals.push_back(
        {candidate.file, candidate.report.manifest->label() + " taken back: " + done->ending()->why});
    if (candidate.generation != nullptr)
      leaving_.push_back({std::move(candidate.generation), world_.clock.mono_us()});
  }
  run.candidates.clear();
  run.out.took_ms = ms_since(run.begun_us);
  record_outcome(world_, run);
  retire_leaving(false);
  publish(run.out);
  if (done->told().ended) done->told().ended(run.out);
  return run.out;
}

void Pipeline::retire_leaving(bool at_once) {
  PushOutcome out;
  for (Leaving& each : leaving_) {
    const bool is_late = world_.clock.mono_us() - each.since_us > leaving_us_max;
    if (!at_once && !is_late && world_.target.is_owed(*each.generation)) continue;
    retire_generation(world_, std::move(each.generation), out);
  }
  std::erase_if(leaving_, [](const Leaving& each) { return each.generation == nullptr; });
}

void Pipeline::tick() {
  const std::lock_guard lock(mutex_);
  if (shadow_ != nullptr) {
    look_at_shadow();
  } else if (canary_ != nullptr) {
    look_at_canary();
  }
  look_at_gates();
  if (!leaving_.empty()) {
    retire_leaving(false);
    if (leaving_.empty()) publish({});
  }
}

Result<void> Pipeline::pause() {
  const std::lock_guard lock(mutex_);
  if (canary_ == nullptr) return Error{no_canary};
  canary_->pause(mono_ms());
  return {};
}

Result<void> Pipeline::resume() {
  const std::lock_guard lock(mutex_);
  if (canary_ == nullptr) return Error{no_canary};
  canary_->resume(mono_ms());
  return {};
}

Result<PushOutcome> Pipeline::promote(const PushedBy& by) {
  const std::lock_guard lock(mutex_);
  if (under_way() == nullptr) return Error{none_under_way};
  if (canary_ != nullptr && canary_->ending())
    return Error{"it is taken back, as soon as the shards come together: " + canary_->ending()->why};
  record_promotion(by);
  return shadow_ != nullptr ? end_shadow() : promote_canary();
}

// Who did not wait for the gate, and what it had said by then.
void Pipeline::record_promotion(const PushedBy& by) {
  const CanaryReport report = shadow_ != nullptr ? shadow_->report(mono_ms()) : canary_->report(mono_ms());
  PushRun decided{.by = by};
  decided.out.kind = "promote";
  decided.out.outcome = shadow_ != nullptr ? "shadow" : report.share;
  decided.out.modules = report.modules;
  for (const std::string& finding : report.says)
    decided.by.reason += (decided.by.reason.empty() ? "the gate: " : "; the gate: ") + finding;
  record_outcome(world_, decided);
  log::info("canary.promoted", {{"user", by.user}, {"share", decided.out.outcome}});
}

Result<PushOutcome> Pipeline::abort(const PushedBy& by) {
  const std::lock_guard lock(mutex_);
  if (under_way() == nullptr) return Error{none_under_way};
  return take_back("aborted by " + by.user + (by.reason.empty() ? std::string() : ": " + by.reason),
                   LiveTarget::UnderWay::ends_where_it_began);
}

PushOutcome Pipeline::take_back(const std::string& why, LiveTarget::UnderWay under_way) {
  return shadow_ != nullptr ? take_back_shadow("aborted", why) : take_back_canary(why, under_way);
}

CanaryReport Pipeline::canary() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t now_ms = mono_ms();
  if (shadow_ != nullptr) return shadow_->report(now_ms);
  if (canary_ != nullptr) return canary_->report(now_ms);
  CanaryReport report;
  report.state = gates_.empty() ? "none" : "provisional";
  if (gates_.empty()) return report;
  const Provisional& gate = gates_.back();
  for (const JudgedModule& each : gate.judged)
    report.modules.push_back(change_of(each.control, *each.candidate));
  report.share = "100 %";
  report.passed_ms = now_ms - gate.from_ms;
  report.hold_ms = gate.until_ms - gate.from_ms;
  report.says = gate.says;
  return report;
}

}  // namespace hotline

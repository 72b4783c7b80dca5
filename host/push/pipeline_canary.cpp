// The pipeline's part in a canary: who serves a share of the accounts, and what becomes of the push.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "push/pipeline.h"
#include "push/routes.h"

namespace hotline {

namespace {

// What a set that was taken back still has to end is given so long; then its posts go to who serves the
// account.
constexpr std::uint64_t leaving_us_max = 5'000'000;

constexpr const char* no_canary = "no push is in canary; see `hotline history`";
constexpr const char* none_under_way = "no push is in a shadow run or in canary; see `hotline history`";

}  // namespace

bool Pipeline::serve_beside(const LiveTarget::Serving& serving, PushOutcome& out) {
  const LiveTarget::Outcome outcome = world_.target.serve(serving);
  out.pause_us = std::max(out.pause_us, outcome.pause_us_max);
  if (!outcome.is_live) out.refusals.push_back({{}, no_barrier(world_.settings)});
  return outcome.is_live;
}

// Both sets side by side, with the present share. False: the shards did not come together.
bool Pipeline::serve_canary(PushOutcome& out) {
  Result<LiveTarget::ServedSet> current = served_set(world_, {}, {});
  Result<LiveTarget::ServedSet> candidate = served_set(world_, canary_->run().candidates, {});
  if (!current || !candidate) {
    out.refusals.push_back({{}, (current ? candidate : current).error().message});
    return false;
  }
  return serve_beside({.current = *current,
                       .candidate = *candidate,
                       .share = canary_->share(),
                       .under_way = LiveTarget::UnderWay::ends_where_it_began,
                       .haste = LiveTarget::Haste::ordinary,
                       .measures_all = true},
                      out);
}

PushOutcome Pipeline::begin_canary(PushRun run, const CanaryPlan& plan, const PushListener& told) {
  canary_ = std::make_unique<Canary>(std::move(run), plan, world_.target.host_figures(), world_.settings.gate,
                                     told);
  PushRun& its = canary_->run();
  const Result<void> recorded = record_converters(world_, its);
  if (!recorded)
    its.out.refusals.push_back({{}, "what a restart needs cannot be written: " + recorded.error().message});
  if (!recorded || !serve_canary(its.out)) {
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
    if (!serve_canary(step.out)) {
      take_back_canary(step.out.refusals.front().reason, UnderWay::ends_where_it_began);
      return;
    }
    canary_->hold(now_ms, world_.target, world_.slots);
    step.out.kind = "canary";
    step.out.outcome = canary_->share().text();
    step.out.modules = canary_->report(0).modules;
    record_outcome(world_, step);
  }
}

PushOutcome Pipeline::promote_canary() {
  const std::unique_ptr<Canary> done = std::move(canary_);
  PushOutcome outcome = finish(done->run(), done->plan(), done->told());
  if (done->told().ended) done->told().ended(outcome);
  return outcome;
}

PushOutcome Pipeline::take_back_canary(const std::string& why, LiveTarget::UnderWay under_way) {
  const std::unique_ptr<Canary> done = std::move(canary_);
  PushRun& run = done->run();
  run.out.outcome = "aborted";
  run.out.modules = done->report(0).modules;
  std::vector<std::unique_ptr<Generation>> leaving;
  for (Candidate& candidate : run.candidates) {
    run.out.refusals.push_back(
        {candidate.file, candidate.generation->manifest().label() + " taken back: " + why});
    Slot* slot = world_.slots.find(candidate.generation->manifest().name);
    // It stays, as one that was rolled back does, when its rows cannot be read without it.
    if (slot != nullptr && slot->current() != nullptr &&
        candidate.generation->manifest().writes_newer_than(slot->current()->manifest())) {
      slot->resident.push_back(std::move(candidate.generation));
    } else {
      leaving.push_back(std::move(candidate.generation));
    }
  }
  run.candidates.clear();
  run.under_way = under_way;
  run.haste = LiveTarget::Haste::urgent;
  run.is_judged = !gates_.empty();
  if (!live_step(world_, run)) {
    // Some shard is stuck. The share stays as it is until the next attempt.
    log::error("canary.stuck", {{"why", run.out.refusals.back().reason}});
  }
  for (std::unique_ptr<Generation>& generation : leaving)
    leaving_.push_back({std::move(generation), world_.clock.mono_us()});
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
  log::info("canary.promoted",
            {{"user", by.user}, {"share", shadow_ != nullptr ? "0 %" : canary_->share().text()}});
  return shadow_ != nullptr ? end_shadow() : promote_canary();
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

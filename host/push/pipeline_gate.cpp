// The pipeline's part after a push went live: until its gate closes it may go back by itself, and a restart
// comes back on what was settled before it.
#include <algorithm>

#include "base/log.h"
#include "push/pipeline.h"

namespace hotline {

void Pipeline::open_gate(PushRun& run, std::uint64_t gate_ms) {
  const std::uint64_t now_ms = mono_ms();
  Provisional gate{.number = 0,
                   .judged = {},
                   .gate = Gate(world_.settings.gate, world_.target.host_figures()),
                   .from_ms = now_ms,
                   .until_ms = now_ms + gate_ms,
                   .looked_ms = now_ms,
                   .says = {}};
  bool wrote_newer = false;
  for (const PushedModule& module : run.out.modules) {
    const Slot& slot = *world_.slots.find(module.name);
    JudgedModule judged{.candidate = slot.current(),
                        .control = slot.previous(),
                        .candidate_from = world_.target.figures(*slot.current()),
                        .control_from = {},
                        .control_at_begin = {}};
    if (judged.control != nullptr) judged.control_at_begin = world_.target.figures(*judged.control);
    wrote_newer = wrote_newer || (judged.control != nullptr &&
                                  slot.current()->manifest().writes_newer_than(judged.control->manifest()));
    // A push over one that is provisional takes it in: they are settled together, or the older never.
    for (Provisional& other : gates_)
      std::erase_if(other.judged,
                    [&](const JudgedModule& its) { return its.candidate->manifest().name == module.name; });
    gate.judged.push_back(std::move(judged));
  }
  std::erase_if(gates_, [](const Provisional& other) { return other.judged.empty(); });
  gates_.push_back(std::move(gate));
  if (!wrote_newer) return;
  // Its rows are of a schema that the version before it reads only through its code, which a restart would
  // not have loaded.
  record_running_set(world_, run);
  run.out.notes.push_back(
      "it writes a newer schema: a restart comes back on it, also before its gate has closed");
}

void Pipeline::look_at_gates() {
  const std::uint64_t now_ms = mono_ms();
  for (std::size_t i = 0; i < gates_.size();) {
    Provisional& gate = gates_[i];
    if (gate.failed) {
      go_back(i, gate.failed->why, gate.failed->has_faulted);
      return;  // The next look sees to the others.
    }
    const std::uint64_t length_ms = gate.until_ms - gate.from_ms;
    if (now_ms < gate.until_ms && now_ms - gate.looked_ms < look_interval_ms(length_ms)) {
      ++i;
      continue;
    }
    gate.looked_ms = now_ms;
    std::vector<GateModule> modules;
    for (const JudgedModule& each : gate.judged)
      modules.push_back(
          {.label = each.candidate->manifest().label(),
           .candidate = world_.target.figures(*each.candidate).since(each.candidate_from),
           .control = each.control == nullptr ? std::nullopt : std::optional(each.control_at_begin)});
    const GateVerdict verdict = gate.gate.look(modules, world_.target.host_figures());
    gate.says.clear();
    for (const GateFinding& finding : verdict.findings) gate.says.push_back(finding.text);
    if (verdict.kind == GateVerdict::Kind::fails) {
      go_back(i, verdict.why(), verdict.has_faulted());
      return;
    }
    if (now_ms < gate.until_ms) {
      ++i;
      continue;
    }
    const Provisional passed = std::move(gate);
    gates_.erase(gates_.begin() + static_cast<std::ptrdiff_t>(i));
    close_gate(passed);
  }
}

// What is live is what a restart comes back on, once no gate is open any more.
void Pipeline::close_gate(const Provisional& gate) {
  PushRun run{.by = the_host("the gate of push " + std::to_string(gate.number) + " closed")};
  run.out.kind = "gate";
  run.out.outcome = "closed";
  for (const JudgedModule& each : gate.judged)
    run.out.modules.push_back(change_of(each.candidate, *each.candidate));
  if (gates_.empty()) {
    record_running_set(world_, run);
    stop_measuring();
  }
  record_outcome(world_, run);
  publish(run.out);
}

void Pipeline::stop_measuring() {
  if (under_way() != nullptr) return;
  PushRun same;
  live_step(world_, same);
}

// Without anybody asking: each module of the push to the generation before it, all at one barrier.
bool Pipeline::go_back(std::size_t at, const std::string& why, bool has_faulted) {
  Provisional& gate = gates_[at];
  const bool is_first = !gate.failed;
  if (is_first) gate.failed = {why, has_faulted};
  if (has_faulted) gate.failed->has_faulted = true;
  PushRun run{.by = the_host("automatic: push " + std::to_string(gate.number) +
                             " taken back by itself: " + gate.failed->why)};
  run.begun_us = world_.clock.mono_us();
  run.out.kind = "rollback";
  run.out.outcome = "refused";
  run.under_way =
      gate.failed->has_faulted ? LiveTarget::UnderWay::moves_over : LiveTarget::UnderWay::ends_where_it_began;
  run.haste = LiveTarget::Haste::urgent;
  run.is_judged = gates_.size() > 1;
  const std::string first = gate.judged.front().candidate->manifest().name;
  if (under_way() != nullptr)
    take_back("push " + std::to_string(gate.number) + " before it failed its gate",
              LiveTarget::UnderWay::ends_where_it_began);
  std::vector<std::pair<Slot*, std::size_t>> moved;  // And where it was.
  for (const JudgedModule& each : gate.judged) {
    Slot* slot = world_.slots.find(each.candidate->manifest().name);
    if (slot == nullptr || slot->current() != each.candidate) continue;
    const std::optional<std::size_t> before = slot->way_back();
    if (!before) continue;
    moved.emplace_back(slot, slot->at.exchange(*before));
    run.out.modules.push_back(change_of(each.candidate, *slot->current()));
  }
  if (moved.empty()) run.out.refusals.push_back({first, "nothing before it is loaded: push what should run"});
  const bool waits_for_canary = !moved.empty() && under_way() != nullptr;
  const bool is_live = !moved.empty() && !waits_for_canary && live_step(world_, run);
  const bool goes_on = waits_for_canary || run.has_missed;
  if (!goes_on) gates_.erase(gates_.begin() + static_cast<std::ptrdiff_t>(at));
  if (is_live) {
    world_.settings.fault_point.reach(run.out.kind, "live");
    run.out.outcome = "live";
    for (const auto& [slot, from] : moved) slot->took_over_from(from);
    ++epoch_;
    if (gates_.empty()) record_running_set(world_, run);
  } else {
    for (const auto& [slot, from] : moved) slot->at = from;
    run.out.modules.clear();
  }
  if (goes_on) {
    run.out.refusals = {{first, no_barrier(world_.settings) + "; tried again until they do"}};
    log::error("rollback.stuck", {{"module", first}, {"why", no_barrier(world_.settings)}});
  }
  run.out.took_ms = ms_since(run.begun_us);
  if (goes_on && !is_first) return true;  // Told once.
  record_outcome(world_, run);
  publish(run.out);
  return is_live || goes_on;
}

// The module was rolled back: nothing of it is provisional any more.
void Pipeline::forget_gates(const std::string& module) {
  for (Provisional& gate : gates_)
    std::erase_if(gate.judged,
                  [&](const JudgedModule& its) { return its.candidate->manifest().name == module; });
  std::erase_if(gates_, [](const Provisional& gate) { return gate.judged.empty(); });
}

bool Pipeline::has_gates_beside(const std::string& module) const {
  return std::ranges::any_of(gates_, [&](const Provisional& gate) {
    return std::ranges::any_of(
        gate.judged, [&](const JudgedModule& its) { return its.candidate->manifest().name != module; });
  });
}

// After a rollback of `module`: the whole set when nothing is provisional, else the settled one with it.
void Pipeline::record_settled(PushRun& run, const std::string& module) {
  if (gates_.empty()) {
    record_running_set(world_, run);
    return;
  }
  Result<std::vector<RunningModule>> settled = world_.store.running();
  if (settled) {
    for (RunningModule& its : *settled)
      if (its.module == module) its = running_module(world_, *world_.slots.find(module));
    const Result<void> written = world_.store.set_running(*settled);
    if (written) return;
  }
  record_running_set(world_, run);
}

}  // namespace hotline

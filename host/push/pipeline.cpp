#include "push/pipeline.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace hotline {

namespace {

class Stopwatch {
 public:
  explicit Stopwatch(Clock& clock) : clock_(clock), from_us_(clock.mono_us()) {}
  double ms() const { return static_cast<double>(clock_.mono_us() - from_us_) / 1000.0; }

 private:
  Clock& clock_;
  std::uint64_t from_us_;
};

}  // namespace

Pipeline::Pipeline(LiveTarget& target, ModuleStore store, Clock& clock, const Settings& settings,
                   RecordPush record)
    : world_{.target = target,
             .trust = TrustStore(store.state_dir()),
             .blocklist = Blocklist(store.state_dir()),
             .symbols = SymbolArchive(store.state_dir(), settings.keep_symbols),
             .store = std::move(store),
             .clock = clock,
             .settings = settings,
             .record = std::move(record),
             .preflight_program = PreflightProgram::open(settings.preflight.program),
             .held = HeldRanges(clock, settings.hold_range_ms),
             .slots = {},
             .pinned = {},
             .pauses_us = {}} {
  if (settings.preflight.is_on && !world_.preflight_program)
    log::error("push.preflight", {{"why", world_.preflight_program.error().message}});
}

Pipeline::~Pipeline() = default;

bool Pipeline::take_step(const char* name, Step step, PushRun& run, const PushListener& told) {
  const Stopwatch watch(world_.clock);
  run.detail.clear();
  const bool is_done = step(world_, run);
  run.out.steps.push_back({name, watch.ms(), run.detail});
  if (told.progress) told.progress(name, run.detail, watch.ms());
  if (is_done) world_.settings.fault_point.reach(run.out.kind, name);
  return is_done;
}

namespace {

PushRun asked(const PushRequest& request) {
  PushRun run{.by = request.by, .may_be_older = request.may_be_older};
  run.out.kind = "push";
  for (const std::string& file : request.files) run.candidates.emplace_back().file = file;
  return run;
}

}  // namespace

PushRun* Pipeline::under_way() {
  return shadow_ != nullptr ? &shadow_->run() : canary_ != nullptr ? &canary_->run() : nullptr;
}

std::vector<PushedModule> Pipeline::modules_under_way() const {
  return shadow_ != nullptr   ? shadow_->report(0).modules
         : canary_ != nullptr ? canary_->report(0).modules
                              : std::vector<PushedModule>();
}

std::string Pipeline::is_taken() const {
  if (shadow_ == nullptr && canary_ == nullptr) return {};
  return "refused: " + modules_under_way().front().name +
         (shadow_ != nullptr ? " is in a shadow run" : " is in canary") +
         ", and one push goes at a time; see `hotline canary status`, then `hotline promote` or "
         "`hotline abort`";
}

bool Pipeline::is_ready(PushRun& run, const PushListener& told) {
  if (!run.beside.empty() && !take_step("restore", restore_step, run, told)) return false;
  if (!take_step("verify", verify_step, run, told)) return false;
  // What was running before was tried out when it was pushed.
  if (run.out.kind != "start" && !take_step("preflight", preflight_step, run, told)) return false;
  if (told.planned) told.planned(plan_now(run));
  return take_step("stage", stage_step, run, told);
}

PushPlan Pipeline::plan(const PushRequest& request, const PushListener& told) {
  PushRun run = asked(request);
  {
    const std::lock_guard lock(mutex_);
    if (std::string taken = is_taken(); !taken.empty()) {
      run.out.refusals.push_back({run.candidates.front().file, std::move(taken)});
      return plan_of(world_, run);
    }
  }
  if (take_step("verify", verify_step, run, told)) take_step("preflight", preflight_step, run, told);
  return plan_now(run);
}

PushPlan Pipeline::plan_now(const PushRun& run) {
  const std::lock_guard lock(mutex_);
  return plan_of(world_, run);
}

void Pipeline::settle(PushRun& run, const CanaryPlan& plan) {
  run.out.outcome = "live";
  for (const Candidate& candidate : run.candidates) {
    const Slot* slot = world_.slots.find(candidate.generation->manifest().name);
    run.out.modules.push_back(change_of(slot == nullptr ? nullptr : slot->current(), *candidate.generation));
    if (slot != nullptr && slot->is_disabled)
      run.out.notes.push_back(slot->name + " was disabled, and serves again");
  }
  world_.slots.keep(run.candidates, run.beside);
  ++epoch_;
  const std::uint64_t gate_ms = plan.gate_ms.value_or(world_.settings.gate_ms);
  if (run.out.kind == "push" && (gate_ms > 0 || !gates_.empty())) {
    open_gate(run, gate_ms);
    world_.settings.fault_point.reach(run.out.kind, "provisional");
  } else {
    record_running_set(world_, run);
    world_.settings.fault_point.reach(run.out.kind, "settle");
  }
}

// Takes back what was staged. It has served nobody.
PushOutcome Pipeline::refuse(PushRun& run, const char* outcome) {
  run.out.outcome = outcome;
  for (std::vector<Candidate>* staged : {&run.candidates, &run.beside})
    for (Candidate& candidate : *staged)
      if (candidate.generation != nullptr)
        retire_generation(world_, std::move(candidate.generation), run.out);
  run.out.took_ms = ms_since(run.begun_us);
  record_outcome(world_, run);
  publish(run.out);
  return run.out;
}

PushOutcome Pipeline::refuse(PushRun& run, const std::string& what, const std::string& reason) {
  run.out.refusals.push_back({what, reason});
  return refuse(run);
}

PushOutcome Pipeline::finish(PushRun& run, const CanaryPlan& plan, const PushListener& told) {
  return goes_live(run, plan, told) ? gone_live(run, plan, told) : refuse(run);
}

bool Pipeline::goes_live(PushRun& run, const CanaryPlan& plan, const PushListener& told) {
  const bool opens_gate = run.out.kind == "push" && plan.gate_ms.value_or(world_.settings.gate_ms) > 0;
  run.is_judged = !gates_.empty() || opens_gate;
  return take_step("live", live_step, run, told);
}

PushOutcome Pipeline::gone_live(PushRun& run, const CanaryPlan& plan, const PushListener& told) {
  run.out.took_ms = ms_since(run.begun_us);
  settle(run, plan);
  record_outcome(world_, run);
  for (Provisional& gate : gates_)
    if (gate.number == 0) gate.number = run.out.number;
  take_step(
      "retire",
      [](PushWorld& world, PushRun& its) {
        retire_step(world, its);
        return true;
      },
      run, told);
  publish(run.out);
  return run.out;
}

PushOutcome Pipeline::run(PushRun run, const CanaryPlan& plan, const PushListener& told) {
  run.begun_us = world_.clock.mono_us();
  std::uint64_t epoch = 0;
  const std::string file = run.candidates.empty() ? std::string() : run.candidates.front().file;
  {
    const std::lock_guard lock(mutex_);
    epoch = epoch_;
    if (const std::string taken = is_taken(); !taken.empty()) return refuse(run, file, taken);
  }
  const bool is_staged = is_ready(run, told);
  const std::lock_guard lock(mutex_);
  if (!is_staged) return refuse(run);
  if (epoch != epoch_)
    return refuse(
        run, file,
        "refused: what is live was changed while it was verified; see `hotline history`, then push it "
        "again");
  if (plan.shadow_ms > 0) return begin_shadow(std::move(run), plan, told);
  return go_on(std::move(run), plan, told);
}

PushOutcome Pipeline::go_on(PushRun run, const CanaryPlan& plan, const PushListener& told) {
  if (plan.has_canary()) return begin_canary(std::move(run), plan, told);
  return finish(run, plan, told);
}

PushOutcome Pipeline::push(const PushRequest& request, const PushListener& told) {
  return run(asked(request), request.canary, told);
}

PushOutcome Pipeline::rollback(const std::string& module, const std::string& to, const PushedBy& by) {
  const std::lock_guard lock(mutex_);
  return roll_back(module, to, {.by = by});
}

Result<std::size_t> Pipeline::target_of_rollback(const std::string& module, const std::string& to) {
  const Slot* its = world_.slots.find(module);
  if (its == nullptr || its->current() == nullptr)
    return Error{"no such module is live; see `hotline modules`"};
  if (its->is_disabled) return Error{disabled_hint(module)};
  if (to.empty()) {
    const std::optional<std::size_t> before = its->way_back();
    if (before) return *before;
    const std::string now = its->current()->manifest().version.text();
    if (its->at == 0) return Error{"no generation before " + now + " is loaded; push the file you want"};
    return Error{"what is loaded before " + now +
                 " was left already; push the file you want, or name one with --to (see `hotline modules`)"};
  }
  const std::size_t target = its->find(to);
  if (target >= its->resident.size())
    return Error{"version " + to +
                 " is not among the loaded generations; see `hotline modules`, or push its file"};
  const std::string& build_id = its->resident[target]->build_id();
  if (build_id == its->current()->build_id()) return Error{"version " + to + " is current already"};
  const Result<std::optional<BlockedBuild>> blocked = world_.blocklist.find(build_id);
  if (!blocked) return blocked.error();
  if (*blocked)
    return Error{"version " + to + " is blocked: " + (*blocked)->reason + "; `hotline blocklist remove " +
                 build_id.substr(0, 10) + "` first, if it is to run again"};
  return target;
}

PushOutcome Pipeline::roll_back(const std::string& module, const std::string& to, PushRun run) {
  const Stopwatch whole(world_.clock);
  PushOutcome& out = run.out;
  const std::vector<PushedModule> modules = modules_under_way();
  // To what is current beside its candidate.
  const bool ends_it = std::ranges::any_of(
      modules, [&](const PushedModule& its) { return its.name == module && (to.empty() || its.from == to); });
  // Asked before anything is taken back: a name that is none must not end somebody's canary.
  const Result<std::size_t> target = target_of_rollback(module, to);
  if (under_way() != nullptr && (target || ends_it)) {
    PushOutcome taken = take_back("taken back by `hotline rollback " + module + "` of " + run.by.user,
                                  LiveTarget::UnderWay::ends_where_it_began);
    if (ends_it) return taken;
    if (under_way() != nullptr) out.refusals = std::move(taken.refusals);
  }
  out.kind = "rollback";
  out.outcome = "refused";
  const auto end = [&] {
    out.took_ms = whole.ms();
    record_outcome(world_, run);
    publish(out);
    return out;
  };
  if (!target) {
    out.refusals.push_back({module, "rollback of " + module + " refused: " + target.error().message});
    return end();
  }
  // It serves on, and rows that its candidates wrote are read through them alone.
  if (under_way() != nullptr) return end();
  Slot* its = world_.slots.find(module);
  const std::size_t before = its->at;
  its->at = *target;
  run.haste = LiveTarget::Haste::urgent;
  run.is_judged = has_gates_beside(module);
  const bool is_live = live_step(world_, run);
  out.steps.push_back({"live", whole.ms(), {}});
  if (!is_live) {
    its->at = before;
    for (PushRefusal& refusal : out.refusals) refusal.file = module;
    return end();
  }
  its->took_over_from(before);
  forget_gates(module);
  world_.settings.fault_point.reach(out.kind, "live");
  out.outcome = "live";
  out.modules.push_back(change_of(its->resident[before].get(), *its->current()));
  ++epoch_;
  record_settled(run, module);
  return end();
}

bool Pipeline::leave(const std::string& module, const std::string& build_id, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (!go_back_from(module, build_id, reason)) return false;
  if (Result<void> added = add_to_blocklist(build_id, reason, the_host().user, true); !added)
    log::error("blocklist.not_written", {{"build_id", build_id}, {"why", added.error().message}});
  return true;
}

bool Pipeline::go_back_from(const std::string& module, const std::string& build_id,
                            const std::string& reason) {
  const auto is_it = [&](const Generation& generation) {
    return generation.manifest().name == module && generation.build_id() == build_id;
  };
  if (canary_ != nullptr && std::ranges::any_of(canary_->run().candidates, [&](const Candidate& candidate) {
        return is_it(*candidate.generation);
      })) {
    take_back_canary(reason, LiveTarget::UnderWay::moves_over);
    return true;
  }
  const Slot* const its = world_.slots.find(module);
  if (its == nullptr || its->current() == nullptr || !is_it(*its->current()) || its->previous() == nullptr ||
      its->is_disabled)
    return false;
  const auto provisional = std::ranges::find_if(gates_, [&](const Provisional& gate) {
    return std::ranges::any_of(gate.judged, [&](const JudgedModule& each) { return is_it(*each.candidate); });
  });
  if (provisional != gates_.end())
    return go_back(static_cast<std::size_t>(provisional - gates_.begin()), reason, true);
  PushRun run{.by = the_host("automatic: " + reason)};
  run.under_way = LiveTarget::UnderWay::moves_over;
  return roll_back(module, {}, std::move(run)).outcome == "live";
}

void Pipeline::publish(const PushOutcome& out) {
  std::vector<GenerationReport> reports = world_.slots.reports();
  if (const PushRun* run = under_way())
    for (const Candidate& candidate : run->candidates)
      reports.push_back(report_of(*candidate.generation, "candidate"));
  reports.insert(reports.end(), world_.pinned.begin(), world_.pinned.end());
  const bool is_live = out.outcome == "live";
  const std::lock_guard lock(reports_mutex_);
  reports_ = std::move(reports);
  is_watching_.store(under_way() != nullptr || !gates_.empty() || !leaving_.empty());
  if (out.kind == "start") return;
  if (out.outcome == "refused") ++totals_.refused;
  if (!is_live) return;
  if (out.kind == "push") ++totals_.pushes;
  if (out.kind == "rollback") ++totals_.rollbacks;
  totals_.pause_us_last = out.pause_us;
  totals_.pause_us_max = std::max(totals_.pause_us_max, out.pause_us);
}

std::vector<GenerationReport> Pipeline::generations() {
  const std::lock_guard lock(reports_mutex_);
  return reports_;
}

PipelineTotals Pipeline::totals() {
  const std::lock_guard lock(reports_mutex_);
  return totals_;
}

void Pipeline::close() {
  const std::lock_guard lock(mutex_);
  PushOutcome out;
  if (PushRun* run = under_way())
    for (Candidate& candidate : run->candidates)
      retire_generation(world_, std::move(candidate.generation), out);
  shadow_.reset();
  canary_.reset();
  retire_leaving(true);
  for (const std::unique_ptr<Slot>& slot : world_.slots)
    while (!slot->resident.empty()) {
      std::unique_ptr<Generation> generation = std::move(slot->resident.back());
      slot->resident.pop_back();
      retire_generation(world_, std::move(generation), out);
    }
  world_.slots.clear();
}

}  // namespace hotline

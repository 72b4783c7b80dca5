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

Pipeline::Pipeline(LiveTarget& target, ModuleStore store, Clock& clock, Settings settings, RecordPush record)
    : world_{.target = target,
             .trust = TrustStore(store.state_dir()),
             .blocklist = Blocklist(store.state_dir()),
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

bool Pipeline::take(const Step& step, PushRun& run, const Progress& progress) {
  const Stopwatch watch(world_.clock);
  run.detail.clear();
  const bool is_done = step.take(world_, run);
  run.out.steps.push_back({step.name, watch.ms(), run.detail});
  if (progress) progress(step.name, run.detail, watch.ms());
  return is_done;
}

bool Pipeline::take_steps(PushRun& run, const Progress& progress, const Planned& planned) {
  if (!run.beside.empty() && !take({"restore", restore_step}, run, progress)) return false;
  if (!take({"verify", verify_step}, run, progress)) return false;
  // What was running before was tried out when it was pushed.
  if (run.out.kind != "start" && !take({"preflight", preflight_step}, run, progress)) return false;
  if (planned) planned(plan_of(world_, run));
  return take({"stage", stage_step}, run, progress) && take({"live", live_step}, run, progress);
}

PushPlan Pipeline::plan(const std::vector<std::string>& files, const PushedBy& by, const Progress& progress,
                        Older older) {
  PushRun run = asked(files, by, older);
  if (take({"verify", verify_step}, run, progress)) take({"preflight", preflight_step}, run, progress);
  return plan_of(world_, run);
}

void Pipeline::settle(PushRun& run) {
  run.out.outcome = "live";
  for (const Candidate& candidate : run.candidates) {
    const Manifest& manifest = candidate.generation->manifest();
    const Slot* slot = world_.slots.find(manifest.name);
    const Generation* before = slot == nullptr ? nullptr : slot->current();
    run.out.modules.push_back({manifest.name, before == nullptr ? "" : before->manifest().version.text(),
                               manifest.version.text(), candidate.report.build_id, candidate.report.digest,
                               candidate.report.signed_by.name});
  }
  world_.slots.keep(run.candidates, run.beside);
  record_running_set(world_, run);
}

PushOutcome Pipeline::run(PushRun run, const Progress& progress, const Planned& planned) {
  const Stopwatch whole(world_.clock);
  run.out.outcome = "refused";
  const bool is_live = take_steps(run, progress, planned);
  run.out.took_ms = whole.ms();
  if (is_live) {
    settle(run);
  } else {
    for (std::vector<Candidate>* staged : {&run.candidates, &run.beside})
      for (Candidate& candidate : *staged)
        if (candidate.generation != nullptr)
          retire_generation(world_, std::move(candidate.generation), run.out);
  }
  record_outcome(world_, run);
  if (is_live) {
    const Stopwatch watch(world_.clock);
    retire_step(world_, run);
    run.out.steps.push_back({"retire", watch.ms(), {}});
    if (progress) progress("retire", {}, watch.ms());
  }
  publish(run.out);
  return std::move(run.out);
}

PushRun Pipeline::asked(const std::vector<std::string>& files, const PushedBy& by, Older older) {
  PushRun run{.candidates = {},
              .beside = {},
              .by = by,
              .may_be_older = older == Older::forced,
              .out = {},
              .detail = {}};
  run.out.kind = "push";
  for (const std::string& file : files) run.candidates.emplace_back().file = file;
  return run;
}

PushOutcome Pipeline::push(const std::vector<std::string>& files, const PushedBy& by,
                           const Progress& progress, Older older, const Planned& planned) {
  return run(asked(files, by, older), progress, planned);
}

namespace {

// A build that killed the last process is not loaded again, where there is one before it.
void leave_guilty(RunningModule& module, const std::string& guilty) {
  const StoredBuild& current = module.builds[module.at];
  if (current.build_id != guilty || module.at == 0) return;
  log::error("start.build_left", {{"module", module.module},
                                  {"version", current.version},
                                  {"build_id", current.build_id},
                                  {"back_on", module.builds[module.at - 1].version},
                                  {"why", "it was being called when the last process died"}});
  module.builds.erase(module.builds.begin() + static_cast<std::ptrdiff_t>(module.at));
  --module.at;
}

}  // namespace

Result<PushOutcome> Pipeline::start(const std::vector<std::string>& initial, const std::string& guilty) {
  Result<std::vector<RunningModule>> running = world_.store.running();
  if (!running) return running.error();
  PushRun asked{.candidates = {},
                .beside = {},
                .by = {.user = "hotlined", .uid = -1, .pid = 0, .reason = {}},
                .may_be_older = false,
                .out = {},
                .detail = {}};
  asked.out.kind = "start";
  for (RunningModule& module : *running) {
    leave_guilty(module, guilty);
    for (std::size_t i = 0; i < module.builds.size(); ++i) {
      const Result<std::string> path = world_.store.take(module.module, module.builds[i]);
      if (!path && i == module.at) return path.error();
      if (!path) {
        asked.out.notes.push_back("not loaded again beside what is live: " + path.error().message);
        continue;
      }
      Candidate& candidate = (i == module.at ? asked.candidates : asked.beside).emplace_back();
      candidate.file = *path;
      candidate.stored_path = *path;
      candidate.signed_by = module.builds[i].signed_by;
      candidate.place = i < module.at   ? Candidate::Place::older
                        : i > module.at ? Candidate::Place::newer
                                        : Candidate::Place::current;
    }
  }
  if (running->empty())
    for (const std::string& file : initial) asked.candidates.emplace_back().file = file;
  PushOutcome out = run(std::move(asked), {}, {});
  if (out.outcome == "live") return out;
  std::string why = "the modules could not be brought up:";
  for (const PushRefusal& refusal : out.refusals) why += "\n  " + refusal.reason;
  return Error{why};
}

PushOutcome Pipeline::rollback(const std::string& module, const std::string& to, const PushedBy& by) {
  const Stopwatch whole(world_.clock);
  PushRun run{.candidates = {}, .beside = {}, .by = by, .may_be_older = false, .out = {}, .detail = {}};
  PushOutcome& out = run.out;
  out.kind = "rollback";
  out.outcome = "refused";
  const auto end = [&] {
    out.took_ms = whole.ms();
    record_outcome(world_, run);
    publish(out);
    return out;
  };
  const auto refuse = [&](const std::string& reason) {
    out.refusals.push_back({module, "rollback of " + module + " refused: " + reason});
    return end();
  };
  Slot* its = world_.slots.find(module);
  if (its == nullptr || its->current() == nullptr)
    return refuse("no such module is live; see `hotline modules`");
  if (to.empty() && its->at == 0)
    return refuse("no generation before " + its->current()->manifest().version.text() +
                  " is loaded; push the file you want");
  const std::size_t target = to.empty() ? its->at - 1 : its->find(to);
  if (target >= its->resident.size())
    return refuse("version " + to +
                  " is not among the loaded generations; see `hotline modules`, or push its file");
  if (target == its->at) return refuse("version " + to + " is current already");

  const std::size_t before = its->at;
  its->at = target;
  const bool is_live = live_step(world_, run);
  out.steps.push_back({"live", whole.ms(), {}});
  if (!is_live) {
    its->at = before;
    for (PushRefusal& refusal : out.refusals) refusal.file = module;
    return end();
  }
  out.outcome = "live";
  out.modules.push_back({module, its->resident[before]->manifest().version.text(),
                         its->current()->manifest().version.text(), its->current()->build_id(),
                         its->current()->digest(), its->current()->signed_by().name});
  record_running_set(world_, run);
  return end();
}

bool Pipeline::leave(const std::string& module, const std::string& build_id, const std::string& reason) {
  const Slot* const its = world_.slots.find(module);
  if (its == nullptr || its->current() == nullptr || its->current()->build_id() != build_id ||
      its->previous() == nullptr)
    return false;
  const PushedBy host{.user = "hotlined", .uid = -1, .pid = 0, .reason = "automatic: " + reason};
  return rollback(module, {}, host).outcome == "live";
}

Result<void> Pipeline::block(const std::string& build_id, const PushedBy& by) {
  BlockedBuild build{.build_id = build_id,
                     .module = {},
                     .version = {},
                     .reason = by.reason.empty() ? "an operator's decision" : by.reason,
                     .by = by.user,
                     .wall_ms = world_.clock.wall_ms()};
  for (const std::unique_ptr<Slot>& slot : world_.slots)
    for (const std::unique_ptr<Generation>& generation : slot->resident)
      if (generation->build_id() == build_id) {
        build.module = slot->name;
        build.version = generation->manifest().version.text();
      }
  return world_.blocklist.add(build);
}

void Pipeline::publish(const PushOutcome& out) {
  std::vector<GenerationReport> reports = world_.slots.reports();
  reports.insert(reports.end(), world_.pinned.begin(), world_.pinned.end());
  const bool is_live = out.outcome == "live";
  const std::lock_guard lock(reports_mutex_);
  reports_ = std::move(reports);
  if (!is_live) ++totals_.refused;
  if (!is_live || out.kind == "start") return;
  ++(out.kind == "push" ? totals_.pushes : totals_.rollbacks);
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
  PushOutcome out;
  for (const std::unique_ptr<Slot>& slot : world_.slots)
    while (!slot->resident.empty()) {
      std::unique_ptr<Generation> generation = std::move(slot->resident.back());
      slot->resident.pop_back();
      retire_generation(world_, std::move(generation), out);
    }
  world_.slots.clear();
}

}  // namespace hotline

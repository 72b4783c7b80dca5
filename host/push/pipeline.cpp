#include "push/pipeline.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/log.h"
#include "push/routes.h"

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

struct Pipeline::Candidate {
  std::string file;  // As it was named.
  std::optional<Image> image;
  VerifyReport report;
  std::unique_ptr<Generation> generation;
  std::string stored_path;  // Of the running set at start: not stored again.
  std::string name() const { return report.manifest ? report.manifest->name : std::string(); }
};

Pipeline::Pipeline(LiveTarget& target, ModuleStore store, Clock& clock, Settings settings, Record record)
    : target_(target),
      store_(std::move(store)),
      clock_(clock),
      settings_(settings),
      record_(std::move(record)),
      held_(clock, settings.hold_range_ms) {}

Pipeline::~Pipeline() = default;

Slot* Pipeline::find(const std::string& name) {
  for (const std::unique_ptr<Slot>& slot : slots_)
    if (slot->name == name) return slot.get();
  return nullptr;
}

Slot& Pipeline::slot(const std::string& name) {
  if (Slot* found = find(name)) return *found;
  slots_.push_back(std::make_unique<Slot>());
  slots_.back()->name = name;
  return *slots_.back();
}

bool Pipeline::verify_all(std::vector<Candidate>& candidates, PushOutcome& out) {
  VerifyPolicy policy = VerifyPolicy::of_host(target_.capabilities());
  policy.stored_tables = target_.stored_tables();
  for (const std::unique_ptr<Slot>& slot : slots_)
    if (const Generation* current = slot->current())
      policy.live.push_back({&current->manifest(), current->build_id()});
  const std::size_t live_before = policy.live.size();
  for (Candidate& candidate : candidates) {
    if (!candidate.image) {
      Result<Image> image = Image::read(candidate.file);
      if (!image) {
        out.refusals.push_back({candidate.file, image.error().message});
        continue;
      }
      candidate.image = std::move(*image);
    }
    // Files of one push live together: each is verified beside those before it, in place of what they
    // replace.
    VerifyPolicy its_policy = policy;
    candidate.report = verify(*candidate.image, its_policy);
    for (const std::string& note : candidate.report.notes) out.notes.push_back(note);
    for (const std::string& refusal : candidate.report.refusals)
      out.refusals.push_back({candidate.file, refusal});
    if (!candidate.report.is_accepted()) continue;
    const Manifest& manifest = *candidate.report.manifest;
    const auto same_name = [&manifest](const LiveModule& other) {
      return other.manifest->name == manifest.name;
    };
    if (std::any_of(policy.live.begin() + static_cast<std::ptrdiff_t>(live_before), policy.live.end(),
                    same_name)) {
      out.refusals.push_back({candidate.file, manifest.label() + " refused: another file of this push is " +
                                                  manifest.name + " too; push one of them"});
      continue;
    }
    policy.live.push_back({&*candidate.report.manifest, candidate.report.build_id});
  }
  return out.refusals.empty();
}

bool Pipeline::stage_all(std::vector<Candidate>& candidates, PushOutcome& out) {
  for (Candidate& candidate : candidates) {
    const Manifest& manifest = *candidate.report.manifest;
    std::string path = candidate.stored_path;
    if (path.empty()) {
      Result<std::string> added = store_.add(*candidate.image, manifest.name, candidate.report.build_id);
      if (!added) {
        out.refusals.push_back({candidate.file, added.error().message});
        return false;
      }
      path = std::move(*added);
    }
    Result<std::unique_ptr<Generation>> loaded =
        Generation::load({.path = path,
                          .manifest = manifest,
                          .build_id = candidate.report.build_id,
                          .digest = candidate.report.digest,
                          .pins = candidate.report.pins,
                          .convert_reason = candidate.report.convert_reason});
    if (!loaded) {
      out.refusals.push_back({candidate.file, loaded.error().message});
      return false;
    }
    candidate.generation = std::move(*loaded);
    if (Result<void> staged = target_.stage(*candidate.generation); !staged) {
      out.refusals.push_back({candidate.file, staged.error().message});
      return false;
    }
  }
  return true;
}

std::vector<LiveTarget::Part> Pipeline::parts(const std::vector<Candidate>& candidates) const {
  std::vector<LiveTarget::Part> set;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    const bool is_replaced = std::any_of(
        candidates.begin(), candidates.end(),
        [&slot](const Candidate& candidate) { return candidate.generation->manifest().name == slot->name; });
    if (!is_replaced && slot->current() != nullptr) set.push_back({slot->current(), slot->newer()});
  }
  for (const Candidate& candidate : candidates) set.push_back({candidate.generation.get(), nullptr});
  return set;
}

bool Pipeline::go_live(std::vector<Candidate>& candidates, PushOutcome& out) {
  const std::vector<LiveTarget::Part> set = parts(candidates);
  std::vector<const Manifest*> manifests;
  manifests.reserve(set.size());
  for (const LiveTarget::Part& part : set) manifests.push_back(&part.generation->manifest());
  Result<RouteTable> routes = RouteTable::build(manifests);
  if (!routes) {
    out.refusals.push_back({candidates.empty() ? "" : candidates.front().file, routes.error().message});
    return false;
  }
  const LiveTarget::Outcome outcome =
      target_.go_live(set, std::make_shared<const RouteTable>(std::move(*routes)));
  out.pause_us = outcome.pause_us_max;
  if (!outcome.is_live)
    out.refusals.push_back({candidates.empty() ? "" : candidates.front().file,
                            "the shards did not come to a barrier within " +
                                std::to_string(settings_.barrier_deadline_us / 1000) +
                                " ms: one of them is stuck in a call; see `hotline status`"});
  return outcome.is_live;
}

void Pipeline::keep(std::vector<Candidate>& candidates) {
  for (Candidate& candidate : candidates) {
    Slot& its = slot(candidate.generation->manifest().name);
    // What was current until now is the way back, also when newer ones that were left stand behind it.
    if (!its.resident.empty())
      std::rotate(its.resident.begin() + static_cast<std::ptrdiff_t>(its.at),
                  its.resident.begin() + static_cast<std::ptrdiff_t>(its.at) + 1, its.resident.end());
    its.resident.push_back(std::move(candidate.generation));
    its.at = its.resident.size() - 1;
  }
}

void Pipeline::record_running(PushOutcome& out) {
  std::vector<RunningModule> set;
  for (const std::unique_ptr<Slot>& slot : slots_)
    if (const Generation* current = slot->current())
      set.push_back({slot->name, current->manifest().version.text(), current->build_id(), current->digest(),
                     store_.relative(current->path())});
  if (Result<void> written = store_.set_running(set); !written) {
    out.notes.push_back("live, but a restart would come back on the set before it: " +
                        written.error().message);
    log::error("push.running_set", {{"why", written.error().message}});
  }
}

void Pipeline::record(PushOutcome& out, const PushedBy& by) {
  nlohmann::json json = {{"outcome", out.outcome},  {"user", by.user},     {"uid", by.uid},
                         {"pid", by.pid},           {"reason", by.reason}, {"took_ms", out.took_ms},
                         {"pause_us", out.pause_us}};
  json["modules"] = nlohmann::json::array();
  for (const PushedModule& module : out.modules)
    json["modules"].push_back({{"name", module.name},
                               {"from", module.from},
                               {"to", module.to},
                               {"build_id", module.build_id},
                               {"digest", module.digest}});
  json["refusals"] = nlohmann::json::array();
  for (const PushRefusal& refusal : out.refusals)
    json["refusals"].push_back({{"file", refusal.file}, {"reason", refusal.reason}});
  Result<std::uint64_t> number =
      record_(out.kind, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (number) {
    out.number = *number;
  } else {
    out.notes.push_back("not recorded in the history: " + number.error().message);
  }
  for (const PushedModule& module : out.modules)
    if (out.outcome == "live")
      log::info(out.kind + ".live", {{"module", module.name},
                                     {"version", module.to},
                                     {"from", module.from},
                                     {"pause_us", out.pause_us},
                                     {"user", by.user}});
  for (const PushRefusal& refusal : out.refusals)
    log::warning(out.kind + ".refused", {{"file", refusal.file}, {"why", refusal.reason}, {"user", by.user}});
}

void Pipeline::retire_one(std::unique_ptr<Generation> generation, PushOutcome& out) {
  const std::string label = generation->manifest().label();
  GenerationReport report{generation->manifest().name,
                          generation->manifest().version.text(),
                          generation->build_id(),
                          "pinned",
                          generation->manifest().about,
                          {},
                          0};
  if (Result<void> unstaged = target_.unstage(*generation); !unstaged)
    out.notes.push_back(unstaged.error().message);
  const Generation::Unloading unloading = generation->unload();
  if (unloading.is_unmapped) {
    held_.hold(unloading.range);
    return;
  }
  out.notes.push_back(label + " stays mapped: " + unloading.reason);
  report.note = unloading.reason;
  const std::lock_guard lock(reports_mutex_);
  pinned_.push_back(std::move(report));
}

void Pipeline::retire(PushOutcome& out) {
  for (const std::unique_ptr<Slot>& slot : slots_) {
    while (slot->resident.size() > settings_.keep_generations) {
      const std::size_t oldest = slot->at == 0 ? 1 : 0;  // Never the current one.
      std::unique_ptr<Generation> generation = std::move(slot->resident[oldest]);
      slot->resident.erase(slot->resident.begin() + static_cast<std::ptrdiff_t>(oldest));
      if (slot->at > oldest) --slot->at;
      retire_one(std::move(generation), out);
    }
  }
  held_.release_expired();
  std::set<std::string> in_use;
  for (const std::unique_ptr<Slot>& slot : slots_)
    for (const std::unique_ptr<Generation>& generation : slot->resident) in_use.insert(generation->path());
  if (Result<std::size_t> removed = store_.remove_unused(in_use); !removed)
    out.notes.push_back(removed.error().message);
}

PushOutcome Pipeline::run(std::vector<Candidate> candidates, const std::string& kind, const PushedBy& by,
                          const Progress& progress) {
  const Stopwatch whole(clock_);
  PushOutcome out;
  out.kind = kind;
  out.outcome = "refused";
  const auto step = [&](const char* name, bool (Pipeline::*act)(std::vector<Candidate>&, PushOutcome&)) {
    const Stopwatch watch(clock_);
    const bool done = (this->*act)(candidates, out);
    out.steps.push_back({name, watch.ms()});
    if (progress) progress(name, {}, watch.ms());
    return done;
  };
  const bool is_live = step("verify", &Pipeline::verify_all) && step("stage", &Pipeline::stage_all) &&
                       step("live", &Pipeline::go_live);
  out.took_ms = whole.ms();
  if (!is_live) {
    for (Candidate& candidate : candidates)
      if (candidate.generation != nullptr) retire_one(std::move(candidate.generation), out);
  } else {
    out.outcome = "live";
    for (const Candidate& candidate : candidates) {
      const Manifest& manifest = candidate.generation->manifest();
      const Slot* slot = find(manifest.name);
      const Generation* before = slot == nullptr ? nullptr : slot->current();
      out.modules.push_back({manifest.name, before == nullptr ? "" : before->manifest().version.text(),
                             manifest.version.text(), candidate.report.build_id, candidate.report.digest});
    }
    keep(candidates);
    record_running(out);
  }
  record(out, by);
  if (is_live) {
    const Stopwatch watch(clock_);
    retire(out);
    out.steps.push_back({"retire", watch.ms()});
    if (progress) progress("retire", {}, watch.ms());
  }
  {
    const std::lock_guard lock(reports_mutex_);
    if (!is_live) ++totals_.refused;
    if (is_live && kind == "push") {
      ++totals_.pushes;
      totals_.pause_us_last = out.pause_us;
      totals_.pause_us_max = std::max(totals_.pause_us_max, out.pause_us);
    }
  }
  refresh_reports();
  return out;
}

PushOutcome Pipeline::push(const std::vector<std::string>& files, const PushedBy& by,
                           const Progress& progress) {
  std::vector<Candidate> candidates;
  for (const std::string& file : files) {
    candidates.emplace_back();
    candidates.back().file = file;
  }
  return run(std::move(candidates), "push", by, progress);
}

Result<PushOutcome> Pipeline::start(const std::vector<std::string>& initial) {
  Result<std::vector<RunningModule>> running = store_.running();
  if (!running) return running.error();
  std::vector<Candidate> candidates;
  for (const RunningModule& module : *running) {
    Result<std::string> path = store_.take(module);
    if (!path) return path.error();
    candidates.emplace_back();
    candidates.back().file = *path;
    candidates.back().stored_path = *path;
  }
  if (running->empty())
    for (const std::string& file : initial) {
      candidates.emplace_back();
      candidates.back().file = file;
    }
  PushOutcome out =
      run(std::move(candidates), "start", {.user = "hotlined", .uid = -1, .pid = 0, .reason = {}}, {});
  if (out.outcome == "live") return out;
  std::string why = "the modules could not be brought up:";
  for (const PushRefusal& refusal : out.refusals) why += "\n  " + refusal.reason;
  return Error{why};
}

PushOutcome Pipeline::rollback(const std::string& module, const std::string& to, const PushedBy& by) {
  const Stopwatch whole(clock_);
  PushOutcome out;
  out.kind = "rollback";
  out.outcome = "refused";
  Slot* its = find(module);
  const auto refuse = [&](std::string reason) {
    out.refusals.push_back({module, "rollback of " + module + " refused: " + std::move(reason)});
    record(out, by);
    {
      const std::lock_guard lock(reports_mutex_);
      ++totals_.refused;
    }
    return out;
  };
  if (its == nullptr || its->current() == nullptr)
    return refuse("no such module is live; see `hotline modules`");
  std::size_t target = to.empty() ? its->at - 1 : its->find(to);
  if (to.empty() && its->at == 0)
    return refuse("no generation before " + its->current()->manifest().version.text() +
                  " is loaded; push the file you want");
  if (target >= its->resident.size())
    return refuse("version " + to +
                  " is not among the loaded generations; see `hotline modules`, or push its file");
  if (target == its->at) return refuse("version " + to + " is current already");

  const std::size_t before = its->at;
  its->at = target;
  std::vector<Candidate> none;
  const bool is_live = go_live(none, out);
  out.steps.push_back({"live", whole.ms()});
  out.took_ms = whole.ms();
  if (!is_live) {
    its->at = before;
    for (PushRefusal& refusal : out.refusals) refusal.file = module;
  } else {
    out.outcome = "live";
    out.modules.push_back({module, its->resident[before]->manifest().version.text(),
                           its->current()->manifest().version.text(), its->current()->build_id(),
                           its->current()->digest()});
    record_running(out);
  }
  record(out, by);
  {
    const std::lock_guard lock(reports_mutex_);
    if (is_live) {
      ++totals_.rollbacks;
      totals_.pause_us_last = out.pause_us;
      totals_.pause_us_max = std::max(totals_.pause_us_max, out.pause_us);
    } else {
      ++totals_.refused;
    }
  }
  refresh_reports();
  return out;
}

void Pipeline::refresh_reports() {
  std::vector<GenerationReport> reports;
  for (const std::unique_ptr<Slot>& slot : slots_)
    for (std::size_t i = slot->resident.size(); i > 0; --i) {
      const Generation& generation = *slot->resident[i - 1];
      const char* state = i - 1 == slot->at ? "current" : i == slot->at ? "previous" : "resident";
      reports.push_back({slot->name,
                         generation.manifest().version.text(),
                         generation.build_id(),
                         state,
                         generation.manifest().about,
                         {},
                         0});
    }
  const std::lock_guard lock(reports_mutex_);
  reports_ = std::move(reports);
}

std::vector<GenerationReport> Pipeline::generations() {
  const std::lock_guard lock(reports_mutex_);
  std::vector<GenerationReport> all = reports_;
  all.insert(all.end(), pinned_.begin(), pinned_.end());
  return all;
}

PipelineTotals Pipeline::totals() {
  const std::lock_guard lock(reports_mutex_);
  return totals_;
}

void Pipeline::close() {
  PushOutcome out;
  for (const std::unique_ptr<Slot>& slot : slots_)
    while (!slot->resident.empty()) {
      std::unique_ptr<Generation> generation = std::move(slot->resident.back());
      slot->resident.pop_back();
      retire_one(std::move(generation), out);
    }
  slots_.clear();
}

}  // namespace hotline

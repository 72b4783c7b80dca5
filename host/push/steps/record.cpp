#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "push/steps/steps.h"

namespace hotline {

namespace {

StoredBuild stored_build(const PushWorld& world, const Generation& generation) {
  return {generation.manifest().version.text(),    generation.build_id(),  generation.digest(),
          world.store.relative(generation.path()), generation.signed_by(), generation.was_left()};
}

}  // namespace

RunningModule running_module(const PushWorld& world, const Slot& slot) {
  RunningModule module{.module = slot.name, .builds = {}, .at = slot.at, .is_disabled = slot.is_disabled};
  for (const std::unique_ptr<Generation>& generation : slot.resident)
    module.builds.push_back(stored_build(world, *generation));
  return module;
}

Result<void> record_converters(PushWorld& world, const PushRun& run) {
  Result<std::vector<RunningModule>> set = world.store.running();
  if (!set) return set.error();
  bool has_more = false;
  for (const Candidate& candidate : run.candidates) {
    const Manifest& manifest = candidate.generation->manifest();
    const Slot* const slot = world.slots.find(manifest.name);
    if (slot == nullptr || slot->current() == nullptr ||
        !manifest.writes_newer_than(slot->current()->manifest()))
      continue;
    StoredBuild build = stored_build(world, *candidate.generation);
    build.was_left = true;  // It converts; what is live does not come to it by going back.
    for (RunningModule& its : *set) {
      if (its.module != manifest.name || std::ranges::find(its.builds, build) != its.builds.end()) continue;
      its.builds.push_back(build);
      has_more = true;
    }
  }
  return has_more ? world.store.set_running(*set) : Result<void>();
}

void forget_converters(PushWorld& world, const PushRun& run) {
  Result<std::vector<RunningModule>> set = world.store.running();
  std::size_t forgotten = 0;
  if (set)
    for (const Candidate& candidate : run.candidates)
      for (RunningModule& its : *set)
        forgotten += std::erase_if(its.builds, [path = world.store.relative(candidate.generation->path())](
                                                   const StoredBuild& build) { return build.path == path; });
  const Result<void> written = !set            ? set.error()
                               : forgotten > 0 ? world.store.set_running(*set)
                                               : Result<void>();
  // A restart loads one more than it needs.
  if (!written) log::error("push.running_set", {{"why", written.error().message}});
}

void record_running_set(PushWorld& world, PushRun& run) {
  std::vector<RunningModule> set;
  for (const std::unique_ptr<Slot>& slot : world.slots)
    if (slot->current() != nullptr) set.push_back(running_module(world, *slot));
  if (Result<void> written = world.store.set_running(set); !written) {
    run.out.notes.push_back("live, but a restart would come back on the set before it: " +
                            written.error().message);
    log::error("push.running_set", {{"why", written.error().message}});
  }
}

void record_outcome(PushWorld& world, PushRun& run) {
  const PushedBy& by = run.by;
  PushOutcome& out = run.out;
  nlohmann::json json = {{"outcome", out.outcome},  {"user", by.user},     {"uid", by.uid},
                         {"pid", by.pid},           {"reason", by.reason}, {"took_ms", out.took_ms},
                         {"pause_us", out.pause_us}};
  json["modules"] = nlohmann::json::array();
  for (const PushedModule& module : out.modules)
    json["modules"].push_back({{"name", module.name},
                               {"from", module.from},
                               {"to", module.to},
                               {"build_id", module.build_id},
                               {"digest", module.digest},
                               {"signer", module.signer}});
  json["steps"] = nlohmann::json::array();
  for (const PushStep& step : out.steps)
    json["steps"].push_back({{"name", step.name}, {"ms", step.ms}, {"detail", step.detail}});
  json["refusals"] = nlohmann::json::array();
  for (const PushRefusal& refusal : out.refusals)
    json["refusals"].push_back({{"file", refusal.file}, {"reason", refusal.reason}});
  Result<std::uint64_t> number =
      world.record(out.kind, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (number) {
    out.number = *number;
  } else {
    out.notes.push_back("not recorded in the history: " + number.error().message);
  }
  world.settings.fault_point.reach(out.kind, "record");
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

}  // namespace hotline

#include <algorithm>

#include "push/routes.h"
#include "push/steps/steps.h"

namespace hotline {

namespace {
constexpr std::size_t pauses_kept_max = 16;
}  // namespace

Result<LiveTarget::ServedSet> served_set(const PushWorld& world, const std::vector<Candidate>& candidates,
                                         const std::vector<Candidate>& beside) {
  LiveTarget::ServedSet set{.parts = world.slots.parts(candidates, beside), .routes = {}};
  std::vector<const Manifest*> manifests;
  manifests.reserve(set.parts.size());
  std::vector<ModuleIndex> disabled;
  for (const LiveTarget::Part& part : set.parts) {
    if (part.is_disabled) disabled.push_back(static_cast<ModuleIndex>(manifests.size()));
    manifests.push_back(&part.generation->manifest());
  }
  Result<RouteTable> routes = RouteTable::build(manifests, disabled);
  if (!routes) return routes.error();
  set.routes = std::make_shared<const RouteTable>(std::move(*routes));
  return set;
}

std::string no_barrier(const PushSettings& settings) {
  return "the shards did not come to a barrier within " +
         std::to_string(settings.barrier_deadline_us / 1000) +
         " ms: one of them is stuck in a call; see `hotline status`";
}

bool live_step(PushWorld& world, PushRun& run) {
  PushOutcome& out = run.out;
  const std::string file = run.candidates.empty() ? std::string() : run.candidates.front().file;
  Result<LiveTarget::ServedSet> set = served_set(world, run.candidates, run.beside);
  if (!set) {
    out.refusals.push_back({file, set.error().message});
    return false;
  }
  world.settings.fault_point.reach(out.kind, "barrier");
  const LiveTarget::Outcome outcome = world.target.serve({.current = std::move(*set),
                                                          .candidate = {},
                                                          .share = {},
                                                          .under_way = run.under_way,
                                                          .haste = run.haste,
                                                          .measures_all = run.is_judged});
  out.pause_us = std::max(out.pause_us, outcome.pause_us_max);  // A canary had its own before.
  if (outcome.is_live && out.kind != "start") {
    world.pauses_us.push_back(outcome.pause_us_max);
    if (world.pauses_us.size() > pauses_kept_max) world.pauses_us.pop_front();
  }
  run.has_missed = !outcome.is_live;
  if (run.has_missed) out.refusals.push_back({file, no_barrier(world.settings)});
  return outcome.is_live;
}

}  // namespace hotline

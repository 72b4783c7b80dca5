#include <algorithm>

#include "push/routes.h"
#include "push/steps/steps.h"

namespace hotline {

namespace {
constexpr std::size_t pauses_kept_max = 16;
}  // namespace

bool live_step(PushWorld& world, PushRun& run) {
  std::vector<Candidate>& candidates = run.candidates;
  PushOutcome& out = run.out;
  const std::vector<LiveTarget::Part> set = world.slots.parts(candidates, run.beside);
  std::vector<const Manifest*> manifests;
  manifests.reserve(set.size());
  for (const LiveTarget::Part& part : set) manifests.push_back(&part.generation->manifest());
  Result<RouteTable> routes = RouteTable::build(manifests);
  if (!routes) {
    out.refusals.push_back({candidates.empty() ? "" : candidates.front().file, routes.error().message});
    return false;
  }
  world.settings.fault_point.reach(out.kind, "barrier");
  const LiveTarget::Outcome outcome = world.target.serve(
      {.current = {.parts = set, .routes = std::make_shared<const RouteTable>(std::move(*routes))},
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
  if (!outcome.is_live)
    out.refusals.push_back({candidates.empty() ? "" : candidates.front().file,
                            "the shards did not come to a barrier within " +
                                std::to_string(world.settings.barrier_deadline_us / 1000) +
                                " ms: one of them is stuck in a call; see `hotline status`"});
  return outcome.is_live;
}

}  // namespace hotline

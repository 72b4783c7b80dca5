#include <set>

#include "push/steps/steps.h"

namespace hotline {

void retire_generation(PushWorld& world, std::unique_ptr<Generation> generation, PushOutcome& out) {
  const std::string label = generation->manifest().label();
  GenerationReport report = report_of(*generation, "pinned");
  if (Result<void> unstaged = world.target.unstage(*generation); !unstaged)
    out.notes.push_back(unstaged.error().message);
  const Generation::Unloading unloading = generation->unload();
  if (unloading.left.blocks > 0)
    out.notes.push_back(
        label + " had not freed " + std::to_string(unloading.left.bytes) + " bytes in " +
        std::to_string(unloading.left.blocks) + " blocks: " +
        (unloading.is_freed ? "they were freed with its arena" : "they stay, for code that is still mapped"));
  if (unloading.is_unmapped) {
    world.held.hold(unloading.range);
    return;
  }
  out.notes.push_back(label + " stays mapped: " + unloading.reason);
  report.note = unloading.reason;
  world.pinned.push_back(std::move(report));
}

void retire_step(PushWorld& world, PushRun& run) {
  for (const std::unique_ptr<Slot>& slot : world.slots) {
    const Generation* const converting = slot->newer_than(slot->current()->manifest());
    const Generation* const before = slot->previous();  // A gate may be looking at it.
    for (std::size_t at = 0;
         slot->resident.size() > world.settings.keep_generations && at < slot->resident.size();) {
      const Generation* const its = slot->resident[at].get();
      if (at == slot->at || its == before || its == converting) {
        ++at;
        continue;
      }
      std::unique_ptr<Generation> generation = std::move(slot->resident[at]);
      slot->resident.erase(slot->resident.begin() + static_cast<std::ptrdiff_t>(at));
      if (slot->at > at) --slot->at;
      retire_generation(world, std::move(generation), run.out);
    }
  }
  world.settings.fault_point.reach(run.out.kind, "unload");
  world.held.release_expired();
  std::set<std::string> in_use;
  for (const std::unique_ptr<Slot>& slot : world.slots)
    for (const std::unique_ptr<Generation>& generation : slot->resident) in_use.insert(generation->path());
  if (Result<std::size_t> removed = world.store.remove_unused(in_use); !removed)
    run.out.notes.push_back(removed.error().message);
}

}  // namespace hotline

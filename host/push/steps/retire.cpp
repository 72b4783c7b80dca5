#include <set>

#include "push/steps/steps.h"

namespace hotline {

void retire_generation(PushWorld& world, std::unique_ptr<Generation> generation, PushOutcome& out) {
  const std::string label = generation->manifest().label();
  GenerationReport report{generation->manifest().name,  generation->manifest().version.text(),
                          generation->build_id(),       "pinned",
                          generation->manifest().about, {},
                          generation->signed_by().name, 0, generation->charged()};
  if (Result<void> unstaged = world.target.unstage(*generation); !unstaged)
    out.notes.push_back(unstaged.error().message);
  const Generation::Unloading unloading = generation->unload();
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
    while (slot->resident.size() > world.settings.keep_generations) {
      const std::size_t oldest = slot->at == 0 ? 1 : 0;  // Never the current one.
      std::unique_ptr<Generation> generation = std::move(slot->resident[oldest]);
      slot->resident.erase(slot->resident.begin() + static_cast<std::ptrdiff_t>(oldest));
      if (slot->at > oldest) --slot->at;
      retire_generation(world, std::move(generation), run.out);
    }
  }
  world.held.release_expired();
  std::set<std::string> in_use;
  for (const std::unique_ptr<Slot>& slot : world.slots)
    for (const std::unique_ptr<Generation>& generation : slot->resident) in_use.insert(generation->path());
  if (Result<std::size_t> removed = world.store.remove_unused(in_use); !removed)
    run.out.notes.push_back(removed.error().message);
}

}  // namespace hotline

#include <optional>
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

namespace {

// The one to go next, of a slot that keeps `keep`: one that was left before one that is a way back, and the
// oldest of these first; nothing: all may stay. What only converts rows stays beside what is kept.
std::optional<std::size_t> next_to_go(const Slot& slot, std::size_t keep) {
  const Generation* const converting = slot.newer_than(slot.current()->manifest());
  const Generation* const before = slot.previous();  // A gate may be looking at it.
  std::size_t kept = 0;
  std::optional<std::size_t> oldest, left;
  for (std::size_t i = slot.resident.size(); i > 0; --i) {
    const Generation* const its = slot.resident[i - 1].get();
    if (its == converting && its->was_left()) continue;
    ++kept;
    if (i - 1 == slot.at || its == before || its == converting) continue;
    (its->was_left() ? left : oldest) = i - 1;
  }
  if (kept <= keep) return std::nullopt;
  return left ? left : oldest;
}

}  // namespace

void retire_step(PushWorld& world, PushRun& run) {
  for (const std::unique_ptr<Slot>& slot : world.slots)
    while (const std::optional<std::size_t> next = next_to_go(*slot, world.settings.keep_generations)) {
      std::unique_ptr<Generation> generation = std::move(slot->resident[*next]);
      slot->resident.erase(slot->resident.begin() + static_cast<std::ptrdiff_t>(*next));
      if (slot->at > *next) --slot->at;
      retire_generation(world, std::move(generation), run.out);
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

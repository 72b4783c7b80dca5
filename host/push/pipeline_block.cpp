// The pipeline's part in blocking a build: what is loaded of it stays, and who blocks it is told what that
// means for a start.
#include <algorithm>

#include "push/pipeline.h"

namespace hotline {

namespace {

// What is provisional is not yet what a start comes back on, unless it has raised a schema.
bool starts_with(const ModuleStore& store, const std::string& module, const std::string& build_id) {
  const Result<std::vector<RunningModule>> set = store.running();
  return set && std::ranges::any_of(*set, [&](const RunningModule& its) {
           return its.module == module && its.builds[its.at].build_id == build_id;
         });
}

}  // namespace

Result<std::string> Pipeline::block(const std::string& build_id, const PushedBy& by) {
  const std::lock_guard lock(mutex_);
  const Result<void> added =
      add_to_blocklist(build_id, by.reason.empty() ? "an operator's decision" : by.reason, by.user, false);
  if (!added) return added.error();
  for (const std::unique_ptr<Slot>& slot : world_.slots)
    for (const std::unique_ptr<Generation>& generation : slot->resident)
      if (generation->build_id() == build_id) generation->set_left(true);  // Once it is not current any more.
  return needed_at_start(build_id);
}

std::string Pipeline::needed_at_start(const std::string& build_id) {
  const auto is_it = [&](const Generation* generation) {
    return generation != nullptr && generation->build_id() == build_id;
  };
  if (PushRun* run = under_way())
    for (const Candidate& candidate : run->candidates) {
      if (!is_it(candidate.generation.get())) continue;
      const Manifest& manifest = candidate.generation->manifest();
      const Slot* const slot = world_.slots.find(manifest.name);
      const bool wrote_newer = canary_ != nullptr && slot != nullptr && slot->current() != nullptr &&
                               manifest.writes_newer_than(slot->current()->manifest());
      return manifest.label() + " is in " + (canary_ != nullptr ? "canary" : "a shadow run") +
             ", and goes on: " + (wrote_newer ? "as it writes a newer schema, a" : "once it is live, a") +
             " start of the host is refused; `hotline abort` first";
    }
  for (const std::unique_ptr<Slot>& slot : world_.slots) {
    if (is_it(slot->current())) {
      const std::string label = slot->current()->manifest().label();
      const bool is_settled = starts_with(world_.store, slot->name, build_id);
      return label + " is current, and " + (slot->is_disabled ? "stays so" : "serves on") + ": " +
             (is_settled ? "a" : "once its gate has closed, a") +
             " start of the host is refused as long as it is; " +
             (slot->previous() != nullptr ? "`hotline rollback " + slot->name + "`"
                                          : "push another version of " + slot->name) +
             " first";
    }
    if (slot->current() != nullptr && is_it(slot->newer_than(slot->current()->manifest())))
      return slot->newer_than(slot->current()->manifest())->manifest().label() +
             " serves nobody, but rows that it wrote are read through its code: a start of the host is "
             "refused as long as there are such rows; see `hotline tables`";
  }
  return {};
}

Result<void> Pipeline::add_to_blocklist(const std::string& build_id, const std::string& reason,
                                        const std::string& by, bool was_left) {
  BlockedBuild build{.build_id = build_id,
                     .module = {},
                     .version = {},
                     .reason = reason,
                     .by = by,
                     .was_left = was_left,
                     .wall_ms = world_.clock.wall_ms()};
  for (const std::unique_ptr<Slot>& slot : world_.slots)
    for (const std::unique_ptr<Generation>& generation : slot->resident)
      if (generation->build_id() == build_id) {
        build.module = slot->name;
        build.version = generation->manifest().version.text();
      }
  return world_.blocklist.add(build);
}

}  // namespace hotline

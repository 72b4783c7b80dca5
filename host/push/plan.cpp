#include "push/plan.h"

#include <algorithm>

#include "push/steps/steps.h"

namespace hotline {

namespace {

std::string abi_of(const Manifest& manifest) {
  return std::to_string(manifest.abi_major) + "." + std::to_string(manifest.abi_minor);
}

// Of `all`, those that `others` has not, as they stand.
std::vector<std::string> without(const std::vector<std::string>& all,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> rest;
  for (const std::string& one : all)
    if (std::ranges::find(others, one) == others.end()) rest.push_back(one);
  return rest;
}

std::string way_of(const Candidate& candidate, const TableClaim& claim, const TableClaim& live) {
  if (claim.reads_schema(live.writes) && live.reads_schema(claim.writes))
    return "read by both versions as it is";
  if (!candidate.preflight) return "up and down are proved in preflight";
  if (!candidate.preflight->has_convert) return "convert is missing";
  std::uint64_t rows = 0, proved = 0, parked = 0;
  for (const RehearsedSchema& each : candidate.preflight->schemas) {
    if (each.table != claim.name) continue;
    rows += each.rows;
    proved += each.proved;
    parked += each.parked;
  }
  const std::string refuses =
      "convert refuses " + std::to_string(parked) + " of " + std::to_string(rows) + " sampled rows";
  if (parked > 0 && proved == 0) return refuses;
  if (!candidate.preflight->refusal.empty() && parked == 0) return "not proved";
  if (rows == 0) return "up and down are there; no live row to prove them on";
  if (proved == 0) return "not proved: convert refuses the sampled rows, which it reads as they are";
  return "up and down proved on " + std::to_string(proved) + (proved == 1 ? " live row" : " live rows") +
         (parked > 0 ? "; " + refuses : std::string());
}

std::vector<PlannedTable> tables_of(const Candidate& candidate, const Manifest* live) {
  std::vector<PlannedTable> tables;
  for (const TableClaim& claim : candidate.report.manifest->tables) {
    const TableClaim* const theirs = live == nullptr ? nullptr : live->table(claim.name);
    if (theirs == nullptr) {
      tables.push_back({claim.name, 0, claim.writes, claim.is_durable ? "new, durable" : "new, volatile"});
    } else if (theirs->writes != claim.writes) {
      tables.push_back({claim.name, theirs->writes, claim.writes, way_of(candidate, claim, *theirs)});
    }
  }
  return tables;
}

std::vector<PlannedKey> keys_of(const Candidate& candidate, const ModuleFacts& facts) {
  std::vector<PlannedKey> keys;
  const auto* const verdict = candidate.preflight ? &*candidate.preflight : nullptr;
  for (const auto& [key, value] : facts.settings)
    keys.push_back(
        {key, true,
         verdict == nullptr || std::ranges::find(verdict->config_read, key) != verdict->config_read.end()});
  if (verdict == nullptr) return keys;
  for (const std::string& key : verdict->config_read)
    if (!facts.settings.contains(key)) keys.push_back({key, false, true});
  return keys;
}

std::string kind_of(const Manifest& manifest, const Manifest* live, const std::vector<PlannedTable>& tables,
                    bool is_too_new) {
  if (is_too_new) return "needs a newer host";
  if (live == nullptr) return "new module";
  std::string kind;
  const auto add = [&kind](const std::string& step) { kind += (kind.empty() ? "" : ", ") + step; };
  const bool loses_table = std::ranges::any_of(
      live->tables, [&manifest](const TableClaim& claim) { return manifest.table(claim.name) == nullptr; });
  if (!tables.empty() || loses_table)  // A new table is among them.
    add("schema step");
  if (abi_of(manifest) != abi_of(*live)) add("ABI step " + abi_of(*live) + " -> " + abi_of(manifest));
  return kind.empty() ? "code only" : kind;
}

// What no push can give it: the host has to be another.
bool needs_newer_host(const PushWorld& world, const Manifest& manifest) {
  const std::vector<std::string> has = world.target.capabilities();
  return manifest.abi_major > HL_ABI_MAJOR ||
         (manifest.abi_major == HL_ABI_MAJOR && manifest.abi_minor > HL_ABI_MINOR) ||
         !without(manifest.needs, has).empty();
}

PlannedModule module_of(const PushWorld& world, const Candidate& candidate) {
  const Manifest& manifest = *candidate.report.manifest;
  const Slot* const slot = world.slots.find(manifest.name);
  const Generation* const current = slot == nullptr ? nullptr : slot->current();
  const Manifest* const live = current == nullptr ? nullptr : &current->manifest();
  PlannedModule module;
  module.file = candidate.file;
  module.name = manifest.name;
  module.from = live == nullptr ? "" : live->version.text();
  module.to = manifest.version.text();
  module.build_id = candidate.report.build_id;
  module.signer = candidate.report.signed_by.name;
  const std::vector<std::string> none;
  module.gained = without(manifest.claims(), live == nullptr ? none : live->claims());
  module.lost = live == nullptr ? none : without(live->claims(), manifest.claims());
  module.needs = without(manifest.needs, live == nullptr ? none : live->needs);
  module.needs_no_more = live == nullptr ? none : without(live->needs, manifest.needs);
  module.tables = tables_of(candidate, live);
  module.config = keys_of(candidate, world.target.facts(manifest.name));
  module.kind = kind_of(manifest, live, module.tables, needs_newer_host(world, manifest));
  return module;
}

// Of claims that this host has no use for.
void note_unheard(const PushWorld& world, const Manifest& manifest, std::vector<std::string>& notes) {
  for (const std::string& name : manifest.lines)
    if (!world.target.has_lines_listener(name))
      notes.push_back(manifest.label() + ": no listener `" + name +
                      "` of kind `lines` is configured (`listen`), so it is never called for its lines");
}

}  // namespace

PushPlan plan_of(const PushWorld& world, const PushRun& run) {
  PushPlan plan;
  for (const Candidate& candidate : run.candidates)
    if (candidate.report.manifest) plan.modules.push_back(module_of(world, candidate));
  plan.blockers = run.out.refusals;
  plan.notes = run.out.notes;
  for (const Candidate& candidate : run.candidates)
    if (candidate.report.manifest) note_unheard(world, *candidate.report.manifest, plan.notes);
  plan.is_hot = plan.blockers.empty();
  plan.barriers = world.pauses_us.size();
  if (!world.pauses_us.empty()) plan.pause_us = *std::ranges::max_element(world.pauses_us);
  return plan;
}

}  // namespace hotline

#include "push/slot.h"

#include <algorithm>

namespace hotline {

namespace {

// The latest schema of rows that a generation writes and `manifest` cannot read; 0: it reads all of them.
std::uint32_t schema_beyond(const Manifest& manifest, const Generation& generation) {
  std::uint32_t latest = 0;
  for (const TableClaim& table : generation.manifest().tables) {
    const TableClaim* its = manifest.table(table.name);
    if (its != nullptr && table.writes > its->writes && !its->reads_schema(table.writes))
      latest = std::max(latest, table.writes);
  }
  return latest;
}

}  // namespace

Generation* Slot::newer_than(const Manifest& manifest) const {
  Generation* newest = nullptr;
  std::uint32_t newest_schema = 1;
  for (const std::unique_ptr<Generation>& generation : resident) {
    const std::uint32_t schema = schema_beyond(manifest, *generation);
    if (schema < newest_schema) continue;
    newest = generation.get();
    newest_schema = schema;
  }
  return newest;
}

std::optional<std::size_t> Slot::way_back() const {
  for (std::size_t i = at; i > 0; --i)
    if (!resident[i - 1]->was_left()) return i - 1;
  return std::nullopt;
}

void Slot::took_over_from(std::size_t from) {
  for (std::size_t i = at + 1; i <= from; ++i) resident[i]->set_left(true);
  resident[at]->set_left(false);
}

PushedModule change_of(const Generation* from, const Generation& to) {
  return {.name = to.manifest().name,
          .from = from == nullptr ? std::string() : from->manifest().version.text(),
          .to = to.manifest().version.text(),
          .build_id = to.build_id(),
          .digest = to.digest(),
          .signer = to.signed_by().name};
}

GenerationReport report_of(const Generation& generation, const char* state) {
  return {.name = generation.manifest().name,
          .version = generation.manifest().version.text(),
          .build_id = generation.build_id(),
          .state = state,
          .about = generation.manifest().about,
          .note = {},
          .signer = generation.signed_by().name,
          .live_wall_ms = 0,
          .charged = generation.charged()};
}

const Slot* Slots::find(const std::string& name) const {
  for (const std::unique_ptr<Slot>& slot : slots_)
    if (slot->name == name) return slot.get();
  return nullptr;
}

Slot* Slots::find(const std::string& name) {
  return const_cast<Slot*>(std::as_const(*this).find(name));
}

std::vector<LiveTarget::Part> Slots::parts(const std::vector<Candidate>& candidates,
                                           const std::vector<Candidate>& beside) const {
  std::vector<LiveTarget::Part> set;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    const bool is_replaced = std::any_of(
        candidates.begin(), candidates.end(),
        [&slot](const Candidate& candidate) { return candidate.generation->manifest().name == slot->name; });
    if (!is_replaced && slot->current() != nullptr)
      set.push_back({slot->current(), slot->newer_than(slot->current()->manifest()), slot->previous(),
                     slot->is_disabled});
  }
  for (const Candidate& candidate : candidates) {
    const Manifest& manifest = candidate.generation->manifest();
    const std::string& name = manifest.name;
    const Slot* its = find(name);
    LiveTarget::Part part{candidate.generation.get(), its == nullptr ? nullptr : its->newer_than(manifest),
                          its == nullptr ? nullptr : its->current(), candidate.is_disabled};
    // What converts for it may stand before it: one that was rolled back from, and pushed over.
    std::uint32_t newest_schema = 1;
    for (const Candidate& one : beside) {
      if (one.generation == nullptr || one.generation->manifest().name != name) continue;
      if (one.place == Candidate::Place::older && !one.was_left) part.previous = one.generation.get();
      const std::uint32_t schema = schema_beyond(manifest, *one.generation);
      if (schema < newest_schema) continue;
      part.newer = one.generation.get();
      newest_schema = schema;
    }
    set.push_back(part);
  }
  return set;
}

void Slots::keep(std::vector<Candidate>& candidates, std::vector<Candidate>& beside) {
  for (Candidate& candidate : candidates) {
    const std::string name = candidate.generation->manifest().name;
    Slot* its = find(name);
    if (its == nullptr) {
      slots_.push_back(std::make_unique<Slot>());
      its = slots_.back().get();
      its->name = name;
    }
    const auto put = [its, &name](std::vector<Candidate>& from, Candidate::Place place) {
      for (Candidate& one : from)
        if (one.place == place && one.generation != nullptr && one.generation->manifest().name == name) {
          // Behind the current one is what was gone back from, and what a crash made us leave.
          one.generation->set_left(one.was_left || place == Candidate::Place::newer);
          its->resident.push_back(std::move(one.generation));
        }
    };
    // What was current until now is the way back, also when newer ones that were left stand behind it.
    if (!its->resident.empty())
      std::rotate(its->resident.begin() + static_cast<std::ptrdiff_t>(its->at),
                  its->resident.begin() + static_cast<std::ptrdiff_t>(its->at) + 1, its->resident.end());
    put(beside, Candidate::Place::older);
    its->resident.push_back(std::move(candidate.generation));
    its->at = its->resident.size() - 1;
    its->is_disabled = candidate.is_disabled;
    put(beside, Candidate::Place::newer);
  }
}

std::vector<GenerationReport> Slots::reports() const {
  std::vector<GenerationReport> reports;
  for (const std::unique_ptr<Slot>& slot : slots_)
    for (std::size_t i = slot->resident.size(); i > 0; --i) {
      const Generation* const its = slot->resident[i - 1].get();
      const char* state = its == slot->previous() ? "previous" : its->was_left() ? "left" : "resident";
      if (its == slot->current()) state = slot->is_disabled ? "disabled" : "current";
      reports.push_back(report_of(*its, state));
    }
  return reports;
}

}  // namespace hotline

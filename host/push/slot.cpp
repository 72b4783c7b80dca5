#include "push/slot.h"

#include <algorithm>

namespace hotline {

const Slot* Slots::find(const std::string& name) const {
  for (const std::unique_ptr<Slot>& slot : slots_)
    if (slot->name == name) return slot.get();
  return nullptr;
}

Slot* Slots::find(const std::string& name) {
  return const_cast<Slot*>(std::as_const(*this).find(name));
}

std::vector<LiveTarget::Part> Slots::parts(const std::vector<Candidate>& candidates) const {
  std::vector<LiveTarget::Part> set;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    const bool is_replaced = std::any_of(
        candidates.begin(), candidates.end(),
        [&slot](const Candidate& candidate) { return candidate.generation->manifest().name == slot->name; });
    if (!is_replaced && slot->current() != nullptr) 
      set.push_back({slot->current(), slot->newer(), slot->previous()});
  }
  for (const Candidate& candidate : candidates) {
    const Slot* its = find(candidate.generation->manifest().name);
    set.push_back({candidate.generation.get(), nullptr, its == nullptr ? nullptr : its->current()});
  }
  return set;
}

void Slots::keep(std::vector<Candidate>& candidates) {
  for (Candidate& candidate : candidates) {
    const std::string& name = candidate.generation->manifest().name;
    Slot* its = find(name);
    if (its == nullptr) {
      slots_.push_back(std::make_unique<Slot>());
      its = slots_.back().get();
      its->name = name;
      its->before = candidate.before;
    }
    // What was current until now is the way back, also when newer ones that were left stand behind it.
    if (!its->resident.empty())
      std::rotate(its->resident.begin() + static_cast<std::ptrdiff_t>(its->at),
                  its->resident.begin() + static_cast<std::ptrdiff_t>(its->at) + 1, its->resident.end());
    its->resident.push_back(std::move(candidate.generation));
    its->at = its->resident.size() - 1;
  }
}

std::vector<GenerationReport> Slots::reports() const {
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
                         generation.signed_by().name,
                         0,
                         generation.charged()});
    }
  return reports;
}

}  // namespace hotline

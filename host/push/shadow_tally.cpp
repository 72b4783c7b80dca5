#include "push/shadow_tally.h"

#include <algorithm>

namespace hotline {

namespace {

constexpr std::size_t kinds_max = 64;         // Differences told apart; the rest is "other".
constexpr std::size_t kinds_in_text_max = 8;  // Of the most frequent.

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace

std::vector<std::string> ShadowFigures::lines() const {
  std::vector<std::string> lines;
  for (const auto& [difference, count] : differences)
    lines.push_back(difference.kind + (difference.field.empty() ? "" : " ") + difference.field + " " +
                    grouped(count));
  return lines;
}

std::string ShadowFigures::text() const {
  if (compared == 0) return "no event came: nothing was compared";
  std::string text = grouped(compared) + (compared == 1 ? " event compared" : " events compared");
  if (seen > compared) text += " of " + grouped(seen);
  if (differ == 0) return text + ", none differs";
  text += ", " + grouped(differ) + (differ == 1 ? " differs" : " differ");
  const std::vector<std::string> all = lines();
  for (std::size_t i = 0; i < all.size() && i < kinds_in_text_max; ++i)
    text += (i == 0 ? ": " : ", ") + all[i];
  if (all.size() > kinds_in_text_max)
    text += ", and " + std::to_string(all.size() - kinds_in_text_max) + " more";
  return text;
}

void ShadowTally::add(std::uint64_t seen, const std::vector<Difference>& differences) {
  const std::lock_guard lock(mutex_);
  seen_ += seen;
  ++compared_;
  if (differences.empty()) return;
  ++differ_;
  for (const Difference& difference : differences) {
    const auto found = differences_.find(difference);
    if (found != differences_.end()) {
      ++found->second;
    } else {
      ++differences_[differences_.size() < kinds_max ? difference : Difference{"other", {}}];
    }
  }
}

void ShadowTally::add_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  if (first_faults_.size() < faults_max) first_faults_.push_back(std::move(fault));
  faults_.fetch_add(1, std::memory_order_relaxed);
}

ShadowFigures ShadowTally::figures() const {
  const std::lock_guard lock(mutex_);
  ShadowFigures figures{.seen = seen_,
                        .compared = compared_,
                        .differ = differ_,
                        .faults = faults_.load(std::memory_order_relaxed),
                        .differences = {differences_.begin(), differences_.end()},
                        .first_faults = first_faults_};
  std::stable_sort(figures.differences.begin(), figures.differences.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return figures;
}

}  // namespace hotline

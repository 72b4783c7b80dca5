#include "push/shadow.h"

#include <algorithm>

#include "push/symbols.h"

namespace hotline {

namespace {
constexpr std::uint64_t tell_every_ms = 1'000;
}

Shadow::Shadow(PushRun run, CanaryPlan plan, const Slots& slots, PushListener told, std::uint64_t now_ms)
    : run_(std::move(run)),
      plan_(std::move(plan)),
      told_(std::move(told)),
      since_ms_(now_ms),
      told_ms_(now_ms) {
  for (const Candidate& candidate : run_.candidates) {
    const Slot* slot = slots.find(candidate.report.manifest->name);
    modules_.push_back(change_of(slot == nullptr ? nullptr : slot->current(), *candidate.generation));
  }
}

bool Shadow::has_control() const {
  return std::any_of(modules_.begin(), modules_.end(),
                     [](const PushedModule& module) { return !module.from.empty(); });
}

std::string Shadow::detail(std::uint64_t now_ms) const {
  std::string text;
  for (const PushedModule& module : modules_)
    if (module.from.empty())
      text += module.name + " is new: nothing to compare it with" + (has_control() ? "; " : "");
  if (!has_control()) return text;
  return std::to_string((now_ms - since_ms_) / 1000) + " s  " + text + tally_->figures().text();
}

Shadow::Look Shadow::look(std::uint64_t now_ms) {
  if (tally_->has_failed()) {
    const ShadowFigures figures = tally_->figures();
    std::string why = std::to_string(figures.faults) + " of its calls failed in the shadow run";
    for (const Fault& fault : figures.first_faults) why += "; " + words_of(fault);
    return {Next::back, std::move(why)};
  }
  if (now_ms - since_ms_ < plan_.shadow_ms) {
    if (now_ms - told_ms_ < tell_every_ms) return {};
    told_ms_ = now_ms;
    if (told_.progress) told_.progress("shadow", detail(now_ms), static_cast<double>(now_ms - since_ms_));
    return {};
  }
  const ShadowFigures figures = tally_->figures();
  if (plan_.shadow_max && figures.differ * 1'000 > *plan_.shadow_max * figures.compared)
    return {Next::back, figures.text() + "; at most " + std::to_string(*plan_.shadow_max) +
                            " of 1,000 were to differ (--shadow-max)"};
  return {Next::go_on};
}

void Shadow::end(std::uint64_t now_ms) {
  const auto ms = static_cast<double>(now_ms - since_ms_);
  run_.out.steps.push_back({"shadow", ms, detail(now_ms)});
  if (told_.progress) told_.progress("shadow", run_.out.steps.back().detail, ms);
}

CanaryReport Shadow::report(std::uint64_t now_ms) const {
  CanaryReport report;
  report.state = "shadow";
  report.modules = modules_;
  report.share = "0 %";
  report.passed_ms = now_ms - since_ms_;
  report.hold_ms = plan_.shadow_ms;
  const ShadowFigures figures = tally_->figures();
  ShadowFigures whole = figures;
  whole.differences.clear();  // They come each on a line of its own.
  report.says.push_back(whole.text());
  for (std::string& line : figures.lines()) report.says.push_back(std::move(line));
  return report;
}

}  // namespace hotline

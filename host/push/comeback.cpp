#include "push/comeback.h"

#include <algorithm>
#include <string>

namespace hotline {

namespace {

using Way = Comeback::Way;

struct Guilty {
  std::size_t module = 0, build = 0;  // Where it is in the running set.
  bool is_there = false;
};

Guilty find_guilty(const std::vector<RunningModule>& running, const std::string& build_id) {
  if (build_id.empty()) return {};
  for (std::size_t i = 0; i < running.size(); ++i)
    for (std::size_t at = 0; at < running[i].builds.size(); ++at)
      if (running[i].builds[at].build_id == build_id) return {i, at, true};
  return {};
}

// It died where it is called also when it only stands beside the current one: to be loaded is to die again.
bool dies_beside(const Crash& crash) {
  return crash.call == call_name(EventKind::create) || crash.call == call_name(EventKind::convert);
}

std::vector<Way> ways_of(const RunningModule& module, std::size_t guilty, const Crash& crash,
                         const WritesNewer& writes_newer) {
  // Of what stands beside, an older one is offered what the current one fails on, a newer one only converts.
  if (guilty < module.at) return {Way::without, Way::as_it_was};
  if (guilty > module.at && !dies_beside(crash)) return {Way::as_it_was, Way::without};
  // As it was it would be asked to convert again, at the first row that somebody touches.
  if (guilty > module.at) return {Way::without, Way::in_front, Way::as_it_was};
  if (module.at == 0) return {Way::as_it_was};
  if (dies_beside(crash) || !writes_newer(module.builds[guilty], module.builds[guilty - 1]))
    return {Way::without, Way::as_it_was};
  return {Way::beside, Way::without, Way::as_it_was};
}

void arrange(RunningModule& module, std::size_t guilty, Way way) {
  if (way == Way::beside) --module.at;
  if (way == Way::in_front) module.at = guilty;
  if (way != Way::without) return;
  module.builds.erase(module.builds.begin() + static_cast<std::ptrdiff_t>(guilty));
  if (guilty <= module.at) --module.at;
}

}  // namespace

std::vector<Comeback> comebacks(const std::vector<RunningModule>& running, const Crash& crash,
                                const WritesNewer& writes_newer) {
  const Guilty guilty = find_guilty(running, crash.build_id);
  if (!guilty.is_there) return {{Way::as_it_was, running}};
  std::vector<Comeback> all;
  for (const Way way : ways_of(running[guilty.module], guilty.build, crash, writes_newer)) {
    all.push_back({way, running});
    arrange(all.back().set[guilty.module], guilty.build, way);
  }
  return all;
}

}  // namespace hotline

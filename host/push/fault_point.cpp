#include "push/fault_point.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/log.h"

namespace hotline {

namespace {

// In the order in which they are reached: of a push, a rollback, an upgrade in the process that gives, and in
// the one that takes.
constexpr auto known_points = std::to_array<std::string_view>(
    {"push.verify",   "push.preflight",   "push.store",    "push.stage",   "push.canary",  "push.barrier",
     "push.live",     "push.provisional", "push.settle",   "push.record",  "push.unload",  "rollback.barrier",
     "rollback.live", "rollback.record",  "give.verified", "give.started", "give.loaded",  "give.doors",
     "give.frozen",   "give.carried",     "give.ready",    "give.given",   "give.half",    "give.moved",
     "give.closed",   "give.end",         "take.loaded",   "take.doors",   "take.carried", "take.ready",
     "take.go",       "take.serves",      "take.half",     "take.store",   "take.alone"});

}  // namespace

Result<FaultPoint> FaultPoint::parse(std::string_view text) {
  FaultPoint point;
  if (text.empty()) return point;
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const std::string_view action =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (std::ranges::find(known_points, name) == known_points.end()) {
    std::string all;
    for (const std::string_view known : known_points) all.append(all.empty() ? "" : ", ").append(known);
    return Error{"HOTLINE_FAULT_POINT: no point is called `" + std::string(name) + "`; there are " + all};
  }
  if (action != "kill" && action != "stop")
    return Error{"HOTLINE_FAULT_POINT: behind " + std::string(name) + " `:kill` or `:stop` is wanted, not `" +
                 std::string(action) + "`"};
  point.name_ = name;
  point.signal_ = action == "kill" ? SIGKILL : SIGSTOP;
  return point;
}

Result<FaultPoint> FaultPoint::of_environment() {
  const char* const text = std::getenv("HOTLINE_FAULT_POINT");
  return parse(text == nullptr ? std::string_view() : text);
}

void FaultPoint::act(std::string_view kind, std::string_view place) const {
  if (name_ != std::string(kind).append(".").append(place)) return;
  log::warning("fault_point.reached", {{"point", name_}});
  kill(getpid(), signal_);
}

}  // namespace hotline

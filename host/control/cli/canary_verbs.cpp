#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"
#include "control/protocol.h"

namespace hotline::cli {
namespace {

constexpr auto watch_every = std::chrono::seconds(1);

std::string status_line(const CanaryStatus& status) {
  std::string line = status.state + ":";
  for (const ModuleChange& module : status.modules)
    line += " " + module.name + " " + module.from + " -> " + module.to;
  if (status.state != "shadow") line += ", " + status.share + " of the accounts";
  if (status.steps > 0)
    line += " (" + std::to_string(status.step) + " of " + std::to_string(status.steps) + ")";
  line += ", " + duration_text(status.passed_ms / 1000) + " of " + duration_text(status.hold_ms / 1000);
  return line;
}

void print_canary(const Context& context, const CanaryStatus& status) {
  if (status.state == "none") {
    context.out << "no push is in a shadow run or in canary, and none is provisional; how the last ended is "
                   "in `hotline history`\n";
    return;
  }
  context.out << printable(status_line(status)) << '\n';
  for (const std::string& line : status.says) context.out << "  " << printable(line) << '\n';
  context.out.flush();
}

}  // namespace

Exit show_canary(Context& context, bool watches) {
  for (;;) {
    Exit exit = Exit::done;
    const std::optional<nlohmann::json> answer =
        context.call("canary.status", nlohmann::json::object(), exit);
    if (!answer) return exit;
    exit = context.show<CanaryStatus>(*answer,
                                      [&](const CanaryStatus& status) { print_canary(context, status); });
    const bool is_over = !answer->is_object() || answer->value("state", std::string("none")) == "none";
    if (!watches || is_over || exit != Exit::done) return exit;
    std::this_thread::sleep_for(watch_every);
  }
}

Exit hold_canary(Context& context, bool pauses) {
  return context.ask<CanaryStatus>(pauses ? "canary.pause" : "canary.resume", nlohmann::json::object(),
                                   [&](const CanaryStatus& status) { print_canary(context, status); });
}

bool parse_shares(const std::string& text, std::vector<std::uint32_t>& shares) {
  shares.clear();
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    std::string part = text.substr(at, comma - at);
    at = comma + 1;
    if (part.ends_with('%')) part.pop_back();
    char* end = nullptr;
    const double percent = std::strtod(part.c_str(), &end);
    if (part.empty() || *end != '\0' || !(percent >= 0.01 && percent <= 100)) return false;
    shares.push_back(static_cast<std::uint32_t>(std::lround(percent * 100)));
    if (shares.size() > 1 && shares.back() <= shares[shares.size() - 2]) return false;
  }
  return true;
}

std::optional<std::uint64_t> parse_duration_ms(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  const double ms = unit == "ms"                  ? 1
                    : unit.empty() || unit == "s" ? 1e3
                    : unit == "m"                 ? 6e4
                    : unit == "h"                 ? 3.6e6
                                                  : 0;
  if (end == text.c_str() || ms == 0 || !(number >= 0) || number * ms > 6.048e8) return std::nullopt;
  return static_cast<std::uint64_t>(number * ms);
}

}  // namespace hotline::cli

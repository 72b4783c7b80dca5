#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"
#include "control/json_text.h"
#include "control/protocol.h"

namespace hotline::cli {
namespace {

constexpr const char* core_name = "core";  // No module: the host's own program.

std::string change_text(const ModuleChange& change) {
  if (change.to.empty()) return change.name + " " + change.from + " (out)";
  if (change.from == change.to) return change.name + " " + change.to;
  if (change.from.empty()) return change.name + " " + change.to + " (new)";
  return change.name + " " + change.from + " -> " + change.to;
}

std::string changes_text(const std::vector<ModuleChange>& changes) {
  std::string text;
  for (const ModuleChange& change : changes)
    text.append(text.empty() ? "" : ", ").append(change_text(change));
  return text;
}

std::string millis_text(double ms) {
  return micros_text(ms * 1000);
}

// A line on standard error for each step that has ended; with --json, an object.
void tell_progress(const Context& context, const nlohmann::json& event) {
  if (context.wants_json) {
    context.err << json_line(event) << std::endl;
    return;
  }
  PushProgress progress;
  try {
    event.get_to(progress);
  } catch (const nlohmann::json::exception&) {
    return;  // Of a newer host: the report at the end says all that matters.
  }
  if (progress.plan) {
    progress.plan->notes.clear();  // They come with the report.
    return print_plan(context.err, *progress.plan);
  }
  const std::string took = millis_text(progress.ms);
  std::string line = "  " + progress.step;
  line += std::string(line.size() < 12 ? 12 - line.size() : 1, ' ');
  line += std::string(display_width(took) < 8 ? 8 - display_width(took) : 0, ' ') + took;
  if (!progress.detail.empty()) line += "  " + progress.detail;
  context.err << printable(line) << std::endl;
}

Exit print_report(const Context& context, const PushReport& report) {
  if (report.outcome == "live") {
    context.out << "live: " << printable(changes_text(report.modules)) << "; pause "
                << micros_text(static_cast<double>(report.pause_us)) << ", " << millis_text(report.took_ms)
                << " in all";
    if (report.number != 0) context.out << " (number " << report.number << " in the history)";
    context.out << '\n';
    for (const std::string& note : report.notes) context.out << "note: " << printable(note) << '\n';
    return Exit::done;
  }
  if (report.outcome == "canary") {
    context.out << "in canary: " << printable(changes_text(report.modules))
                << "; see `hotline canary status`\n";
    return Exit::done;
  }
  for (const RefusalReport& refusal : report.refusals) {
    context.err << "hotline: refused: " << printable(refusal.file + ": " + refusal.reason) << '\n';
  }
  if (report.refusals.empty()) context.err << "hotline: " << printable(report.outcome) << '\n';
  context.err << "What was running keeps running.\n";
  return Exit::failed;
}

// A push or rollback, from the request to the report.
Exit change(Context& context, std::string_view method, const nlohmann::json& params) {
  Exit exit = Exit::done;
  std::optional<RpcClient> client = context.connect(exit);
  if (!client) return exit;
  const RpcResult<nlohmann::json> answer =
      client->call(method, params, Context::push_silence_s_max,
                   [&](const nlohmann::json& event) { tell_progress(context, event); });
  if (const auto* failure = std::get_if<RpcFailure>(&answer)) {
    exit = context.fail(*failure);
    if (exit == Exit::unreachable) {
      context.err << "How it ended is in `hotline history` once the host answers.\n";
    }
    return exit;
  }
  const auto& report_json = std::get<nlohmann::json>(answer);
  exit = Exit::failed;
  const Exit shown = context.show<PushReport>(
      report_json, [&](const PushReport& report) { exit = print_report(context, report); });
  if (shown != Exit::done) return shown;
  if (context.wants_json && report_json.is_object() &&
      (report_json.value("outcome", nlohmann::json()) == "live" ||
       report_json.value("outcome", nlohmann::json()) == "canary")) {
    return Exit::done;
  }
  return exit;
}

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    if (comma > at) parts.push_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

// How it is to go live. False: told, `exit` is set.
bool add_canary(const Context& context, const PushWish& wish, nlohmann::json& params, Exit& exit) {
  const auto refuse = [&](const std::string& why) {
    exit = context.fail(Exit::usage, why);
    return false;
  };
  if (!wish.canary.empty()) {
    std::vector<std::uint32_t> shares;
    if (!parse_shares(wish.canary, shares))
      return refuse("--canary " + wish.canary +
                    ": growing shares between 0.01% and 100% are wanted, as in 5%,25%,100%");
    params["canary"] = shares;
  }
  if (!wish.accounts.empty()) params["canary_accounts"] = parts_of(wish.accounts);
  for (const auto& [name, text] :
       {std::pair("shadow", wish.shadow), std::pair("hold", wish.hold), std::pair("gate", wish.gate)}) {
    if (text.empty()) continue;
    const std::optional<std::uint64_t> ms = parse_duration_ms(text);
    if (!ms)
      return refuse(std::string("--") + name + " " + text +
                    ": a time of at most 7 days is wanted, as in 500ms, 60s, 5m or 1h");
    params[std::string(name) + "_ms"] = *ms;
  }
  if (wish.shadow_max) params["shadow_max"] = *wish.shadow_max;
  return true;
}

// What is asked for; none: told, `exit` is set.
std::optional<nlohmann::json> push_params(const Context& context, const PushWish& wish, const char* done,
                                          Exit& exit) {
  std::vector<std::string> files;
  for (const std::string& file : wish.files) {
    std::error_code error;
    const std::filesystem::path path =
        std::filesystem::canonical(file, error);  // The host has another directory.
    if (error || !std::filesystem::is_regular_file(path, error)) {
      exit = context.fail(Exit::failed, "no file " + file + ": nothing was " + done);
      return std::nullopt;
    }
    files.push_back(path.string());
  }
  nlohmann::json params = {{"files", files}, {"as_one", wish.as_one}, {"reason", wish.reason}};
  if (wish.force) params["force"] = true;
  return params;
}

// "refused in preflight"
std::string outcome_text(const HistoryEntry& entry) {
  if (entry.outcome != "refused" || entry.steps.empty()) return entry.outcome;
  return entry.outcome + " in " + entry.steps.back().name;
}

// A push goes on without the command that asked for it.
void leave_on_interrupt() {
  std::signal(SIGINT, [](int) {
    constexpr std::string_view words =
        "\nhotline: the push goes on. `hotline canary status --watch` watches it, `hotline abort` takes it "
        "back.\n";
    if (::write(STDERR_FILENO, words.data(), words.size()) < 0) _exit(1);
    _exit(130);
  });
}

std::string history_detail(const HistoryEntry& entry) {
  std::string text = entry.reason;
  for (const RefusalReport& refusal : entry.refusals) {
    text.append(text.empty() ? "" : "; ").append(refusal.file).append(": ").append(refusal.reason);
  }
  for (const StepReport& step : entry.steps)
    if (step.name == "shadow") text.append(text.empty() ? "" : "; ").append("shadow: ").append(step.detail);
  return text;
}

}  // namespace

Exit push(Context& context, const PushWish& wish) {
  Exit exit = Exit::done;
  std::optional<nlohmann::json> params = push_params(context, wish, "pushed", exit);
  if (!params || !add_canary(context, wish, *params, exit)) return exit;
  if (!wish.shadow.empty() || !wish.canary.empty() || !wish.accounts.empty()) leave_on_interrupt();
  return change(context, "push", *params);
}

Exit plan(Context& context, const PushWish& wish) {
  Exit exit = Exit::done;
  const std::optional<nlohmann::json> params = push_params(context, wish, "planned", exit);
  if (!params) return exit;
  std::optional<RpcClient> client = context.connect(exit);
  if (!client) return exit;
  const RpcResult<nlohmann::json> answer =
      client->call("plan", *params, Context::push_silence_s_max,
                   [&](const nlohmann::json& event) { tell_progress(context, event); });
  if (const auto* failure = std::get_if<RpcFailure>(&answer)) return context.fail(*failure);
  const auto& report_json = std::get<nlohmann::json>(answer);
  const Exit shown = context.show<PlanReport>(
      report_json, [&](const PlanReport& report) { print_plan(context.out, report); });
  if (shown != Exit::done) return shown;
  return report_json.is_object() && report_json.value("is_hot", false) ? Exit::done : Exit::failed;
}

Exit promote(Context& context, const std::string& reason) {
  return change(context, "canary.promote", {{"reason", reason}});
}

Exit abort(Context& context, const std::string& reason) {
  Exit exit = Exit::done;
  const std::optional<nlohmann::json> answer = context.call("canary.abort", {{"reason", reason}}, exit);
  if (!answer) return exit;
  const Exit shown = context.show<PushReport>(*answer, [&](const PushReport& report) {
    if (report.outcome != "aborted") {  // A shard is stuck: it is decided, and not done yet.
      exit = print_report(context, report);
      return;
    }
    context.out << "aborted: " << printable(changes_text(report.modules))
                << "; what was running keeps running\n";
  });
  if (shown != Exit::done) return shown;
  if (context.wants_json && answer->is_object() && answer->value("outcome", nlohmann::json()) != "aborted")
    return Exit::failed;
  return exit;
}

Exit upgrade_core(Context& context, const UpgradeWish& wish) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(wish.file, error);
  if (error || !std::filesystem::is_regular_file(path, error))
    return context.fail(Exit::failed, "no file " + wish.file + ": nothing was upgraded");
  return change(context, "upgrade", {{"file", path.string()}, {"reason", wish.reason}});
}

Exit roll_back(Context& context, const RollbackWish& wish) {
  if (wish.module == core_name) {
    if (!wish.to.empty())
      return context.fail(Exit::usage,
                          "the core goes back to the program before it; use `hotline upgrade FILE` for "
                          "another one");
    return change(context, "upgrade", {{"reason", wish.reason}});
  }
  return change(context, "rollback", {{"module", wish.module}, {"to", wish.to}, {"reason", wish.reason}});
}

Exit disable_module(Context& context, const RollbackWish& wish) {
  return change(context, "module.disable", {{"module", wish.module}, {"reason", wish.reason}});
}

Exit enable_module(Context& context, const RollbackWish& wish) {
  return change(context, "module.enable", {{"module", wish.module}, {"reason", wish.reason}});
}

Exit show_history(Context& context, std::uint32_t limit) {
  return context.ask<HistoryReport>("history", {{"limit", limit}}, [&](const HistoryReport& history) {
    if (history.records.empty()) context.out << "nothing was pushed yet\n";
    Table table({{"number", right},
                 {"when", left},
                 {"what", left},
                 {"modules", left},
                 {"outcome", left},
                 {"pause", right},
                 {"took", right},
                 {"who", left},
                 {"why", left}});
    for (const HistoryEntry& entry : history.records) {
      const bool is_change = entry.kind == "push" || entry.kind == "rollback" || entry.kind == "disable" ||
                             entry.kind == "enable" || entry.kind == "upgrade";
      const bool is_live = is_change && entry.outcome == "live";
      table.add({std::to_string(entry.number), time_text(entry.wall_ms), entry.kind,
                 changes_text(entry.modules), outcome_text(entry),
                 is_live ? micros_text(static_cast<double>(entry.pause_us)) : "",
                 is_change ? millis_text(entry.took_ms) : "", entry.user, history_detail(entry)});
    }
    table.print(context.out);
  });
}

}  // namespace hotline::cli

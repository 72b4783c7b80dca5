// hotline blocklist: builds that the host never loads again. A host that runs is asked; where none runs the
// file in the state directory is changed, as a host that a blocked build keeps from starting cannot be asked.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/clock.h"
#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"
#include "control/protocol.h"
#include "control/user_name.h"
#include "push/blocklist.h"
#include "push/descriptor.h"
#include "push/known_build.h"
#include "push/module_store.h"

namespace hotline::cli {
namespace {

// A state directory on which no host runs, and none starts as long as this is there.
struct IdleState {
  std::string directory;
  Descriptor lock;
};

// Nothing: a host is to be asked, which says itself what is wrong where it cannot be. The error: a host is
// about to start, or to end.
Result<std::optional<IdleState>> idle_state(const Context& context) {
  if (!context.socket.empty()) return std::optional<IdleState>();
  const std::string directory = choose_state_dir(context.state);
  std::error_code ignored;
  if (directory.empty() || !std::filesystem::is_directory(directory, ignored))
    return std::optional<IdleState>();
  if (const Result<HostPlace> place = read_run_file(directory); place) {
    RpcResult<RpcClient> connected = RpcClient::connect(place->socket);
    if (std::holds_alternative<RpcClient>(connected)) return std::optional<IdleState>();
  }
  IdleState idle{directory, Descriptor(::open((directory + "/lock").c_str(), O_RDWR | O_CLOEXEC))};
  // Not made here: it would be this user's, and the host's user could not open it. A directory without it has
  // had no host yet.
  if (idle.lock.get() < 0 && errno != ENOENT) return std::optional<IdleState>();
  if (idle.lock.get() >= 0 && ::flock(idle.lock.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{"a host on " + directory + " is about to start or to end: try again"};
  return std::optional(std::move(idle));
}

// The file is the host's user's, also when root has changed it.
void give_to_host(const std::string& directory) {
  struct stat status {};
  if (geteuid() != 0 || stat(directory.c_str(), &status) != 0) return;
  if (chown((directory + "/blocklist.json").c_str(), status.st_uid, status.st_gid) != 0) return;
}

std::string name_of(const std::string& build_id, const std::string& module, const std::string& version) {
  return build_id + (module.empty() ? "" : " (" + module + " " + version + ")");
}

// What the next start comes back on is refused then.
std::string needed_at_start(const std::string& directory, const std::string& build_id) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory + "/modules/running.json", ignored)) return {};
  const Result<ModuleStore> store = ModuleStore::open(directory);
  const Result<std::vector<RunningModule>> set =
      store ? store->running() : Result<std::vector<RunningModule>>(store.error());
  if (!set) return set.error().message;
  const auto its = std::ranges::find_if(
      *set, [&](const RunningModule& module) { return module.builds[module.at].build_id == build_id; });
  if (its == set->end()) return {};
  return "a start of the host comes back on " + its->module + " " + its->builds[its->at].version +
         ", and is refused as long as that is blocked: `hotline blocklist remove " + build_id +
         "`, start, leave it, and block it then";
}

Result<BlockReport> block_here(const IdleState& idle, const BlockWish& wish) {
  const Result<KnownBuild> build = build_of(idle.directory, wish.build_id);
  if (!build) return build.error();
  SystemClock clock;
  const Result<void> added = Blocklist(idle.directory)
                                 .add({.build_id = build->build_id,
                                       .module = build->module,
                                       .version = build->version,
                                       .reason = wish.reason.empty() ? "an operator's decision" : wish.reason,
                                       .by = user_name(geteuid()),
                                       .was_left = false,
                                       .wall_ms = clock.wall_ms()});
  if (!added) return added.error();
  give_to_host(idle.directory);
  return BlockReport{build->build_id, build->module, build->version,
                     needed_at_start(idle.directory, build->build_id)};
}

Exit show_blocked(const Context& context, const nlohmann::json& answer) {
  return context.show<BlocklistReport>(answer, [&](const BlocklistReport& list) {
    if (list.blocked.empty()) context.out << "no build is blocked\n";
    Table table({{"build", left}, {"module", left}, {"since", left}, {"who", left}, {"why", left}});
    for (const BlockedReport& build : list.blocked)
      table.add({build.build_id, build.module + (build.version.empty() ? "" : " " + build.version),
                 time_text(build.wall_ms), build.by, build.reason});
    table.print(context.out);
  });
}

Exit show_block(const Context& context, const nlohmann::json& answer) {
  if (context.wants_json) {
    context.print_json(answer);
    return Exit::done;
  }
  const auto text = [&](const char* key) { return answer.value(key, std::string()); };
  context.out << printable(name_of(text("build_id"), text("module"), text("version")))
              << " will not be loaded again on this host\n";
  if (!text("warning").empty()) context.err << "warning: " << printable(text("warning")) << '\n';
  return Exit::done;
}

}  // namespace

Exit list_blocked(Context& context) {
  const Result<std::optional<IdleState>> idle = idle_state(context);
  if (!idle) return context.fail(Exit::unreachable, idle.error().message);
  if (!*idle) {
    Exit exit = Exit::done;
    const std::optional<nlohmann::json> answer = context.call("blocklist", nlohmann::json::object(), exit);
    return answer ? show_blocked(context, *answer) : exit;
  }
  const Result<std::vector<BlockedBuild>> entries = Blocklist((*idle)->directory).entries();
  if (!entries) return context.fail(Exit::failed, entries.error().message);
  BlocklistReport report;
  for (const BlockedBuild& build : *entries)
    report.blocked.push_back(
        {build.build_id, build.module, build.version, build.reason, build.by, build.wall_ms});
  return show_blocked(context, report);
}

Exit block_build(Context& context, const BlockWish& wish) {
  const Result<std::optional<IdleState>> idle = idle_state(context);
  if (!idle) return context.fail(Exit::unreachable, idle.error().message);
  if (*idle) {
    const Result<BlockReport> report = block_here(**idle, wish);
    return report ? show_block(context, *report) : context.fail(Exit::failed, report.error().message);
  }
  Exit exit = Exit::done;
  std::optional<nlohmann::json> answer =
      context.call("blocklist.add", {{"build_id", wish.build_id}, {"reason", wish.reason}}, exit);
  if (!answer) return exit;
  // A host of before does not say which it was.
  if (!answer->is_object()) *answer = nlohmann::json::object();
  if (!answer->contains("build_id")) (*answer)["build_id"] = wish.build_id;
  if (!answer->contains("warning")) (*answer)["warning"] = "";
  return show_block(context, *answer);
}

Exit unblock_build(Context& context, const std::string& build_id) {
  const Result<std::optional<IdleState>> idle = idle_state(context);
  if (!idle) return context.fail(Exit::unreachable, idle.error().message);
  if (*idle) {
    const Result<bool> removed = Blocklist((*idle)->directory).remove(build_id);
    if (!removed) return context.fail(Exit::failed, removed.error().message);
    if (!*removed)
      return context.fail(Exit::failed, "no blocked build is " + build_id + "; see `hotline blocklist list`");
    give_to_host((*idle)->directory);
  } else {
    Exit exit = Exit::done;
    if (!context.call("blocklist.remove", {{"build_id", build_id}}, exit)) return exit;
  }
  if (context.wants_json)
    context.print_json({{"build_id", build_id}});
  else
    context.out << printable(build_id) << " may be pushed again\n";
  return Exit::done;
}

}  // namespace hotline::cli

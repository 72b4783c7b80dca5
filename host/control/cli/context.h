// What every verb has: where to read and write, which host is meant, and how a command ends.
#pragma once

#include <functional>
#include <istream>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "cli/find_host.h"
#include "control/rpc_client.h"

namespace hotline::cli {

// The process's exit status; documented in docs/operations.md.
enum class Exit {
  done = 0,
  failed = 1,       // The host refused, or part of it failed: the message says why.
  usage = 2,        // The command line was not understood; nothing was asked.
  unreachable = 3,  // No host answers, or it went before it had.
};

// Streams are borrowed. One thread.
struct Context {
  Context(std::istream& in_stream, std::ostream& out_stream, std::ostream& err_stream)
      : in(in_stream), out(out_stream), err(err_stream) {}

  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_is_terminal = false;
  bool err_is_terminal = false;

  std::string state;   // As given; empty: not.
  std::string socket;  // As given; empty: not.
  bool wants_json = false;

  // Long enough for any verb that waits for the disk; a push may be silent for longer.
  static constexpr int silence_s_max = 60;
  static constexpr int push_silence_s_max = 900;

  // Tells why it did not work, on standard error and with --json as an object as well. `verbs`: " canary".
  Exit fail(Exit how, const std::string& message, const std::string& verbs = {}) const;
  Exit fail(const RpcFailure& failure) const;

  // Connects to the host that is meant; otherwise tells why not and leaves how to end in `exit`.
  std::optional<RpcClient> connect(Exit& exit);
  // NAME or NAME@domain as an account of the host. None: told, `exit` is set.
  std::optional<std::string> account(RpcClient& client, const std::string& name, Exit& exit);

  // One call on a connection of its own: the answer, or it was told why there is none.
  std::optional<nlohmann::json> call(std::string_view method, const nlohmann::json& params, Exit& exit);

  void print_json(const nlohmann::json& value) const;

  // Reads a report out of an answer, and shows it.
  template <typename Report, typename Show>
  Exit show(const nlohmann::json& answer, const Show& show_report) const {
    if (wants_json) {
      print_json(answer);
      return Exit::done;
    }
    try {
      Report report;
      answer.get_to(report);
      show_report(report);
    } catch (const nlohmann::json::exception&) {
      return fail(Exit::failed,
                  "the host's answer is not understood: are `hotline` and `hotlined` of one version?");
    }
    return Exit::done;
  }

  // call() and show(): a verb that asks one thing.
  template <typename Report, typename Show>
  Exit ask(std::string_view method, const nlohmann::json& params, const Show& show_report) {
    Exit exit = Exit::done;
    const std::optional<nlohmann::json> answer = call(method, params, exit);
    return answer ? show<Report>(*answer, show_report) : exit;
  }

 private:
  HostPlace place_;  // Of the last connect().
};

}  // namespace hotline::cli

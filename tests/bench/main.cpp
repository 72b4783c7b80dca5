// hotline-bench: puts load on an XMPP server on this machine, and says what it costs and whether it is right.
//
// Exit status: 0 when every promise held, 1 when something was lost, doubled, reordered or cut, 2 when
// nothing could be measured.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <string>

#include "base/time_slice.h"
#include "pair_run.h"
#include "relay_lane.h"
#include "report.h"
#include "scenarios.h"
#include "table.h"
#include "target.h"
#include "xmpp_lane.h"

namespace hotline::bench {
namespace {

constexpr int exit_clean = 0;
constexpr int exit_broken = 1;
constexpr int exit_unusable = 2;

struct Options {
  TargetOptions target;
  PairRunOptions pairs;
  IdleOptions idle;
  LoginOptions login;
  OfflineOptions offline;
  std::size_t body_size = 100;
  Address to = Address::bare;
  bool resumes = false;
  double reconnect_seconds = 30;
  unsigned relay_threads = 1;
  std::string json;
};

void add_target(CLI::App* app, Options& options) {
  TargetOptions& target = options.target;
  app->add_option("--host", target.host, "Address of the server, on this machine")->capture_default_str();
  app->add_option("--port", target.port, "Its port; default: from run.json, by --tls");
  app->add_option("--state", target.state, "State directory of a running hotlined");
  app->add_option("--domain", target.domain, "XMPP domain; default: run.json's, else localhost");
  app->add_option("--tls", target.tls, "direct, starttls, none, ws or wss")
      ->check(CLI::IsMember({"direct", "starttls", "none", "ws", "wss"}))
      ->capture_default_str();
  app->add_flag("--tls12", target.is_tls12, "TLS 1.2 instead of 1.3");
  app->add_flag("--tls-resume", target.resumes_tls, "Clients that come again take their TLS session up");
  app->add_option("--mechanism", target.mechanism,
                  "SASL mechanism; FAST: by SCRAM-SHA-256 once, then by a token")
      ->check(CLI::IsMember({"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "FAST"}))
      ->capture_default_str();
  app->add_option("--user-prefix", target.user_prefix, "Accounts are PREFIX00000, PREFIX00001, ...")
      ->capture_default_str();
  app->add_option("--user-first", target.user_first, "Number of the first account")->capture_default_str();
  app->add_option("--password", target.password, "Of all accounts")->capture_default_str();
  app->add_flag("--sm,!--no-sm", target.uses_sm, "XEP-0198 stream management (default: on)");
  app->add_flag("--carbons", target.uses_carbons, "Enable XEP-0280 carbons");
  app->add_option("--sources", target.sources, "Come from so many addresses, 127.0.0.1 and on")
      ->check(CLI::Range(1, 250));
  app->add_option("--pid", target.pids, "Server process to read CPU and memory of; default: from run.json");
}

void add_pairs(CLI::App* app, Options& options) {
  PairRunOptions& pairs = options.pairs;
  app->add_option("--pairs", pairs.pairs, "Senders, and as many receivers")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app->add_option("--window", pairs.window, "Messages each pair keeps in flight")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app->add_option("--rate", pairs.rate, "Messages a second over all pairs, instead of a window")
      ->check(CLI::NonNegativeNumber);
  app->add_option("--body", options.body_size, "Bytes of each body")
      ->check(CLI::Range(46, 200'000))
      ->capture_default_str();
  app->add_option("--threads", pairs.threads, "Threads of the load generator")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app->add_option("--seconds", pairs.seconds, "Measured time")->capture_default_str();
  app->add_option("--warmup", pairs.warmup_seconds, "Seconds of load before that")->capture_default_str();
  app->add_option("--drain", pairs.drain_seconds, "Seconds the last messages may take")
      ->capture_default_str();
  app->add_option("--login-at-once", pairs.open_at_once, "Pairs that log in at a time")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app->add_flag("--live", pairs.is_live, "One line a second on standard error");
  app->add_option("--push-marks", pairs.push_marks,
                  "File of `start_ms end_ms label` lines (Unix time; - is standard input), read at the end: "
                  "compares latency inside and outside of them");
  app->add_option("--marks-pad", pairs.marks_pad_ms, "Milliseconds added to both ends of each mark");
}

int report(const Options& options, const std::string& title, const nlohmann::json& figures, bool is_clean) {
  if (options.json != "-") print_figures(title, figures);
  if (!options.json.empty()) {
    nlohmann::json all = figures;
    all["scenario"] = title;
    all["clean"] = is_clean;
    save_json(options.json, all);
  }
  return is_clean ? exit_clean : exit_broken;
}

int run_xmpp_pairs(Options& options) {
  const Target target(options.target);
  const ServerUsage server(target.pids());
  XmppLanePlan plan{target.plan(), options.body_size, options.to, 0};
  plan.client.resumes = options.resumes;
  if (options.resumes) plan.reconnect_ns_max = static_cast<std::int64_t>(options.reconnect_seconds * 1e9);
  XmppLaneMaker maker(target, plan);
  const PairRunResult result = run_pairs(options.pairs, maker, server);
  return report(options, "pairs", result.figures, result.is_clean);
}

int run_relay_pairs(Options& options) {
  const RelayProcess relay(options.relay_threads);
  const ServerUsage server({relay.pid()});
  RelayLaneMaker maker(relay.ports(), options.body_size);
  const PairRunResult result = run_pairs(options.pairs, maker, server);
  return report(options, "relay pairs", result.figures, result.is_clean);
}

using Measure = std::function<Outcome(const Target&, const ServerUsage&)>;

int run_on_target(const Options& options, const std::string& title, const Measure& measure) {
  const Target target(options.target);
  const Outcome outcome = measure(target, ServerUsage(target.pids()));
  return report(options, title, outcome.figures, outcome.is_clean);
}

void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void add_idle(CLI::App* app, Options& options) {
  app->add_option("--users", options.idle.users, "Sessions")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app->add_option("--login-at-once", options.idle.at_once, "Logins at a time")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app->add_option("--settle", options.idle.settle_seconds, "Seconds before memory is read")
      ->capture_default_str();
  app->add_option("--seconds", options.idle.seconds, "Idle stretch whose CPU is read")->capture_default_str();
}

void add_login(CLI::App* app, Options& options) {
  app->add_option("--login-at-once", options.login.at_once, "Logins at a time")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app->add_option("--seconds", options.login.seconds, "Measured time")->capture_default_str();
}

void add_offline(CLI::App* app, Options& options) {
  OfflineOptions& offline = options.offline;
  static const std::map<std::string, OfflinePhase> phases{
      {"store", OfflinePhase::store}, {"redeliver", OfflinePhase::redeliver}, {"both", OfflinePhase::both}};
  app->add_option("--phase", offline.phase, "store, redeliver or both")
      ->transform(CLI::CheckedTransformer(phases));
  app->add_option("--senders", offline.senders, "Accounts that write")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app->add_option("--recipients", offline.recipients, "Accounts that are away")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app->add_option("--messages", offline.messages, "Messages in all")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  app->add_option("--body", offline.body_size, "Bytes of each body")
      ->check(CLI::Range(46, 200'000))
      ->capture_default_str();
  app->add_option("--in-flight", offline.in_flight, "Unacknowledged messages of a sender")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app->add_option("--ack-every", offline.ack_every, "Messages between a sender's <r/>")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app->add_option("--seconds", offline.seconds_max, "Longest time for a phase")->capture_default_str();
  app->add_option("--ledger", offline.ledger, "What was acknowledged: written by store, read by redeliver");
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app{"Load generator and measuring instrument for XMPP servers on this machine"};
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--json", options.json, "Write all figures to this file; - is standard output");
  int status = exit_unusable;

  CLI::App* pairs =
      app.add_subcommand("pairs", "Numbered messages from senders to receivers: rate, CPU, latency, order");
  add_target(pairs, options);
  add_pairs(pairs, options);
  pairs->add_option("--ack-every", options.pairs.ack_every, "Messages between a sender's <r/>")
      ->capture_default_str();
  pairs->add_flag_callback(
      "--to-full", [&] { options.to = Address::full; }, "Address full JIDs, not bare ones");
  pairs->add_flag("--resume", options.resumes,
                  "Reconnect and resume after a cut; cuts then do not fail the run");
  pairs->add_option("--reconnect", options.reconnect_seconds, "Seconds to keep trying")
      ->capture_default_str();
  pairs
      ->add_option("--breaks", options.pairs.breaks,
                   "Connections to break a second; they come back only with --resume")
      ->check(CLI::NonNegativeNumber);
  pairs->callback([&] { status = run_xmpp_pairs(options); });

  CLI::App* idle = app.add_subcommand("idle", "Sessions that do nothing: memory and CPU");
  add_target(idle, options);
  add_idle(idle, options);
  idle->callback([&] {
    status = run_on_target(options, "idle", [&](const Target& target, const ServerUsage& server) {
      return measure_idle(target, options.idle, server);
    });
  });

  CLI::App* login = app.add_subcommand("login", "Full logins one after the other: CPU of each");
  add_target(login, options);
  add_login(login, options);
  login->add_option("--users", options.login.users, "Accounts that take turns")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  login->callback([&] {
    status = run_on_target(options, "login", [&](const Target& target, const ServerUsage& server) {
      return measure_login(target, options.login, server);
    });
  });

  CLI::App* offline =
      app.add_subcommand("offline", "Messages to people who are away: stored, then delivered");
  add_target(offline, options);
  add_offline(offline, options);
  offline->callback([&] {
    status = run_on_target(options, "offline", [&](const Target& target, const ServerUsage& server) {
      return measure_offline(target, options.offline, server);
    });
  });

  CLI::App* relay =
      app.add_subcommand("relay", "The floor: a bare TLS relay of fixed frames, measured the same way");
  relay->require_subcommand(1);
  CLI::App* relay_pairs = relay->add_subcommand("pairs", "As pairs");
  add_pairs(relay_pairs, options);
  relay_pairs->add_option("--relay-threads", options.relay_threads, "Threads of the relay")
      ->check(CLI::Range(1, 64));
  relay_pairs->callback([&] { status = run_relay_pairs(options); });
  CLI::App* relay_idle = relay->add_subcommand("idle", "As idle");
  add_idle(relay_idle, options);
  relay_idle->callback([&] {
    const Outcome outcome = measure_relay_idle(options.idle);
    status = report(options, "relay idle", outcome.figures, outcome.is_clean);
  });
  CLI::App* handshake = relay->add_subcommand("handshake", "As login, with nothing after the handshake");
  add_login(handshake, options);
  handshake->callback([&] {
    const Outcome outcome = measure_relay_handshake(options.login);
    status = report(options, "relay handshake", outcome.figures, outcome.is_clean);
  });
  CLI::App* serve = relay->add_subcommand("serve", "The relay alone, until it is ended");
  unsigned serve_threads = 1;
  serve->add_option("--threads", serve_threads)->check(CLI::Range(1, 64));
  serve->callback([&] { serve_relay(serve_threads); });

  CLI::App* table =
      app.add_subcommand("table", "The figures of many runs beside each other, with their targets");
  std::string table_directory;
  table->add_option("directory", table_directory, "Holds SUBJECT.SCENARIO.ROUND.json")->required();
  table->callback([&] { status = print_table(table_directory) ? exit_clean : exit_broken; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? exit_clean : exit_unusable;
  }
  return status;
}

}  // namespace
}  // namespace hotline::bench

int main(int argc, char** argv) {
  hotline::bench::raise_file_limit();
  hotline::bench::stop_on_signals();
  hotline::ask_for_short_slices();  // All threads from here on.
  try {
    return hotline::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hotline-bench: %s\n", error.what());
    return hotline::bench::exit_unusable;
  }
}

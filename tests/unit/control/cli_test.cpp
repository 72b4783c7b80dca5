// `hotline` against a host that answers what it is told to: verbs, words, exit status.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "control/config_keys.h"
#include "control/protocol.h"
#include "control/rpc_server.h"
#include "unit/control/rpc_test_host.h"

using hotline::RpcCall;
using hotline::RpcReply;
using hotline::RpcServer;
using hotline::cli::Exit;
using hotline::test::RpcTestHost;
using nlohmann::json;

namespace {

struct Outcome {
  Exit exit;
  std::string out;
  std::string err;
};

Outcome run(const std::vector<std::string>& arguments, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out, err;
  hotline::cli::Context context(in, out, err);
  const Exit exit = hotline::cli::run_command_line(context, "9.9.9", arguments);
  return {exit, out.str(), err.str()};
}

// A host with a state directory, which remembers what it was asked.
class FakeHost {
 public:
  explicit FakeHost(const std::vector<std::pair<std::string, RpcServer::Method>>& methods)
      : host_([&](RpcServer& server) {
          for (const auto& [name, method] : methods) {
            server.add(name, [this, run = method](const RpcCall& call, const RpcReply& reply) {
              {
                const std::lock_guard lock(mutex_);
                asked_.push_back(call.params);
              }
              run(call, reply);
            });
          }
        }) {
    std::ofstream(host_.directory() + "/run.json")
        << json{{"pid", 1}, {"socket", host_.socket()}, {"domain", "example.org"}, {"listen", json::array()}};
  }

  std::vector<std::string> with_state(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--state", host_.directory()});
    return arguments;
  }
  Outcome run(const std::vector<std::string>& arguments, const std::string& input = "") const {
    return ::run(with_state(arguments), input);
  }
  std::vector<json> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  RpcTestHost& host() { return host_; }

 private:
  std::mutex mutex_;
  std::vector<json> asked_;
  RpcTestHost host_;  // Last: its thread uses the others.
};

RpcServer::Method answer(json value) {
  return [value](const RpcCall&, const RpcReply& reply) { reply.result(value); };
}

hotline::StatusReport some_status() {
  hotline::StatusReport status;
  status.version = "0.1.0";
  status.pid = 77;
  status.domain = "example.org";
  status.state_dir = "/srv/hotline";
  status.uptime_s = 7'380;
  status.memory_bytes = 47'185'920;
  status.listen = {{"xmpp", "127.0.0.1", 5222}, {"xmpps", "::1", 5223}};
  status.tls = {"/srv/hotline/tls/dev-cert.pem", "ab12", true};
  status.shards = {{0, 512, 500, 3, 0, 12, 0.231}};
  status.messages.stanzas_in = 1'234;
  status.messages.stanzas_in_per_s.s10 = 12;
  status.messages.mailboxes = 1;
  status.messages.mailbox_entries = 2;
  status.messages.mailbox_bytes = 500;
  status.store.commits = 3;
  status.store.commit_us_max = 4'100;
  status.pushes = {1, 0, 0, 210, 210};
  hotline::ModuleReport routing;
  routing.name = "routing";
  routing.version = "1.1.0";
  routing.build_id = "5f2c9a0177ffee";
  routing.state = "current";
  routing.calls = 98'765;
  routing.call_us_p50 = 2.1;
  routing.memory_bytes = 1'400'000;
  routing.counters = {{"annotated", 12}};
  status.modules = {routing};
  return status;
}

}  // namespace

TEST_CASE("cli: status is shown for people, and as the object with --json wherever that stands") {
  FakeHost host({{"status", answer(some_status())}});
  const Outcome shown = host.run({"status"});
  CHECK(shown.exit == Exit::done);
  CHECK(shown.err == "");
  CHECK(shown.out ==
        "hotlined 0.1.0 serves example.org, up 2 h 3 min (process 77, 45 MiB)\n"
        "state      /srv/hotline\n"
        "listens    xmpp 127.0.0.1:5222, xmpps [::1]:5223\n"
        "tls        /srv/hotline/tls/dev-cert.pem (self-made, for development)\n"
        "stanzas    1,234 in (12/s), 0 out (0/s)\n"
        "mailboxes  1 holds 2 messages, 500 B\n"
        "store      writable; 3 commits, the longest 4.1 ms; 0 messages written\n"
        "pushes     1 live, 0 rollbacks, 0 refused; pause at the barrier: last 210 µs, longest 210 µs\n"
        "alarms     none\n"
        "\n"
        "module   version  build       state     calls  faults  slow     p50   memory  counters\n"
        "routing  1.1.0    5f2c9a0177  current  98,765       0     0  2.1 µs  1.3 MiB  annotated 12\n"
        "\n"
        "shard  connections  sessions  detached  inbox  inbox longest  loop busy\n"
        "    0          512       500         3      0             12       23 %\n");
  for (const auto& arguments : {std::vector<std::string>{"--json", "status"}, {"status", "--json"}}) {
    const Outcome as_json = host.run(arguments);
    CHECK(as_json.exit == Exit::done);
    CHECK(json::parse(as_json.out) == json(some_status()));
  }
}

TEST_CASE("cli: alarms and a store that cannot write are shown") {
  hotline::StatusReport status = some_status();
  status.store.is_writable = false;
  status.store.problem = "database or disk is full";
  status.alarms = {{"store.unwritable", "database or disk is full: make room on /srv", 0}};
  FakeHost host({{"status", answer(status)}});
  const Outcome shown = host.run({"status"});
  CHECK(shown.out.find("store      NOT WRITABLE: database or disk is full; 3 commits") != std::string::npos);
  CHECK(shown.out.find("ALARM      store.unwritable since : database or disk is full: make room on /srv") !=
        std::string::npos);
}

TEST_CASE("cli: a push sends absolute paths, shows its steps and what came of it") {
  hotline::PushReport report;
  report.outcome = "live";
  report.number = 4;
  report.modules = {{"routing", "1.0.0", "1.1.0", "5f2c"}, {"echo", "", "0.1.0", "77"}};
  report.took_ms = 85.2;
  report.pause_us = 210;
  FakeHost host({{"push", [&](const RpcCall&, const RpcReply& reply) {
                    reply.progress(hotline::PushProgress{"verify", "routing 1.1.0", 3.14});
                    reply.progress(hotline::PushProgress{"live", "", 0.21});
                    reply.result(report);
                  }}});
  const std::string file = host.host().directory() + "/routing-1.1.0.so";
  std::ofstream(file) << "x";
  const Outcome pushed =
      host.run({"push", host.host().directory() + "/./routing-1.1.0.so", "--as-one", "--reason", "r"});
  CHECK(pushed.exit == Exit::done);
  CHECK(pushed.err == "  verify      3.1 ms  routing 1.1.0\n  live        210 µs\n");
  CHECK(pushed.out ==
        "live: routing 1.0.0 -> 1.1.0, echo 0.1.0 (new); pause 210 µs, 85 ms in all (number 4 in the "
        "history)\n");
  REQUIRE(host.asked().size() == 1);
  CHECK(host.asked()[0] == json{{"files", {file}}, {"as_one", true}, {"reason", "r"}});

  const Outcome as_json = host.run({"--json", "push", file});
  CHECK(as_json.exit == Exit::done);
  CHECK(json::parse(as_json.out) == json(report));
  CHECK(json::parse(as_json.err.substr(0, as_json.err.find('\n')))["step"] == "verify");
}

TEST_CASE("cli: a refused push says why and ends with status 1") {
  hotline::PushReport report;
  report.outcome = "refused";
  report.refusals = {{"/tmp/bad.so", "not an ELF file: build it with hotline_add_module"}};
  FakeHost host({{"push", answer(report)}, {"rollback", answer(report)}});
  const std::string file = host.host().directory() + "/bad.so";
  std::ofstream(file) << "x";
  const Outcome refused = host.run({"push", file});
  CHECK(refused.exit == Exit::failed);
  CHECK(refused.out == "");
  CHECK(refused.err ==
        "hotline: refused: /tmp/bad.so: not an ELF file: build it with hotline_add_module\n"
        "What was running keeps running.\n");
  CHECK(host.run({"--json", "push", file}).exit == Exit::failed);
  CHECK(host.run({"rollback", "routing"}).exit == Exit::failed);

  const Outcome missing = host.run({"push", "/nowhere/a.so"});
  CHECK(missing.exit == Exit::failed);
  CHECK(missing.err == "hotline: no file /nowhere/a.so: nothing was pushed\n");
}

TEST_CASE("cli: a rollback names module, version and reason") {
  hotline::PushReport report;
  report.outcome = "live";
  report.modules = {{"routing", "1.1.0", "1.0.0", "aa"}};
  report.took_ms = 0.9;
  FakeHost host({{"rollback", answer(report)}});
  const Outcome done = host.run({"rollback", "routing", "--to", "1.0.0", "--reason", "slow"});
  CHECK(done.exit == Exit::done);
  CHECK(done.out == "live: routing 1.1.0 -> 1.0.0; pause 0 µs, 900 µs in all\n");
  CHECK(host.asked().at(0) == json{{"module", "routing"}, {"to", "1.0.0"}, {"reason", "slow"}});
}

TEST_CASE("cli: a plan is told a paragraph a module, and blockers make it fail") {
  hotline::PlanReport report;
  hotline::PlannedModuleReport& module = report.modules.emplace_back();
  module.name = "roster";
  module.from = "1.0.0";
  module.to = "2.0.0";
  module.kind = "schema step";
  module.signer = "ada";
  module.gained = {"iq jabber:iq:roster self", "command roster.count"};
  module.tables = {{"rosters", 1, 2, "up and down proved on 200 live rows"}};
  module.config = {{"contacts_max", true, true}, {"contatcs_max", true, false}, {"groups_max", false, true}};
  report.is_hot = true;
  report.barriers = 3;
  report.pause_us = 210;
  FakeHost host({{"plan", answer(report)}});
  const std::string file = host.host().directory() + "/roster-2.0.0.so";
  std::ofstream(file) << "x";
  const Outcome shown = host.run({"plan", file});
  CHECK(shown.exit == Exit::done);
  CHECK(shown.out ==
        "roster 1.0.0 -> 2.0.0: schema step, signed by ada\n"
        "  gains     iq jabber:iq:roster self, command roster.count\n"
        "  table     rosters: schema 1 -> 2, up and down proved on 200 live rows\n"
        "  config    contacts_max (set), contatcs_max (set, not read), groups_max (default)\n"
        "hot: live without a restart; pause about 210 µs (the longest of the last barriers)\n");
  CHECK(host.asked().at(0).at("files") == json::array({std::filesystem::canonical(file).string()}));

  report.is_hot = false;
  report.blockers = {{file, "roster 2.0.0 refused: in preflight it died"}};
  FakeHost blocked({{"plan", answer(report)}});
  const Outcome refused = blocked.run({"plan", file});
  CHECK(refused.exit == Exit::failed);
  CHECK(refused.out.find("blocked: " + file + ": roster 2.0.0 refused: in preflight it died\n") !=
        std::string::npos);
  CHECK(refused.out.find("hot:") == std::string::npos);
  CHECK(blocked.run({"--json", "plan", file}).exit == Exit::failed);
}

TEST_CASE("cli: history says in which step a push was refused") {
  hotline::HistoryEntry entry;
  entry.number = 13;
  entry.kind = "push";
  entry.outcome = "refused";
  entry.steps = {{"verify", 3, ""}, {"preflight", 90, "12 events"}};
  FakeHost host({{"history", answer(hotline::HistoryReport{{entry}})}});
  CHECK(host.run({"history"}).out.find("refused in preflight") != std::string::npos);
}

TEST_CASE("cli: history shows who did what and why") {
  hotline::HistoryEntry entry;
  entry.number = 12;
  entry.kind = "push";
  entry.outcome = "live";
  entry.user = "ada";
  entry.reason = "fix\ncarbons";
  entry.modules = {{"routing", "1.0.0", "1.1.0", "aa"}};
  entry.took_ms = 85;
  entry.pause_us = 210;
  FakeHost host({{"history", answer(hotline::HistoryReport{{entry}})}});
  const Outcome shown = host.run({"history", "--limit", "5"});
  CHECK(shown.out ==
        "number  what  modules                 outcome   pause   took  who  why\n"
        "    12  push  routing 1.0.0 -> 1.1.0  live     210 µs  85 ms  ada  fix carbons\n");
  CHECK(host.asked().at(0) == json{{"limit", 5}});
}

TEST_CASE("cli: an account's password comes from standard input, its domain from the host") {
  FakeHost host({{"user.add", answer({{"account", "alice@example.org"}})},
                 {"user.passwd", answer(json::object())},
                 {"user.remove", answer(json::object())},
                 {"user.list", answer(hotline::AccountsReport{{"alice@example.org", "bob@example.org"}})}});
  const Outcome added = host.run({"user", "add", "alice"}, "secret word\r\nmore\n");
  CHECK(added.exit == Exit::done);
  CHECK(added.out == "added alice@example.org\n");
  CHECK(host.run({"user", "passwd", "alice@other.org"}, "new").out ==
        "changed the password of alice@other.org\n");
  CHECK(host.run({"user", "remove", "alice"}).out == "removed alice@example.org\n");
  CHECK(host.run({"user", "list"}).out == "alice@example.org\nbob@example.org\n");
  const std::vector<json> asked = host.asked();
  CHECK(asked.at(0) == json{{"account", "alice@example.org"}, {"password", "secret word"}});
  CHECK(asked.at(1) == json{{"account", "alice@other.org"}, {"password", "new"}});
  CHECK(asked.at(2) == json{{"account", "alice@example.org"}});

  const Outcome empty = host.run({"user", "add", "carol"}, "");
  CHECK(empty.exit == Exit::failed);
  CHECK(empty.err == "hotline: the password is empty: give it on the first line of standard input\n");
  CHECK(host.run({"user", "add", "carol"}, std::string(1025, 'x')).exit == Exit::failed);
  CHECK(host.asked().size() == 4);
}

TEST_CASE("cli: the domain is asked of the host where only the socket is known") {
  FakeHost host({{"status", answer(some_status())}, {"mailbox", answer(hotline::MailboxReport{})}});
  CHECK(run({"--socket", host.host().socket(), "mailbox", "alice"}).exit == Exit::done);
  CHECK(host.asked().at(1) == json{{"account", "alice@example.org"}});
}

TEST_CASE("cli: many accounts are added over one connection, and each that fails is named") {
  FakeHost host({{"user.add", [](const RpcCall& call, const RpcReply& reply) {
                    const auto account = call.params.at("account").get<std::string>();
                    if (account == "load00007@example.org") return reply.refuse("exists already");
                    reply.result({{"account", account}});
                  }}});
  const Outcome added = host.run({"user", "add", "--prefix", "load", "--count", "300"}, "secret\n");
  CHECK(added.exit == Exit::failed);
  CHECK(added.out == "added 299 accounts\n");
  CHECK(added.err == "hotline: load00007@example.org: exists already\n");
  const std::vector<json> asked = host.asked();
  REQUIRE(asked.size() == 300);
  CHECK(asked.front()["account"] == "load00000@example.org");
  CHECK(asked.back()["account"] == "load00299@example.org");

  const Outcome as_json =
      host.run({"--json", "user", "add", "--prefix", "load", "--count", "10"}, "secret\n");
  CHECK(json::parse(as_json.out) ==
        json{{"added", 9},
             {"failed", {{{"account", "load00007@example.org"}, {"message", "exists already"}}}}});
}

TEST_CASE("cli: sessions and mailboxes are shown without content") {
  hotline::SessionReport session;
  session.address = "alice@example.org/phone";
  session.shard = 1;
  session.peer = "127.0.0.1";
  session.transport = "TLSv1.3";
  session.has_sm = true;
  session.unacknowledged = 3;
  hotline::MailboxReport mailbox{"alice@example.org", 2, 2'048, 10'000, 67'108'864, 0};
  FakeHost host({{"sessions", answer(hotline::SessionsReport{{session}})}, {"mailbox", answer(mailbox)}});
  CHECK(host.run({"sessions"}).out ==
        "session                  shard  state     peer       transport  sm  unacknowledged\n"
        "alice@example.org/phone      1  attached  127.0.0.1  TLSv1.3    on               3\n");
  CHECK(host.run({"sessions", "--account", "alice"}).exit == Exit::done);
  CHECK(host.asked().at(0) == json{{"account", ""}});
  CHECK(host.asked().at(1) == json{{"account", "alice@example.org"}});
  CHECK(host.run({"mailbox", "alice"}).out ==
        "alice@example.org: 2 messages of at most 10,000, 2.0 KiB of 64 MiB\n");
}

TEST_CASE("cli: the configuration in use is shown with what was changed") {
  hotline::Config config;
  config.shards = 2;
  FakeHost host({{"config.show", answer(hotline::config_report(config))}});
  const Outcome shown = host.run({"config", "show"});
  CHECK(shown.exit == Exit::done);
  CHECK(shown.out.find("\nshards ") != std::string::npos);
  const std::size_t line = shown.out.find("\nshards ") + 1;
  std::istringstream words(shown.out.substr(line, shown.out.find('\n', line) - line));
  std::vector<std::string> cells;
  for (std::string word; words >> word;) cells.push_back(word);
  CHECK(cells == std::vector<std::string>{"shards", "2", "threads", "0", "restart"});
}

TEST_CASE("cli: a host that is not there is told with the way out, status 3") {
  char name[] = "/tmp/hotline-cli-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  const std::string dir = name;
  const std::string way_out =
      "hotline: no host runs with state directory " + dir + ": start `hotlined --state " + dir + "`\n";
  const Outcome never = run({"--state", dir, "status"});
  CHECK(never.exit == Exit::unreachable);
  CHECK(never.err == way_out);
  std::ofstream(dir + "/run.json") << json{{"socket", dir + "/gone.sock"}};
  CHECK(run({"--state", dir, "status"}).err == way_out);  // It was killed, and its file stayed.
  const Outcome as_json = run({"--state", dir, "--json", "status"});
  CHECK(as_json.exit == Exit::unreachable);
  CHECK(json::parse(as_json.out)["error"]["message"].get<std::string>().starts_with("no host runs"));
  std::ofstream(dir + "/run.json", std::ios::trunc) << "{";
  CHECK(run({"--state", dir, "status"}).err.find("run.json is damaged") != std::string::npos);
  const Outcome socket = run({"--socket", dir + "/gone.sock", "status"});
  CHECK(socket.exit == Exit::unreachable);
  CHECK(socket.err ==
        "hotline: no host answers at " + dir + "/gone.sock: check the path, or give --state DIR\n");
  REQUIRE(setenv("HOTLINE_STATE", dir.c_str(), 1) == 0);
  CHECK(run({"status"}).err.find("run.json is damaged") != std::string::npos);
  REQUIRE(unsetenv("HOTLINE_STATE") == 0);
  std::filesystem::remove_all(name);
}

TEST_CASE("cli: a command line that is not understood is told so, status 2") {
  const Outcome verb = run({"--state", "/tmp", "stauts"});
  CHECK(verb.exit == Exit::usage);
  CHECK(verb.err == "hotline: no verb `stauts`; did you mean `hotline status`?\n");
  CHECK(run({"canary", "pause"}).err == "hotline canary: no verb `pause`; did you mean `hotline pause`?\n");
  CHECK(run({"config", "--state", "a", "refrence"}).err ==
        "hotline config: no verb `refrence`; did you mean `hotline config reference`?\n");
  CHECK(run({"canary", "pasue"}).err == "hotline canary: no verb `pasue`; did you mean `hotline pause`?\n");
  CHECK(run({"user", "zzz"}).err == "hotline user: no verb `zzz`; see `hotline user --help`\n");
  CHECK(run({"user"}).err == "hotline user: a verb is missing\nSee `hotline user --help`.\n");
  CHECK(run({}).exit == Exit::usage);
  const Outcome missing = run({"push"});
  CHECK(missing.exit == Exit::usage);
  CHECK(missing.err == "hotline push: file is required\nSee `hotline push --help`.\n");
  CHECK(run({"user", "add"}).exit == Exit::usage);
  CHECK(run({"user", "add", "--prefix", "x"}).exit == Exit::usage);
  CHECK(run({"log-level", "loud"}).exit == Exit::usage);
  CHECK(run({"--state", "a", "--socket", "b", "status"}).exit == Exit::usage);
}

TEST_CASE("cli: help and version need no host") {
  const Outcome help = run({"push", "--help"});
  CHECK(help.exit == Exit::done);
  CHECK(help.out.find("Examples:\n") != std::string::npos);
  CHECK(run({"--version"}).out == "hotline 9.9.9\n");
  const Outcome completion = run({"completion", "bash"});
  CHECK(completion.exit == Exit::done);
  CHECK(completion.out.find("\"push\") words=\"--help --as-one --reason --force --shadow --shadow-max "
                            "--canary --canary-accounts --hold --gate \"; files=yes") != std::string::npos);
}

TEST_CASE("cli: a refusal is shown as the host worded it, an unknown method with its likely causes") {
  FakeHost host(
      {{"user.add", [](const RpcCall&, const RpcReply& reply) { reply.refuse("no such domain"); }}});
  const Outcome refused = host.run({"user", "add", "a@b"}, "x");
  CHECK(refused.exit == Exit::failed);
  CHECK(refused.err == "hotline: no such domain\n");
  CHECK(host.run({"status"}).err ==
        "hotline: no method `status` on this host: it is of another version, or the module that has it is "
        "not loaded "
        "(`hotline modules`)\n");
}

TEST_CASE("cli: an answer of another shape is no crash") {
  FakeHost host({{"status", answer({{"shards", "many"}})}, {"modules", answer(json::array())}});
  for (const char* verb : {"status", "modules"}) {
    const Outcome odd = host.run({verb});
    CHECK(odd.exit == Exit::failed);
    CHECK(odd.err ==
          "hotline: the host's answer is not understood: are `hotline` and `hotlined` of one version?\n");
  }
}

TEST_CASE("cli: shutdown waits until the host has gone") {
  RpcTestHost host([](RpcServer&) {});
  host.on_loop([&host](RpcServer& server) {
    server.add("shutdown", [&host](const RpcCall&, const RpcReply& reply) {
      reply.result(json::object());
      host.close_server();
    });
  });
  const Outcome stopped = run({"--socket", host.socket(), "shutdown"});
  CHECK(stopped.exit == Exit::done);
  CHECK(stopped.out == "the host has stopped\n");
  host.join();
}

TEST_CASE("cli: the doctor needs no host, and its exit status says whether the machine is fit") {
  const Outcome outcome = run({"--json", "doctor", "--sessions", "1000"});
  const json report = json::parse(outcome.out);
  CHECK(report.at("sessions") == 1000);
  CHECK(report.at("checks").size() > 20);
  CHECK(outcome.exit == (report.at("fit").get<bool>() ? Exit::done : Exit::failed));
  CHECK(run({"doctor", "--sessions", "1000", "--sysctl"}).out.find("fs.nr_open = 5096\n") !=
        std::string::npos);
  CHECK(run({"doctor", "--sessions", "0"}).exit == Exit::usage);
  char dir[] = "/tmp/hotline-cli-XXXXXX";  // The configuration of the state directory that is meant is read.
  REQUIRE(mkdtemp(dir) != nullptr);
  std::ofstream(std::string(dir) + "/hotline.json") << R"({ "shards": 129 })";
  CHECK(run({"--state", dir, "doctor"}).err.find("/hotline.json:1: `shards`") != std::string::npos);
  std::filesystem::remove_all(dir);
}

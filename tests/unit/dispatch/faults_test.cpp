// A module that goes wrong in the middle of a call, in a whole host: what it asked for is undone, the
// generation before it is offered the event, and who did it is known. The fixtures are in
// tests/fixture/faulty.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "push/crash_record.h"
#include "push/guard.h"
#include "push/symbols.h"
#include "push/watchdog.h"
#include "unit/dispatch/sim_world.h"

namespace hotline::test {
namespace {

std::string faulty(const std::string& what) {
  const std::string version = what == "right" ? "1.0.0" : "2.0.0";
  return std::string(HOTLINE_FIXTURE_DIR) + "/faulty_" + what + "/faulty-" + version + ".so";
}

struct Faulty {
  explicit Faulty(const std::vector<std::string>& modules = {faulty("right")})
      : world({.seed = 1,
               .shards = 1,
               .accounts = {},
               .modules = modules,
               .limits = {},
               .listener = {.name = "faulty", .framer = FramerKind::lines, .needs_tls = false}}) {
    is_armed = arm_guard({.on_signal = GuardSettings::OnSignal::rescue, .record = nullptr});
    world.host().world().fault_seen = [this](Fault fault) { faults.push_back(std::move(fault)); };
    world.host().world().event_failed = [this](FailedEvent event) { failed.push_back(std::move(event)); };
  }
  ~Faulty() { disarm_guard(); }
  Faulty(const Faulty&) = delete;
  Faulty& operator=(const Faulty&) = delete;

  std::string say() {
    const std::shared_ptr<sim::Wire> wire = world.connect(0);
    wire->to_host = "go\n";
    world.deliver(*wire, std::string::npos);
    world.settle();
    return wire->to_client;
  }

  sim::SimWorld world;
  bool is_armed = false;
  std::vector<Fault> faults;
  std::vector<FailedEvent> failed;
};

struct Case {
  const char* fixture;
  FaultCause::Kind kind;
  const char* text;
  const char* function;  // Where it is said to have been.
  bool is_signal;
};
constexpr Case cases[] = {
    {"null_write", FaultCause::Kind::signal, "raised SIGSEGV at address 0x0", "misbehave", true},
    {"null_call", FaultCause::Kind::signal, "raised SIGSEGV at address 0x0", "misbehave", true},
    {"division", FaultCause::Kind::signal, "raised SIGFPE", "misbehave", true},
    {"stack_overflow", FaultCause::Kind::signal, "overflowed its stack (SIGSEGV)", "deeper", true},
    {"aborts", FaultCause::Kind::signal, "aborted (SIGABRT)", "misbehave", true},
    {"asserts", FaultCause::Kind::signal, "aborted (SIGABRT)", "misbehave", true},
    {"throws_out_of_noexcept", FaultCause::Kind::signal, "aborted (SIGABRT)", "promise", true},
    {"throws_in_call", FaultCause::Kind::exception, "threw not today", "", false},
    {"foreign_table", FaultCause::Kind::status, "answered HL_E_DENIED", "", false},
};

TEST_CASE("faults: a call that goes wrong is undone, and the generation before it answers instead") {
  for (const Case& one : cases) {
    CAPTURE(std::string(one.fixture));
    Faulty host;
    if (one.is_signal && !host.is_armed) continue;
    CHECK(host.say() == "1.0.0 -\n");
    REQUIRE_MESSAGE(host.world.push(faulty(one.fixture)), host.world.last_refusal);
    CHECK(host.say() == "1.0.0 1.0.0\n");
    CHECK(host.say() == "1.0.0 1.0.0\n");
    REQUIRE(host.faults.size() == 2);
    const Fault& fault = host.faults.front();
    CHECK(fault.module == "faulty");
    CHECK(fault.version == "2.0.0");
    CHECK(fault.build_id.size() == 40);
    CHECK(fault.event == EventKind::line);
    CHECK(fault.cause.kind == one.kind);
    CHECK(fault.cause.text() == one.text);
    if (*one.function != '\0') CHECK(function_at(fault.file, fault.offset).starts_with(one.function));
    CHECK(host.failed.empty());
    CHECK(host.world.host().shard(0).counters.faults.get() == 2);
  }
}

TEST_CASE("faults: a call that never comes back is ended when its hard budget is used up") {
  Faulty host;
  if (!host.is_armed) return;
  SystemClock clock;
  const Watchdog watchdog(clock, {});
  REQUIRE(host.world.push(faulty("endless_loop")));
  CHECK(host.say() == "1.0.0 -\n");
  REQUIRE(host.faults.size() == 1);
  CHECK(host.faults.front().cause.kind == FaultCause::Kind::overrun);
  CHECK(function_at(host.faults.front().file, host.faults.front().offset).starts_with("misbehave"));
}

TEST_CASE("faults: after the second what is queued goes past the generation, until another set is live") {
  Faulty host;
  REQUIRE(host.world.push(faulty("throws_in_call")));
  CHECK(host.say() == "1.0.0 -\n");
  for (int i = 0; i < 9; ++i) CHECK(host.say() == "1.0.0 1.0.0\n");
  CHECK(host.faults.size() == 2);
  // It was not left: then it is called again, and the next fault is told to whoever leaves it.
  host.world.clock.advance_us(FaultAllowance::passed_over_us + 1'000'000);
  for (int i = 0; i < 9; ++i) CHECK(host.say() == "1.0.0 1.0.0\n");
  CHECK(host.faults.size() == 3);
  CHECK(host.failed.empty());
}

TEST_CASE("faults: who has nobody before it is called on, however often it has failed") {
  Faulty host({faulty("throws_in_call")});
  for (int i = 0; i < 4; ++i) CHECK(host.say().starts_with("error service-unavailable"));
  CHECK(host.faults.size() == 4);
  CHECK(host.failed.size() == 4);
}

TEST_CASE("faults: faults that are far apart are no reason to go past anybody") {
  Faulty host;
  REQUIRE(host.world.push(faulty("throws_in_call")));
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(host.say().starts_with("1.0.0 "));
    CHECK(host.faults.size() == i);
    host.world.clock.advance_us(FaultAllowance::window_us + 1'000'000);
  }
}

TEST_CASE("faults: a slow call that comes back has its effects, and is counted") {
  Faulty host;
  SystemClock clock;
  const Watchdog watchdog(clock, {});
  REQUIRE(host.world.push(faulty("slow_call")));
  CHECK(host.say() == "2.0.0 -\n");
  CHECK(host.faults.empty());
  const CalledModule& module = host.world.host().shard(0).calls.live().current->modules.back();
  CHECK(module.generation->charged()->slow_calls == 1);
}

TEST_CASE("faults: an event that no generation survives is given up, with who and when and what") {
  Faulty host({faulty("throws_in_call")});
  CHECK(host.say() == "error service-unavailable: no module takes these lines\n");
  REQUIRE(host.failed.size() == 1);
  CHECK(host.failed.front().module == "faulty");
  CHECK(host.failed.front().kind == EventKind::line);
}

TEST_CASE("faults: an instance that cannot be made is a refused push, and what was live stays") {
  for (const std::string wrong : {"crash_in_create", "throws_in_constructor"}) {
    CAPTURE(wrong);
    Faulty host;
    if (wrong == "crash_in_create" && !host.is_armed) continue;
    CHECK_FALSE(host.world.push(faulty(wrong)));
    const char* words =
        wrong == "crash_in_create"
            ? "faulty 2.0.0 refused: create for shard 0 raised SIGSEGV at address 0x0 in create"
            : "faulty 2.0.0 refused: create for shard 0 threw I would rather not";
    CHECK(host.world.last_refusal == words);
    CHECK(host.say() == "1.0.0 -\n");
  }
}

TEST_CASE("faults: a convert that crashes parks the row, is charged, and the event goes to the one before") {
  Faulty host;
  if (!host.is_armed) return;
  CHECK(host.say() == "1.0.0 -\n");
  REQUIRE_MESSAGE(host.world.push(faulty("crash_in_convert")), host.world.last_refusal);
  CHECK(host.say() == "1.0.0 1.0.0\n");
  // Of the convert, for the call and for the sweep: that the row is parked then is not the call's fault.
  REQUIRE(host.faults.size() == 2);
  for (const Fault& fault : host.faults) {
    CHECK(fault.event == EventKind::convert);
    CHECK(fault.cause.kind == FaultCause::Kind::signal);
  }
}

TEST_CASE("faults: who crashes on a row that cannot be converted is charged with the crash") {
  Faulty host;
  if (!host.is_armed) return;
  CHECK(host.say() == "1.0.0 -\n");
  REQUIRE_MESSAGE(host.world.push(faulty("trusts_parked")), host.world.last_refusal);
  CHECK(host.say() == "1.0.0 1.0.0\n");
  REQUIRE(host.faults.size() == 1);
  CHECK(host.faults.front().event == EventKind::line);
  CHECK(host.faults.front().cause.kind == FaultCause::Kind::signal);
}

TEST_CASE("faults: a destroy that crashes leaves the process alive") {
  std::uint64_t before = 0;
  {
    Faulty host;
    if (!host.is_armed) return;
    before = rescued_signals();
    REQUIRE(host.world.push(faulty("crash_in_destroy")));
    CHECK(host.say() == "2.0.0 -\n");
    // As the daemon does: the handlers outlive the code.
    host.world.pipeline().close();
  }
  CHECK(rescued_signals() > before);
}

// What dies is another process.
TEST_CASE(
    "faults: what breaks the allocator or libc ends the process, and the record names whose call it was") {
  struct Death {
    const char* fixture;
    int signal;
  };
  for (const Death& death :
       {Death{"double_free", SIGABRT}, Death{"wild_write", SIGABRT}, Death{"copy_to_null", SIGSEGV}}) {
    CAPTURE(std::string(death.fixture));
    const sim::TempDir state;
    const pid_t child = fork();
    if (child == 0) {
      Faulty host;
      Result<CrashRecord> record = CrashRecord::open(state.path());
      if (!record || !arm_guard({.on_signal = GuardSettings::OnSignal::rescue, .record = &*record}))
        _exit(77);
      if (!host.world.push(faulty(death.fixture))) _exit(1);
      host.say();
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return;  // A sanitizer build.
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == death.signal);
    const std::optional<Crash> crash = CrashRecord::read(state.path());
    REQUIRE(crash);
    CHECK(crash->signal == death.signal);
    CHECK(crash->module == "faulty");
    CHECK(crash->version == "2.0.0");
    CHECK(crash->build_id.size() == 40);
    CHECK(crash->call == "on_line");
  }
}

TEST_CASE("faults: with `restart` a signal in a module's own code ends the process too") {
  const sim::TempDir state;
  const pid_t child = fork();
  if (child == 0) {
    Faulty host;
    Result<CrashRecord> record = CrashRecord::open(state.path());
    if (!record || !arm_guard({.on_signal = GuardSettings::OnSignal::restart, .record = &*record})) _exit(77);
    if (!host.world.push(faulty("null_write"))) _exit(1);
    host.say();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return;
  CHECK(WIFSIGNALED(status));
  const std::optional<Crash> crash = CrashRecord::read(state.path());
  REQUIRE(crash);
  CHECK(crash->pc.starts_with(crash->module + "+0x"));
  CHECK(crash->pc.ends_with(" [" + crash->build_id + "]"));
}

}  // namespace
}  // namespace hotline::test

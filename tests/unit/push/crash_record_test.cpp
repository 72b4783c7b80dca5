// The crash record: what one process leaves for the next, and for how long.
#include "push/crash_record.h"

#include <doctest/doctest.h>

#include <csignal>
#include <cstring>

#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

namespace {

GuardedCode code_of(const char* module) {
  GuardedCode code;
  std::strcpy(code.module, module);
  std::strcpy(code.version, "2.0.0");
  std::strcpy(code.build_id, "00112233445566778899");
  return code;
}

}  // namespace

TEST_CASE("crash record: it stays over starts that fail, until it is forgotten") {
  const ScratchDirectory state;
  const GuardedCode code = code_of("routing");
  CrashRecord::open(state.path())->write(SIGABRT, 0, &code, EventKind::convert);
  for (int start = 0; start < 2; ++start) {
    const std::optional<Crash> crash = CrashRecord::read(state.path());
    REQUIRE(crash);
    CHECK(crash->module == "routing");
    CHECK(crash->build_id == "00112233445566778899");
    CHECK(crash->call == "convert");
    REQUIRE(CrashRecord::open(state.path()).has_value());
  }
  REQUIRE(CrashRecord::open(state.path())->forget().has_value());
  CHECK_FALSE(CrashRecord::read(state.path()));
}

TEST_CASE("crash record: the next crash is written over the one before it, whichever is longer") {
  const ScratchDirectory state;
  const GuardedCode code = code_of("registration_with_a_long_name");
  CrashRecord::open(state.path())->write(SIGABRT, 0, &code, EventKind::stanza);
  CrashRecord::open(state.path())->write(SIGSEGV, 16, nullptr, EventKind::stream);
  const std::optional<Crash> crash = CrashRecord::read(state.path());
  REQUIRE(crash);
  CHECK(crash->signal == SIGSEGV);
  CHECK(crash->module.empty());
  CHECK(bytes_of(state.path() + "/crash.record") == "signal 11\npc 0x10\nend\n");
}

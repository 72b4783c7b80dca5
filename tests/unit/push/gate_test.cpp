// The gate: bad code fails whatever the traffic, and noise does not fail good code.
#include "push/gate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace hotline::test {
namespace {

// What a generation's calls come to: shares of faults and errors, and a time with a tail.
struct Nature {
  double faults = 0, errors = 0;
  double median_us = 20, spread = 0.6;  // Log-normal.
  double stall_share = 0.002, stall_us = 3'000;
};

class Traffic {
 public:
  explicit Traffic(std::uint64_t seed) : random_(seed) {}

  void add(CallFigures& figures, const Nature& nature, int calls) {
    for (int i = 0; i < calls; ++i) {
      ++figures.calls;
      ++figures.measured;
      if (chance(nature.faults)) ++figures.faults;
      if (chance(nature.errors)) ++figures.errors;
      double us = nature.median_us * std::exp(nature.spread * normal_(random_));
      if (chance(nature.stall_share)) us += nature.stall_us;
      figures.time_ns.add(static_cast<std::uint64_t>(us * 1000));
    }
  }
  int some(int about) { return static_cast<int>(uniform_(random_) * 2 * about); }

 private:
  bool chance(double share) { return uniform_(random_) < share; }
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
};

struct Trial {
  GateVerdict verdict;
  int looks = 0;
};

// A minute of looks, one a second, until the gate fails.
Trial judge(std::uint64_t seed, const Nature& candidate, const Nature& control, int candidate_calls,
            int control_calls) {
  Traffic traffic(seed);
  Gate gate({}, {});
  Trial trial;
  GateModule module{.label = "routing 1.1.0", .candidate = {}, .control = CallFigures{}};
  for (trial.looks = 1; trial.looks <= 60; ++trial.looks) {
    traffic.add(module.candidate, candidate, traffic.some(candidate_calls));
    traffic.add(*module.control, control, traffic.some(control_calls));
    trial.verdict = gate.look({module}, {});
    if (trial.verdict.kind == GateVerdict::Kind::fails) return trial;
  }
  return trial;
}

std::string failed(const GateVerdict& verdict) {
  std::string figures;
  for (const GateFinding& finding : verdict.findings) figures += finding.figure + " ";
  return verdict.kind == GateVerdict::Kind::fails ? figures : std::string();
}

TEST_CASE("wilson: the range holds the share, narrows with the count, and stays within 0 and 1") {
  for (const std::uint64_t all : {1u, 10u, 100u, 10'000u})
    for (const std::uint64_t count : {std::uint64_t{0}, all / 10, all / 2, all}) {
      const ShareRange range = wilson(count, all, 3.29);
      const double share = static_cast<double>(count) / static_cast<double>(all);
      CHECK(range.low >= 0);
      CHECK(range.high <= 1);
      CHECK(range.low <= share + 1e-12);
      CHECK(range.high >= share - 1e-12);
    }
  CHECK(wilson(50, 100, 1.96).low == doctest::Approx(0.4038).epsilon(0.001));  // Wilson 1927, any table.
  CHECK(wilson(50, 100, 1.96).high == doctest::Approx(0.5962).epsilon(0.001));
  CHECK(wilson(0, 0, 3.29).high == 1);
}

TEST_CASE("gate: of 600 good pushes over all kinds of traffic, noise fails none") {
  int seeds = 0;
  for (const int calls : {1, 5, 50})
    for (const double errors : {0.0, 0.05, 0.4})
      for (std::uint64_t seed = 1; seed <= 66; ++seed) {
        const Nature same{.errors = errors};
        const Trial trial =
            judge(seed * 31 + static_cast<std::uint64_t>(calls), same, same, calls, 5 * calls);
        INFO("calls " << calls << ", errors " << errors << ", seed " << seed);
        CHECK(failed(trial.verdict) == "");
        ++seeds;
      }
  CHECK(seeds > 590);
}

TEST_CASE("gate: a candidate that is better, or worse within the margins, passes") {
  const Nature control{.faults = 0, .errors = 0.05, .median_us = 20};
  CHECK(failed(judge(1, {.errors = 0.0, .median_us = 10}, control, 50, 200).verdict) == "");
  CHECK(failed(judge(2, {.errors = 0.06, .median_us = 35}, control, 50, 200).verdict) == "");
  CHECK(judge(3, control, control, 50, 200).verdict.kind == GateVerdict::Kind::passes);
}

TEST_CASE("gate: each bad figure fails by its name, soon") {
  const Nature control{.errors = 0.01};
  const auto check = [&](const Nature& bad, const std::string& figure, int looks_max) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const Trial trial = judge(seed, bad, control, 20, 200);
      INFO(figure << ", seed " << seed << ": " << failed(trial.verdict));
      CHECK(failed(trial.verdict).find(figure) != std::string::npos);
      CHECK(trial.looks <= looks_max);
    }
  };
  check({.faults = 0.3}, "faults", 5);
  check({.faults = 0.02}, "faults", 60);
  check({.errors = 1.0}, "errors", 5);
  check({.errors = 0.15}, "errors", 60);
  check({.errors = 0.01, .median_us = 5'000}, "p50", 5);
  check({.errors = 0.01, .stall_share = 0.10, .stall_us = 20'000}, "p99", 60);
}

TEST_CASE("gate: a module that faults on every call fails on its second call, however quiet the host") {
  Gate gate({}, {});
  GateModule module{.label = "routing 1.1.0", .candidate = {}, .control = CallFigures{}};
  module.control->calls = 5'000;
  module.candidate.calls = module.candidate.faults = 1;
  CHECK(gate.look({module}, {}).kind == GateVerdict::Kind::waits);
  module.candidate.calls = module.candidate.faults = 2;
  const GateVerdict verdict = gate.look({module}, {});
  REQUIRE(verdict.kind == GateVerdict::Kind::fails);
  CHECK(verdict.findings.front().text ==
        "faults: routing 1.1.0 had 2 of 2 calls (100.0 %), and what it replaces 0 of 5000 calls (0.00 %); "
        "0.10 % more was allowed");
}

TEST_CASE("gate: a new module has nothing to be compared with, but may not fault") {
  Gate gate({}, {});
  GateModule module{.label = "groups 1.0.0", .candidate = {}, .control = std::nullopt};
  Traffic(1).add(module.candidate, {.errors = 0.9, .median_us = 90'000}, 500);
  CHECK(gate.look({module}, {}).kind == GateVerdict::Kind::passes);
  Traffic(2).add(module.candidate, {.faults = 0.1}, 500);
  CHECK(failed(gate.look({module}, {})) == "faults ");
}

TEST_CASE("gate: below the minimum of calls it waits, and says how many are missing") {
  Gate gate({}, {});
  GateModule module{.label = "routing 1.1.0", .candidate = {}, .control = CallFigures{}};
  Traffic(1).add(module.candidate, {}, 12);
  Traffic(2).add(*module.control, {}, 500);
  const GateVerdict verdict = gate.look({module}, {});
  CHECK(verdict.kind == GateVerdict::Kind::waits);
  CHECK(verdict.missing == "12 of 100 calls that are judged");
}

TEST_CASE("gate: a queue that grows fails when it stands in two looks on end, one peak does not") {
  GateModule module{.label = "routing 1.1.0", .candidate = {}, .control = CallFigures{}};
  Traffic(1).add(module.candidate, {}, 500);
  Traffic(2).add(*module.control, {}, 500);
  Gate gate({}, {.queued = 1'000});
  CHECK(gate.look({module}, {.queued = 50'000}).kind == GateVerdict::Kind::waits);
  CHECK(gate.look({module}, {.queued = 100}).kind == GateVerdict::Kind::passes);
  CHECK(gate.look({module}, {.queued = 50'000}).kind == GateVerdict::Kind::waits);
  CHECK(failed(gate.look({module}, {.queued = 50'000})) == "queue ");
  // A host that was as busy before the push is not the push's doing.
  Gate busy({}, {.queued = 40'000});
  CHECK(busy.look({module}, {.queued = 50'000}).kind == GateVerdict::Kind::passes);
  CHECK(busy.look({module}, {.queued = 50'000}).kind == GateVerdict::Kind::passes);
}

TEST_CASE("gate: what code keeps in its arena is compared with what the code that it replaces keeps") {
  constexpr std::uint64_t mib = 1u << 20;
  Gate gate({}, {});
  GateModule module{.label = "routing 1.1.0", .candidate = {}, .control = CallFigures{}};
  Traffic(1).add(module.candidate, {}, 500);
  Traffic(2).add(*module.control, {}, 500);
  module.control->memory_bytes = 400 * mib;
  module.candidate.memory_bytes = 499 * mib;
  CHECK(gate.look({module}, {}).kind == GateVerdict::Kind::passes);
  module.candidate.memory_bytes = 501 * mib;
  CHECK(gate.look({module}, {}).kind == GateVerdict::Kind::waits);
  const GateVerdict verdict = gate.look({module}, {});
  CHECK(failed(verdict) == "memory ");
  CHECK(verdict.findings.front().text ==
        "memory: routing 1.1.0 has 501 MiB in its arena, and what it replaces 400 MiB; up to 500 MiB was "
        "allowed");
  module.control.reset();
  Gate fresh({}, {});
  module.candidate.memory_bytes = 65 * mib;
  (void)fresh.look({module}, {});
  CHECK(failed(fresh.look({module}, {})) == "memory ");
}

TEST_CASE("gate: memory that grows fails by how much, and a host that is large may grow by more") {
  constexpr std::uint64_t mib = 1 << 20;
  GateModule module{.label = "routing 1.1.0", .candidate = {}, .control = CallFigures{}};
  Traffic(1).add(module.candidate, {}, 500);
  Traffic(2).add(*module.control, {}, 500);
  Gate gate({}, {.queued = 0, .memory_bytes = 40 * mib});
  CHECK(gate.look({module}, {.queued = 0, .memory_bytes = 104 * mib}).kind == GateVerdict::Kind::passes);
  CHECK(gate.look({module}, {.queued = 0, .memory_bytes = 110 * mib}).kind == GateVerdict::Kind::waits);
  const GateVerdict verdict = gate.look({module}, {.queued = 0, .memory_bytes = 120 * mib});
  CHECK(failed(verdict) == "host memory ");
  CHECK(verdict.findings.front().text ==
        "host memory: the host has 120 MiB, and before the push 40 MiB; up to 104 MiB was allowed");
  Gate large({}, {.queued = 0, .memory_bytes = 1'000 * mib});
  CHECK(large.look({module}, {.queued = 0, .memory_bytes = 1'200 * mib}).kind == GateVerdict::Kind::passes);
  CHECK(large.look({module}, {.queued = 0, .memory_bytes = 1'300 * mib}).kind == GateVerdict::Kind::waits);
}

}  // namespace
}  // namespace hotline::test

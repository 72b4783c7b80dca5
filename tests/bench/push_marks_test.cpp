#include "push_marks.h"

#include <doctest/doctest.h>

#include <random>
#include <sstream>

#include "clock.h"

using namespace hotline::bench;

namespace {

constexpr std::int64_t run_ns = 20 * ns_per_s;

// 20 lanes, a message each 10 ms, 1 to 3 ms each, and `extra_us` more when due in one of the marks.
std::vector<Flight> traffic(const std::vector<Mark>& marks, std::uint32_t extra_us) {
  std::mt19937 random(7);
  std::vector<Flight> flights;
  for (std::int64_t due = 0; due < run_ns; due += 10 * ns_per_ms) {
    for (std::uint32_t lane = 0; lane < 20; ++lane) {
      std::uint32_t latency_us = 1000 + random() % 2000;
      for (const Mark& mark : marks) {
        if (due >= mark.start_ns && due <= mark.end_ns) latency_us += extra_us;
      }
      flights.push_back({due, lane, latency_us});
    }
  }
  return flights;
}

std::vector<Mark> five_marks() {
  std::vector<Mark> marks;
  for (int i = 0; i < 5; ++i) {
    const std::int64_t start = (2 + 3 * i) * ns_per_s;
    marks.push_back({start, start + 100 * ns_per_ms, "push"});
  }
  return marks;
}

}  // namespace

TEST_CASE("push marks: pushes that cost nothing can't be told apart") {
  const MarkReport report = judge_marks(traffic(five_marks(), 0), five_marks(), 0, run_ns);
  CHECK(report.windows == 5);
  CHECK(report.share_of_clients > 0.4);
  CHECK(report.share_of_clients < 0.6);
  CHECK(report.share_by_p99 > 0.1);
  CHECK(report.p99_inside_ms == doctest::Approx(report.p99_outside_ms).epsilon(0.05));
}

TEST_CASE("push marks: pushes that cost 5 ms are among the worst stretches") {
  const MarkReport report = judge_marks(traffic(five_marks(), 5000), five_marks(), 0, run_ns);
  CHECK(report.share_of_clients < 0.01);
  CHECK(report.share_by_max == 0);
  CHECK(report.share_by_p99 == 0);
  CHECK(report.p99_inside_ms > 7);
  CHECK(report.max_outside_ms < 3.1);
}

TEST_CASE("push marks: a message that was under way when the push began counts as inside") {
  const std::vector<Flight> flights{{0, 0, 30'000}, {100 * ns_per_ms, 0, 1000}};
  const MarkReport report = judge_marks(flights, {{20 * ns_per_ms, 25 * ns_per_ms, ""}}, 0, ns_per_s);
  CHECK(report.messages_inside == 1);
  CHECK(report.max_inside_ms == 30);
}

TEST_CASE("push marks: what was due in marks of one kind is told apart from the others") {
  const std::vector<Flight> flights{{0, 0, 10'000}, {10 * ns_per_ms, 0, 3000}, {25 * ns_per_ms, 0, 5000}};
  const std::vector<Mark> marks{{9 * ns_per_ms, 11 * ns_per_ms, "push routing"},
                                {12 * ns_per_ms, 14 * ns_per_ms, "push session"},
                                {24 * ns_per_ms, 26 * ns_per_ms, "rollback"}};
  MarkReport report = judge_marks(flights, marks, 0, ns_per_s);
  CHECK(report.by_kind.size() == 2);
  CHECK(report.by_kind["push"].messages == 1);
  CHECK(report.by_kind["push"].p50_ms == 3);
  CHECK(report.by_kind["rollback"].max_ms == 5);
  CHECK(report.outside.messages == 1);
  CHECK(report.outside.p50_ms == 10);
}

TEST_CASE("push marks: marks outside of the run, no marks and no traffic are no trouble") {
  CHECK(judge_marks(traffic({}, 0), {{-5, -1, ""}}, 0, run_ns).windows == 0);
  CHECK(judge_marks(traffic({}, 0), {}, 0, run_ns).p99_inside_ms == 0);
  CHECK(judge_marks({}, five_marks(), 0, run_ns).messages_inside == 0);
}

TEST_CASE("push marks: the file is read, and what is wrong in it is named") {
  std::istringstream good("# comment\n1000 1020.5 routing 1.1.0\n\n2000 2001\n");
  const auto marks = read_marks(good, 500 * ns_per_ms);
  REQUIRE(marks.size() == 2);
  CHECK(marks[0].start_ns == 500 * ns_per_ms);
  CHECK(marks[0].end_ns == 520 * ns_per_ms + 500 * ns_per_us);
  CHECK(marks[0].label == "routing 1.1.0");
  std::istringstream bad("1000 1020 a\n2000 1000 backwards\n");
  CHECK_THROWS_WITH(read_marks(bad, 0),
                    "push marks, line 2: expected `start_ms end_ms label`, got `2000 1000 backwards`");
}

#include "push_marks.h"

#include <algorithm>
#include <istream>
#include <numeric>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "clock.h"

namespace hotline::bench {
namespace {

constexpr std::int64_t stretches_max = 400;  // For each mark, spread over the run.

struct Stretch {
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
};

std::int64_t arrival_ns(const Flight& flight) {
  return flight.due_ns + flight.latency_us * ns_per_us;
}

// The flights of each lane in the order sent, which is the order of arrival as well.
class Lanes {
 public:
  explicit Lanes(std::vector<Flight> flights) : flights_(std::move(flights)) {
    std::sort(flights_.begin(), flights_.end(), [](const Flight& a, const Flight& b) {
      return a.lane != b.lane ? a.lane < b.lane : a.due_ns < b.due_ns;
    });
    for (std::size_t i = 0; i < flights_.size(); ++i) {
      if (i == 0 || flights_[i].lane != flights_[i - 1].lane) starts_.push_back(i);
    }
    starts_.push_back(flights_.size());
  }

  [[nodiscard]] std::size_t count() const { return starts_.size() - 1; }

  // Latencies in `lane` of what was under way at some moment of the stretch.
  template <typename Visit>
  void visit(std::size_t lane, const Stretch& stretch, const Visit& visit) const {
    const auto end = flights_.begin() + static_cast<std::ptrdiff_t>(starts_[lane + 1]);
    auto at = std::partition_point(flights_.begin() + static_cast<std::ptrdiff_t>(starts_[lane]), end,
                                   [&](const Flight& f) { return arrival_ns(f) < stretch.start_ns; });
    for (; at != end && at->due_ns <= stretch.end_ns; ++at) visit(at->latency_us);
  }

 private:
  std::vector<Flight> flights_;
  std::vector<std::size_t> starts_;
};

struct Worst {
  std::vector<std::optional<std::uint32_t>> by_lane;
  std::uint32_t max = 0;
  std::uint32_t p99 = 0;
};

std::uint32_t percentile_of(std::vector<std::uint32_t>& values, std::size_t percent) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * percent / 100);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

LatencyReport report_of(std::vector<std::uint32_t>& latencies_us) {
  if (latencies_us.empty()) return {};
  return {.messages = latencies_us.size(),
          .p50_ms = percentile_of(latencies_us, 50) / 1e3,
          .p99_ms = percentile_of(latencies_us, 99) / 1e3,
          .max_ms = *std::max_element(latencies_us.begin(), latencies_us.end()) / 1e3};
}

Worst worst_of(const Lanes& lanes, const Stretch& stretch) {
  Worst worst;
  std::vector<std::uint32_t> all;
  for (std::size_t lane = 0; lane < lanes.count(); ++lane) {
    std::optional<std::uint32_t> lane_worst;
    lanes.visit(lane, stretch, [&](std::uint32_t latency_us) {
      lane_worst = std::max(lane_worst.value_or(0), latency_us);
      all.push_back(latency_us);
    });
    worst.by_lane.push_back(lane_worst);
    worst.max = std::max(worst.max, lane_worst.value_or(0));
  }
  worst.p99 = percentile_of(all, 99);
  return worst;
}

bool overlaps(const Stretch& stretch, const std::vector<Mark>& marks) {
  return std::any_of(marks.begin(), marks.end(), [&](const Mark& mark) {
    return stretch.start_ns <= mark.end_ns && stretch.end_ns >= mark.start_ns;
  });
}

std::vector<Stretch> stretches_like(const Mark& mark, const std::vector<Mark>& marks, std::int64_t begin_ns,
                                    std::int64_t end_ns) {
  const std::int64_t length = std::max<std::int64_t>(mark.end_ns - mark.start_ns, ns_per_ms);
  const std::int64_t step = std::max(length, (end_ns - begin_ns) / stretches_max);
  std::vector<Stretch> stretches;
  for (std::int64_t at = begin_ns; at + length <= end_ns; at += step) {
    const Stretch stretch{at, at + length};
    if (!overlaps(stretch, marks)) stretches.push_back(stretch);
  }
  return stretches;
}

double mean(const std::vector<double>& values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

struct Shares {
  std::vector<double> clients, by_max, by_p99;
};

void compare(const Worst& window, const std::vector<Worst>& others, Shares& shares) {
  if (others.empty()) return;
  for (std::size_t lane = 0; lane < window.by_lane.size(); ++lane) {
    if (!window.by_lane[lane]) continue;
    double as_bad = 0;
    double seen = 0;
    for (const Worst& other : others) {
      if (!other.by_lane[lane]) continue;
      ++seen;
      if (*other.by_lane[lane] >= *window.by_lane[lane]) ++as_bad;
    }
    if (seen > 0) shares.clients.push_back(as_bad / seen);
  }
  const auto share = [&](auto value) {
    const auto as_bad = std::count_if(others.begin(), others.end(),
                                      [&](const Worst& other) { return value(other) >= value(window); });
    return static_cast<double>(as_bad) / static_cast<double>(others.size());
  };
  shares.by_max.push_back(share([](const Worst& worst) { return worst.max; }));
  shares.by_p99.push_back(share([](const Worst& worst) { return worst.p99; }));
}

}  // namespace

std::vector<Mark> read_marks(std::istream& in, std::int64_t unix_offset_ns) {
  std::vector<Mark> marks;
  std::size_t line_number = 0;
  for (std::string line; std::getline(in, line);) {
    ++line_number;
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    double start_ms = 0;
    double end_ms = 0;
    Mark mark;
    if (!(words >> start_ms >> end_ms) || end_ms < start_ms) {
      throw std::runtime_error("push marks, line " + std::to_string(line_number) +
                               ": expected `start_ms end_ms label`, got `" + line + "`");
    }
    std::getline(words >> std::ws, mark.label);
    mark.start_ns = static_cast<std::int64_t>(start_ms * 1e6) - unix_offset_ns;
    mark.end_ns = static_cast<std::int64_t>(end_ms * 1e6) - unix_offset_ns;
    marks.push_back(mark);
  }
  return marks;
}

MarkReport judge_marks(std::vector<Flight> flights, const std::vector<Mark>& marks, std::int64_t begin_ns,
                       std::int64_t end_ns) {
  MarkReport report;
  std::vector<std::uint32_t> inside;
  std::vector<std::uint32_t> outside;
  std::map<std::string, std::vector<Mark>> marks_by_kind;
  for (const Mark& mark : marks) marks_by_kind[mark.kind()].push_back(mark);
  std::map<std::string, std::vector<std::uint32_t>> by_kind;
  std::vector<std::uint32_t> sent_outside;
  for (const Flight& flight : flights) {
    (overlaps({flight.due_ns, arrival_ns(flight)}, marks) ? inside : outside).push_back(flight.latency_us);
    const Stretch sent{flight.due_ns, flight.due_ns};
    if (!overlaps(sent, marks)) sent_outside.push_back(flight.latency_us);
    for (const auto& [kind, its] : marks_by_kind)
      if (overlaps(sent, its)) by_kind[kind].push_back(flight.latency_us);
  }
  for (auto& [kind, latencies_us] : by_kind) report.by_kind[kind] = report_of(latencies_us);
  report.outside = report_of(sent_outside);
  const LatencyReport all_inside = report_of(inside);
  const LatencyReport all_outside = report_of(outside);
  report.messages_inside = all_inside.messages;
  report.p99_inside_ms = all_inside.p99_ms;
  report.max_inside_ms = all_inside.max_ms;
  report.p99_outside_ms = all_outside.p99_ms;
  report.max_outside_ms = all_outside.max_ms;

  const Lanes lanes(std::move(flights));
  Shares shares;
  for (const Mark& mark : marks) {
    if (mark.start_ns < begin_ns || mark.end_ns > end_ns) continue;
    ++report.windows;
    std::vector<Worst> others;
    for (const Stretch& stretch : stretches_like(mark, marks, begin_ns, end_ns)) {
      others.push_back(worst_of(lanes, stretch));
    }
    compare(worst_of(lanes, {mark.start_ns, mark.end_ns}), others, shares);
  }
  report.share_of_clients = mean(shares.clients);
  report.share_by_max = mean(shares.by_max);
  report.share_by_p99 = mean(shares.by_p99);
  return report;
}

}  // namespace hotline::bench

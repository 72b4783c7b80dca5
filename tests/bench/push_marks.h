// push_marks: was anyone's latency worse while something was pushed than it is anyway?
//
// A push takes a few dozen milliseconds, and on a busy machine any such stretch may look bad. So each
// client's worst latency in the window of a push is compared with its worst in equally long stretches of
// the same run without a push: the share of those that were at least as bad. Around a half means that the
// push can't be told apart from any other moment; near 0 means that it was among the worst.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace hotline::bench {

struct Mark {
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::string label;

  // What stands before the first blank of the label: marks of one kind are looked at together.
  [[nodiscard]] std::string kind() const { return label.substr(0, label.find(' ')); }
};

// One message's way.
struct Flight {
  std::int64_t due_ns = 0;
  std::uint32_t lane = 0;
  std::uint32_t latency_us = 0;
};

// Of the messages that were due in marks of one kind, or in none. By when they were due, because where marks
// stand close together, whatever takes long reaches into one of them.
struct LatencyReport {
  std::uint64_t messages = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
};

struct MarkReport {
  std::size_t windows = 0;  // Marks that lie within the run.
  LatencyReport outside;
  std::map<std::string, LatencyReport> by_kind;
  std::uint64_t messages_inside = 0;  // In flight during one of them.
  double p99_inside_ms = 0;
  double p99_outside_ms = 0;
  double max_inside_ms = 0;
  double max_outside_ms = 0;
  // Mean share of stretches at least as bad as the window, by each client's worst latency ...
  double share_of_clients = 0;
  // ... and by the worst and the 99th percentile of all clients together.
  double share_by_max = 0;
  double share_by_p99 = 0;
};

// Lines of `start_ms end_ms label`, Unix time; `unix_offset_ns` is Unix time less the flights' clock.
// Throws std::runtime_error, naming the line, on anything else.
std::vector<Mark> read_marks(std::istream& in, std::int64_t unix_offset_ns);

// `flights` come sorted or not; the run lasted from `begin_ns` to `end_ns`.
MarkReport judge_marks(std::vector<Flight> flights, const std::vector<Mark>& marks, std::int64_t begin_ns,
                       std::int64_t end_ns);

}  // namespace hotline::bench

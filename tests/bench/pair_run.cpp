#include "pair_run.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "clock.h"
#include "lane_load.h"

namespace hotline::bench {
namespace {

std::atomic<bool> stop_asked = false;

constexpr std::int64_t turn_ns_max = 20 * ns_per_ms;
constexpr std::int64_t ask_again_ns = 500 * ns_per_ms;
constexpr std::int64_t close_ns = 500 * ns_per_ms;

enum class Phase { open, load, drain, close };

// One thread with its share of the lanes. Built by the main thread, then turned by its own.
class Worker {
 public:
  Worker(const LoadPlan& plan, unsigned open_at_once) : load(loop, plan), open_at_once_(open_at_once) {}

  void run(const std::atomic<Phase>& phase) {
    load.open_all(open_at_once_);
    while (phase == Phase::open) turn();
    load.begin();
    while (phase == Phase::load) turn();
    load.stop();
    load.ask_acks();
    std::int64_t ask_ns = now_ns();
    while (phase == Phase::drain) {
      turn();
      if (now_ns() - ask_ns > ask_again_ns) {  // A lane that was down could not ask the first time.
        load.ask_acks();
        ask_ns = now_ns();
      }
      is_drained = load.is_drained();
    }
    lost = load.lost();
    unacked = load.unacked();
    load.close_all();
    for (const std::int64_t end = now_ns() + close_ns; now_ns() < end;) turn();
  }

  Loop loop;
  LaneLoad load;
  std::atomic<bool> is_drained = false;
  std::uint64_t lost = 0;
  std::uint64_t unacked = 0;

 private:
  void turn() {
    loop.turn(std::min(now_ns() + turn_ns_max, load.next_due_ns()), [this] { load.issue_due(); });
  }

  unsigned open_at_once_;
};

double ms(std::int64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

// The server's and our CPU, and what had been delivered, at one moment.
struct Sample {
  std::int64_t at_ns = 0;
  std::int64_t server_cpu_ns = 0;
  std::int64_t own_cpu_ns = 0;
  std::uint64_t delivered = 0;
};

class PairRun {
 public:
  PairRun(const PairRunOptions& options, LaneMaker& maker, const ServerUsage& server)
      : options_(options), server_(server) {
    LoadPlan plan;
    plan.run = std::random_device{}();
    plan.window = options.window;
    plan.rate = options.rate / options.threads;
    plan.breaks = options.breaks / options.threads;
    plan.ack_every = options.ack_every;
    plan.records_flights = !options.push_marks.empty();
    const unsigned at_once = std::max(1U, options.open_at_once / options.threads);
    for (unsigned i = 0; i < options.threads; ++i)
      workers_.push_back(std::make_unique<Worker>(plan, at_once));
    for (unsigned lane = 0; lane < options.pairs; ++lane) {
      workers_[lane % workers_.size()]->load.add(lane, maker);
    }
  }

  PairRunResult run() {
    std::vector<std::thread> threads;
    for (const auto& worker : workers_) threads.emplace_back([this, &worker] { worker->run(phase_); });
    const bool is_open = wait_open();
    if (is_open) {
      load();
      drain();
    }
    phase_ = Phase::close;
    for (std::thread& thread : threads) thread.join();
    if (!is_open) throw std::runtime_error(trouble_opening());
    return result();
  }

 private:
  bool wait_open() {
    const std::int64_t deadline = now_ns() + ns(options_.open_seconds);
    while (now_ns() < deadline && !stop_asked) {
      std::size_t ready = 0;
      std::size_t dead = 0;
      for (const auto& worker : workers_) {
        ready += worker->load.ready_count();
        dead += worker->load.dead_count();
      }
      if (ready == options_.pairs) return true;
      if (dead > 0) return false;
      pause();
    }
    return false;
  }

  std::string trouble_opening() const {
    const Tally tally = total();
    if (!tally.first_trouble.empty()) return "logging in: " + tally.first_trouble;
    return "not all of the " + std::to_string(options_.pairs) +
           (stop_asked ? " pairs had logged in when it was ended" : " pairs could log in in time");
  }

  void load() {
    phase_ = Phase::load;
    begin_ns_ = now_ns();
    const std::int64_t measure_ns = begin_ns_ + ns(options_.warmup_seconds);
    const std::int64_t end = measure_ns + ns(options_.seconds);
    std::int64_t second_ns = begin_ns_ + ns_per_s;
    bool is_measuring = false;
    while (now_ns() < end && !stop_asked) {
      if (!is_measuring && now_ns() >= measure_ns) {
        is_measuring = true;
        for (const auto& worker : workers_) worker->load.measure_from(now_ns());
        first_ = sample();
      }
      if (now_ns() >= second_ns) {
        report_second();
        second_ns += ns_per_s;
      }
      pause();
    }
    if (!is_measuring) first_ = sample();
    last_ = sample();
  }

  void drain() {
    phase_ = Phase::drain;
    const std::int64_t deadline = now_ns() + ns(options_.drain_seconds);
    while (now_ns() < deadline) {
      pause();
      if (std::all_of(workers_.begin(), workers_.end(), [](const auto& w) { return w->is_drained.load(); }))
        break;
    }
    end_ns_ = now_ns();
  }

  static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

  Sample sample() const { return {now_ns(), server_.cpu_ns(), own_cpu_ns(), total().delivered}; }

  Tally total() const {
    Tally sum;
    for (const auto& worker : workers_) sum.merge(worker->load.tally());
    return sum;
  }

  void report_second() {
    if (!options_.is_live) return;
    Histogram second;
    for (const auto& worker : workers_) second.merge(worker->load.take_second());
    const Tally tally = total();
    if (line_++ % 20 == 0) {
      std::fprintf(stderr, "%6s %9s %9s %9s %9s %9s %9s %9s %5s\n", "s", "msgs/s", "p50 ms", "p99 ms",
                   "in flight", "doubled", "reordered", "refused", "cuts");
    }
    std::fprintf(stderr, "%6.0f %9llu %9.2f %9.2f %9llu %9llu %9llu %9llu %5llu\n",
                 static_cast<double>(now_ns() - begin_ns_) / 1e9,
                 static_cast<unsigned long long>(second.count()), ms(second.percentile(0.5)),
                 ms(second.percentile(0.99)), static_cast<unsigned long long>(tally.sent - tally.delivered),
                 static_cast<unsigned long long>(tally.doubled),
                 static_cast<unsigned long long>(tally.reordered),
                 static_cast<unsigned long long>(tally.errors), static_cast<unsigned long long>(tally.cuts));
  }

  PairRunResult result() {
    const Tally tally = total();
    Histogram latency;
    std::uint64_t lost = 0;
    std::uint64_t unacked = 0;
    for (const auto& worker : workers_) {
      latency.merge(worker->load.measured());
      lost += worker->lost;
      unacked += worker->unacked;
    }
    const double seconds = static_cast<double>(last_.at_ns - first_.at_ns) / 1e9;
    const auto delivered = static_cast<double>(last_.delivered - first_.delivered);
    const double server_us = static_cast<double>(last_.server_cpu_ns - first_.server_cpu_ns) / 1e3;
    const double own_us = static_cast<double>(last_.own_cpu_ns - first_.own_cpu_ns) / 1e3;
    nlohmann::json figures{{"pairs", options_.pairs},
                           {"measured_seconds", seconds},
                           {"sent", tally.sent},
                           {"delivered", tally.delivered},
                           {"messages_per_second", seconds > 0 ? delivered / seconds : 0},
                           {"cpu_us_per_message", delivered > 0 ? server_us / delivered : 0},
                           {"server_cpu_share", seconds > 0 ? server_us / 1e6 / seconds : 0},
                           {"bench_cpu_us_per_message", delivered > 0 ? own_us / delivered : 0},
                           {"latency_ms",
                            {{"p50", ms(latency.percentile(0.5))},
                             {"p99", ms(latency.percentile(0.99))},
                             {"p999", ms(latency.percentile(0.999))},
                             {"max", ms(latency.max())},
                             {"mean", latency.mean() / 1e6}}},
                           {"lost", lost},
                           {"doubled", tally.doubled},
                           {"reordered", tally.reordered},
                           {"repeated_after_lost_session", tally.repeated},
                           {"misrouted", tally.misrouted},
                           {"foreign", tally.foreign},
                           {"errors", tally.errors},
                           {"disconnects", tally.cuts},
                           {"resumed", tally.resumed},
                           {"sessions_lost", tally.sessions_lost},
                           {"held_back", tally.held_back},
                           {"unacknowledged", unacked}};
    if (options_.rate > 0) {
      figures["rate_wanted"] = options_.rate;
    } else {
      figures["window"] = options_.window;
    }
    if (!tally.first_trouble.empty()) figures["first_trouble"] = tally.first_trouble;
    if (!options_.push_marks.empty()) figures["push_marks"] = judge();
    const std::uint64_t wrong =
        lost + unacked + tally.doubled + tally.reordered + tally.misrouted + tally.errors;
    // Cuts that came back are reported, and it is for the caller to mind them.
    return {figures, wrong == 0 && tally.cuts == tally.resumed};
  }

  nlohmann::json judge() {
    std::ifstream file;
    if (options_.push_marks != "-") file.open(options_.push_marks);
    if (options_.push_marks != "-" && !file) {
      throw std::runtime_error("--push-marks " + options_.push_marks + " cannot be read");
    }
    auto marks = read_marks(options_.push_marks == "-" ? std::cin : file, unix_offset_ns());
    for (Mark& mark : marks) {
      mark.start_ns -= ns(options_.marks_pad_ms / 1e3);
      mark.end_ns += ns(options_.marks_pad_ms / 1e3);
    }
    std::vector<Flight> flights;
    for (const auto& worker : workers_) {
      auto more = worker->load.take_flights();
      flights.insert(flights.end(), more.begin(), more.end());
    }
    const MarkReport report = judge_marks(std::move(flights), marks, first_.at_ns, last_.at_ns);
    const auto figures = [](const LatencyReport& latency) -> nlohmann::json {
      return {{"messages", latency.messages},
              {"p50_ms", latency.p50_ms},
              {"p99_ms", latency.p99_ms},
              {"max_ms", latency.max_ms}};
    };
    nlohmann::json by_kind = nlohmann::json::object();
    for (const auto& [kind, latency] : report.by_kind) by_kind[kind] = figures(latency);
    return {{"windows", report.windows},
            {"outside", figures(report.outside)},
            {"by_kind", by_kind},
            {"messages_inside", report.messages_inside},
            {"p99_inside_ms", report.p99_inside_ms},
            {"p99_outside_ms", report.p99_outside_ms},
            {"max_inside_ms", report.max_inside_ms},
            {"max_outside_ms", report.max_outside_ms},
            {"share_of_clients", report.share_of_clients},
            {"share_by_max", report.share_by_max},
            {"share_by_p99", report.share_by_p99}};
  }

  const PairRunOptions& options_;
  const ServerUsage& server_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<Phase> phase_ = Phase::open;
  std::int64_t begin_ns_ = 0;
  std::int64_t end_ns_ = 0;
  unsigned line_ = 0;
  Sample first_;
  Sample last_;
};

}  // namespace

bool is_asked_to_stop() {
  return stop_asked;
}

void stop_on_signals() {
  const auto ask = [](int) { stop_asked = true; };
  std::signal(SIGINT, ask);
  std::signal(SIGTERM, ask);
  std::signal(SIGPIPE, SIG_IGN);
}

PairRunResult run_pairs(const PairRunOptions& options, LaneMaker& maker, const ServerUsage& server) {
  return PairRun(options, maker, server).run();
}

}  // namespace hotline::bench

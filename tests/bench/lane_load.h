// LaneLoad: fills the lanes of one thread with numbered messages and judges what arrives.
//
// Closed loop: each lane keeps `window` messages in flight. Open loop: messages are due at fixed times,
// and latency counts from when one was due, so a stalled server or a late sender cannot hide (no
// coordinated omission). The main thread reads the tally once a second; a mutex guards it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "histogram.h"
#include "lane.h"
#include "push_marks.h"
#include "sequence_check.h"

namespace hotline::bench {

struct LoadPlan {
  std::uint32_t run = 0;
  unsigned window = 4;
  double rate = 0;         // Messages a second for this thread; 0 is a closed loop.
  double breaks = 0;       // Connections broken a second, on purpose.
  unsigned ack_every = 8;  // A sender asks for <a/> after so many messages.
  bool records_flights = false;
};

struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;  // Distinct messages.
  std::uint64_t reordered = 0;
  std::uint64_t doubled = 0;
  std::uint64_t repeated = 0;   // Doubled, but after the server had forgotten a session.
  std::uint64_t misrouted = 0;  // Came out of another lane than they went into.
  std::uint64_t foreign = 0;    // Of another run, or without a stamp.
  std::uint64_t errors = 0;     // Error stanzas.
  std::uint64_t cuts = 0;
  std::uint64_t resumed = 0;
  std::uint64_t sessions_lost = 0;
  std::uint64_t held_back = 0;  // Due, but not sent: the lane was dead or too far behind.
  std::string first_trouble;

  void merge(const Tally& other);
};

class LaneLoad final : public LaneEvents {
 public:
  LaneLoad(Loop& loop, const LoadPlan& plan) : loop_(loop), plan_(plan) {}

  void add(std::uint32_t lane, LaneMaker& maker);
  // Opens the lanes, at most `at_once` at a time.
  void open_all(unsigned at_once);
  void begin();
  void issue_due();
  // When the next message is due; far away in a closed loop.
  [[nodiscard]] std::int64_t next_due_ns() const;
  void stop() { is_sending_ = false; }
  void ask_acks();
  void close_all();

  // Everything sent has arrived and, where there are acknowledgements, is acknowledged.
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] std::uint64_t lost() const;
  [[nodiscard]] std::uint64_t unacked() const;

  // Any thread.
  [[nodiscard]] std::size_t ready_count() const { return ready_; }
  [[nodiscard]] std::size_t dead_count() const { return dead_; }
  Tally tally() const;
  // What was added since the last call.
  Histogram take_second();
  // Latencies counted from now on start at nothing.
  void measure_from(std::int64_t from_ns);
  Histogram measured() const;
  std::vector<Flight> take_flights();

 private:
  struct Track {
    std::uint32_t number = 0;  // Of the lane, in the whole run.
    std::unique_ptr<Lane> lane;
    SequenceCheck check;
    std::uint32_t sent = 0;
    std::uint32_t repeats_below = 0;
    bool is_ready = false;
    bool is_dead = false;
  };

  void on_lane_ready(std::uint32_t lane) override;
  void on_arrival(std::uint32_t lane, const Stamp& stamp) override;
  void on_stray(std::uint32_t lane, const std::string& what) override;
  void on_lane_cut(std::uint32_t lane, const std::string& reason, bool is_final) override;
  void on_resumed(std::uint32_t lane) override;
  void on_session_lost(std::uint32_t lane) override;

  Track& track(std::uint32_t lane);
  void break_next();
  void open_next();
  void send_one(Track& track, std::int64_t due_ns);
  [[nodiscard]] static std::uint64_t in_flight(const Track& track);

  Loop& loop_;
  LoadPlan plan_;
  std::vector<Track> tracks_;
  std::vector<std::uint32_t> index_of_;  // By lane number.
  std::size_t next_open_ = 0;
  std::size_t next_track_ = 0;
  std::size_t next_break_ = 0;
  bool is_sending_ = false;
  std::int64_t begun_ns_ = 0;
  std::uint64_t due_count_ = 0;
  std::atomic<std::size_t> ready_ = 0;
  std::atomic<std::size_t> dead_ = 0;

  mutable std::mutex mutex_;  // Guards all below.
  Tally tally_;
  Histogram second_;
  Histogram measured_;
  std::int64_t measure_from_ns_ = 0;
  std::vector<Flight> flights_;
};

}  // namespace hotline::bench

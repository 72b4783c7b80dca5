#include "lane_load.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "clock.h"

namespace hotline::bench {
namespace {

constexpr std::uint64_t in_flight_max = 100'000;  // A lane, in the open loop.
constexpr std::size_t flights_max = 20'000'000;   // 16 bytes each.
constexpr std::uint32_t no_track = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void Tally::merge(const Tally& other) {
  sent += other.sent;
  delivered += other.delivered;
  reordered += other.reordered;
  doubled += other.doubled;
  repeated += other.repeated;
  misrouted += other.misrouted;
  foreign += other.foreign;
  errors += other.errors;
  cuts += other.cuts;
  resumed += other.resumed;
  sessions_lost += other.sessions_lost;
  held_back += other.held_back;
  if (first_trouble.empty()) first_trouble = other.first_trouble;
}

void LaneLoad::add(std::uint32_t lane, LaneMaker& maker) {
  if (index_of_.size() <= lane) index_of_.resize(lane + 1, no_track);
  index_of_[lane] = static_cast<std::uint32_t>(tracks_.size());
  Track track;
  track.number = lane;
  track.lane = maker.make(loop_, *this, lane);
  tracks_.push_back(std::move(track));
}

LaneLoad::Track& LaneLoad::track(std::uint32_t lane) {
  return tracks_[index_of_[lane]];
}

void LaneLoad::open_all(unsigned at_once) {
  for (unsigned i = 0; i < at_once; ++i) open_next();
}

void LaneLoad::open_next() {
  if (next_open_ < tracks_.size()) tracks_[next_open_++].lane->open();
}

void LaneLoad::begin() {
  is_sending_ = true;
  begun_ns_ = now_ns();
  if (plan_.breaks > 0) break_next();
  if (plan_.rate > 0) return;
  for (Track& track : tracks_) {
    for (unsigned i = 0; i < plan_.window; ++i) send_one(track, now_ns());
  }
}

// Lane after lane, so that each is broken equally often.
void LaneLoad::break_next() {
  if (!is_sending_) return;
  tracks_[next_break_++ % tracks_.size()].lane->break_connection();
  loop_.at(now_ns() + static_cast<std::int64_t>(1e9 / plan_.breaks), [this] { break_next(); });
}

std::int64_t LaneLoad::next_due_ns() const {
  if (!is_sending_ || plan_.rate <= 0) return std::numeric_limits<std::int64_t>::max();
  return begun_ns_ + static_cast<std::int64_t>(static_cast<double>(due_count_) * 1e9 / plan_.rate);
}

void LaneLoad::issue_due() {
  const std::int64_t now = now_ns();
  for (std::int64_t due = next_due_ns(); due <= now; due = next_due_ns()) {
    ++due_count_;
    Track& track = tracks_[next_track_];
    next_track_ = (next_track_ + 1) % tracks_.size();
    send_one(track, due);
  }
}

std::uint64_t LaneLoad::in_flight(const Track& track) {
  return track.sent - track.check.received();
}

void LaneLoad::send_one(Track& track, std::int64_t due_ns) {
  if (!is_sending_) return;
  if (track.is_dead || !track.lane->takes_messages() || in_flight(track) >= in_flight_max) {
    const std::lock_guard lock(mutex_);
    ++tally_.held_back;
    return;
  }
  const Stamp stamp{plan_.run, track.number, track.sent, due_ns};
  ++track.sent;
  {
    const std::lock_guard lock(mutex_);
    ++tally_.sent;
  }
  track.lane->send(stamp);
  if (plan_.ack_every > 0 && track.sent % plan_.ack_every == 0) track.lane->ask_ack();
}

void LaneLoad::on_lane_ready(std::uint32_t lane) {
  Track& ready = track(lane);
  if (ready.is_ready) return;
  ready.is_ready = true;
  ++ready_;
  open_next();
}

void LaneLoad::on_arrival(std::uint32_t lane, const Stamp& stamp) {
  const std::int64_t now = now_ns();
  const std::int64_t latency = now - stamp.due_ns;
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    if (stamp.run != plan_.run) {
      ++tally_.foreign;
      return;
    }
    if (stamp.lane != lane) {
      ++tally_.misrouted;
      return;
    }
    Track& arrived = track(lane);
    switch (arrived.check.arrived(stamp.number)) {
      case SequenceCheck::Verdict::in_order:
      case SequenceCheck::Verdict::ahead: is_new = true; break;
      case SequenceCheck::Verdict::reordered:
        is_new = true;
        ++tally_.reordered;
        break;
      case SequenceCheck::Verdict::doubled:
        ++(stamp.number < arrived.repeats_below ? tally_.repeated : tally_.doubled);
        break;
    }
    if (!is_new) return;
    ++tally_.delivered;
    second_.add(latency);
    if (stamp.due_ns >= measure_from_ns_) measured_.add(latency);
    if (plan_.records_flights && flights_.size() < flights_max) {
      const std::int64_t latency_us = std::min<std::int64_t>(latency / ns_per_us, no_track);
      flights_.push_back({stamp.due_ns, lane, static_cast<std::uint32_t>(latency_us)});
    }
  }
  if (plan_.rate <= 0) send_one(track(lane), now);
}

void LaneLoad::on_stray(std::uint32_t, const std::string& what) {
  const std::lock_guard lock(mutex_);
  const bool is_error = what.find("type='error'") != std::string::npos;
  ++(is_error ? tally_.errors : tally_.foreign);
  if (is_error && tally_.first_trouble.empty()) tally_.first_trouble = what.substr(0, 400);
}

void LaneLoad::on_lane_cut(std::uint32_t lane, const std::string& reason, bool is_final) {
  {
    const std::lock_guard lock(mutex_);
    ++tally_.cuts;
    if (tally_.first_trouble.empty()) tally_.first_trouble = reason;
  }
  Track& cut = track(lane);
  if (!is_final || cut.is_dead) return;
  cut.is_dead = true;
  ++dead_;
  if (!cut.is_ready) open_next();
}

void LaneLoad::on_resumed(std::uint32_t) {
  const std::lock_guard lock(mutex_);
  ++tally_.resumed;
}

void LaneLoad::on_session_lost(std::uint32_t lane) {
  const std::lock_guard lock(mutex_);
  ++tally_.sessions_lost;
  track(lane).repeats_below = track(lane).sent;
}

void LaneLoad::ask_acks() {
  for (Track& track : tracks_) track.lane->ask_ack();
}

void LaneLoad::close_all() {
  for (Track& track : tracks_) track.lane->close();
}

bool LaneLoad::is_drained() const {
  return std::all_of(tracks_.begin(), tracks_.end(), [](const Track& track) {
    return track.is_dead || (in_flight(track) == 0 && track.lane->unacked() == 0);
  });
}

std::uint64_t LaneLoad::lost() const {
  std::uint64_t sum = 0;
  for (const Track& track : tracks_) sum += track.check.lost(track.sent);
  return sum;
}

std::uint64_t LaneLoad::unacked() const {
  std::uint64_t sum = 0;
  for (const Track& track : tracks_) sum += track.lane->unacked();
  return sum;
}

Tally LaneLoad::tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

Histogram LaneLoad::take_second() {
  const std::lock_guard lock(mutex_);
  const Histogram taken = second_;
  second_.clear();
  return taken;
}

void LaneLoad::measure_from(std::int64_t from_ns) {
  const std::lock_guard lock(mutex_);
  measure_from_ns_ = from_ns;
  measured_.clear();
}

Histogram LaneLoad::measured() const {
  const std::lock_guard lock(mutex_);
  return measured_;
}

std::vector<Flight> LaneLoad::take_flights() {
  const std::lock_guard lock(mutex_);
  return std::exchange(flights_, {});
}

}  // namespace hotline::bench

#include "dispatch/session_watch.h"

#include <algorithm>
#include <utility>

#include "base/heap_size.h"
#include "base/prefetch.h"
#include "dispatch/shard.h"
#include "hotline/module.h"

namespace hotline {

namespace {

constexpr std::uint32_t again_s = 4;  // One that has another deadline just now is looked at again.
constexpr std::uint64_t us_per_s = 1'000'000;

}  // namespace

SessionWatch::SessionWatch(Shard& shard) : shard_(shard), swept_s_(now_s()) {}

std::uint32_t SessionWatch::now_s() const {
  return second_of(shard_.now_us());
}

// Up to the next sweep is the second behind the last one, which saves asking the clock at each record.
void SessionWatch::heard(Connection& connection) const {
  connection.heard_s = swept_s_ + 1;
}

void SessionWatch::attached(Session& session) {
  heard(*session.connection);
  session.asked_s = 0;
  come(session);
}

void SessionWatch::busy(Session& session) {
  if (std::exchange(session.is_busy, true)) return;
  busy_at(swept_s_).push_back(session.handle);
}

void SessionWatch::leave(Session& session) {
  session.look_s = 0;
  session.is_busy = false;
}

void SessionWatch::come(Session& session) {
  if (session.look_s == 0) look(session);
  if (!is_at_rest(session)) busy(session);
}

SessionWatch::Silence SessionWatch::silence(const Session& session, std::uint64_t now_us) {
  if (session.connection == nullptr) return {};
  const std::uint32_t now_s = second_of(now_us), heard_s = std::min(session.connection->heard_s, now_s);
  if (session.asked_s <= heard_s) return {now_s - heard_s, 0};
  return {now_s - heard_s, session.asked_s - heard_s};
}

void SessionWatch::restore(Session& session, Silence silence, std::uint64_t now_us) {
  if (session.connection == nullptr) return;
  const std::uint32_t now_s = second_of(now_us);
  // A machine's clock may have begun when its client was silent already.
  const std::uint32_t heard_s = now_s - std::min(silence.quiet_s, now_s - 1);
  session.connection->heard_s = heard_s;
  session.asked_s = silence.asked_s == 0 ? 0 : std::min(heard_s + silence.asked_s, now_s);
}

void SessionWatch::sweep() {
  const std::uint32_t now = now_s();
  const std::uint32_t first = std::max(swept_s_ + 1, now - std::min<std::uint32_t>(now, seconds) + 1);
  swept_s_ = now;
  // All of them before any is looked at: whoever is listed anew may be so in a second that is still to come
  // here.
  std::vector<std::pair<std::uint32_t, std::vector<std::uint64_t>>> due;
  for (std::uint32_t second = first; second <= now; ++second)
    due.emplace_back(second, std::exchange(wheel_.at(second % seconds), {}));
  for (const auto& [second, handles] : due) {
    for (const std::uint64_t handle : handles) {
      Session* const session = shard_.sessions.find(handle);
      if (session == nullptr || session->look_s != second) continue;  // It has gone, or was looked at.
      session->look_s = 0;
      if (session->connection != nullptr) look(*session);
    }
    sweep_busy(second);
  }
}

void SessionWatch::look_at(Session& session, std::uint32_t second) {
  // One that is further away than the wheel is round is looked at on the way.
  session.look_s = std::clamp(second, swept_s_ + 1, swept_s_ + static_cast<std::uint32_t>(seconds) - 1);
  wheel_.at(session.look_s % seconds).push_back(session.handle);
}

// A client that says nothing is asked, and cut when it goes on saying nothing; it may resume.
void SessionWatch::look(Session& session) {
  const ShardLimits& limits = shard_.world.limits;
  const std::uint32_t heard_s = session.connection->heard_s;
  if (session.asked_s <= heard_s) session.asked_s = 0;
  if (session.asked_s > 0) {
    if (swept_s_ < session.asked_s + limits.ping_s) return look_at(session, session.asked_s + limits.ping_s);
    session.asked_s = 0;
    shard_.counters.silent_clients_cut.add();
    return session.connection->abandon("it gave no sign of life");
  }
  if (swept_s_ < heard_s + limits.idle_s) return look_at(session, heard_s + limits.idle_s);
  if (session.sm.is_requested) return look_at(session, swept_s_ + again_s);
  look_at(session, swept_s_ + limits.ping_s);
  ask(session);
}

void SessionWatch::ask(Session& session) {
  session.asked_s = swept_s_;
  if (!session.sm.is_on)
    return shard_.calls.session_is(session.handle, HL_SESSION_QUIET, swept_s_ - session.connection->heard_s);
  // Not is_requested: that would be answered for what was sent, and has another deadline.
  session.connection->write_element(session.sm.request->bytes());
}

bool SessionWatch::is_at_rest(const Session& session) {
  const StreamManagement& sm = session.sm;
  return session.unacknowledged.empty() && sm.safe.held() == 0 && !sm.is_requested && !sm.owes_answer;
}

void SessionWatch::sweep_busy(std::uint32_t second) {
  std::vector<std::uint64_t> busy;
  busy.swap(busy_at(second));
  for (std::size_t i = 0; i < busy.size(); ++i) {
    constexpr std::size_t far = 16, near = 8;
    if (i + far < busy.size()) shard_.sessions.prefetch_place(busy[i + far]);
    if (i + near < busy.size()) prefetch(shard_.sessions.find_ended(busy[i + near]));
    Session* const session = shard_.sessions.find(busy[i]);
    if (session == nullptr || !session->is_busy) continue;
    if (session->connection == nullptr || is_at_rest(*session)) {
      session->let_go();
      session->is_busy = false;
    } else {
      busy_at(second + 1).push_back(session->handle);
      look_at_debts(*session);
    }
  }
}

void SessionWatch::look_at_debts(Session& session) {
  const std::uint64_t now_us = shard_.now_us();
  const ShardLimits& limits = shard_.world.limits;
  StreamManagement& sm = session.sm;
  if (sm.is_requested && now_us - sm.requested_us > limits.ack_timeout_s * us_per_s)
    session.connection->abandon("it did not acknowledge in time");
  if (sm.owes_answer && now_us - sm.owed_us > limits.safe_answer_s * us_per_s) {
    // Told what is safe by now, and still owed the rest.
    sm.owed_us = now_us;
    shard_.counters.safe_answers_late.add();
    shard_.calls.session_is(session.handle, HL_SESSION_SAFE, sm.safe.safe());
  }
}

std::size_t SessionWatch::held_bytes() const {
  std::size_t bytes = 0;
  for (const std::vector<std::uint64_t>& second : busy_) bytes += heap_bytes(second);
  for (const std::vector<std::uint64_t>& second : wheel_) bytes += heap_bytes(second);
  return bytes;
}

}  // namespace hotline

#include "dispatch/sessions.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "dispatch/shard.h"
#include "hotline/cap/mailbox.h"
#include "hotline/module.h"

namespace hotline {

namespace {
constexpr std::uint64_t arrivals_every_us = 20'000;  // How often TCP's acknowledgements are asked for.
}  // namespace

Sessions::Sessions(Shard& shard) : shard_(shard), sessions_(shard.number, shard.world.host_number) {}

Session* Sessions::find(std::uint64_t handle) const {
  Session* session = sessions_.find(handle);
  return session == nullptr || session->is_ended ? nullptr : session;
}

Session* Sessions::find_by_sm_id(std::string_view id) const {
  const std::optional<SmId> wanted = SmId::parse(id);
  if (!wanted) return nullptr;
  const auto found = by_sm_id_.find(*wanted);
  return found == by_sm_id_.end() ? nullptr : found->second;
}

std::size_t Sessions::index_bytes() const {
  using Named = decltype(by_sm_id_)::value_type;
  const std::size_t node_bytes = heap_node_bytes(sizeof(void*) + sizeof(Named));
  return sessions_.index_bytes() + by_sm_id_.bucket_count() * sizeof(void*) + by_sm_id_.size() * node_bytes;
}

Session& Sessions::prepare(Account& account, std::string_view resource) {
  const std::uint64_t handle = sessions_.reserve();
  std::string address = account.address;
  const std::size_t resource_at = address.size() + 1;
  address.append("/").append(resource);
  auto session = std::make_unique<Session>(handle, account, std::move(address), resource_at);
  Session& made = *session;
  sessions_.put(handle, std::move(session));
  return made;
}

void Sessions::forget(std::uint64_t handle) {
  sessions_.take(handle);
}

void Sessions::commit_bind(Stream& stream, Session& session) {
  Account& account = session.account;
  // Who binds a resource that is bound takes it over (RFC 6120 7.7.2.2).
  for (std::size_t i = 0; i < account.sessions.size(); ++i)
    if (account.sessions[i]->resource() == session.resource()) {
      end(*account.sessions[i], "conflict", "the resource was bound by another client");
      break;
    }
  account.sessions.push_back(&session);
  session.since_wall_ms = shard_.wall_ms();
  attach(session, stream);
  shard_.streams.bound(stream, session);
}

void Sessions::attach(Session& session, Stream& stream) {
  session.connection = stream.connection.get();
  session.connection->session = &session;
  stream.session = session.handle;
  shard_.watch.attached(session);
}

void Sessions::unattach(Session& session) {
  Streams::unbind(*session.connection);
  session.connection = nullptr;
}

void Sessions::end(Session& session, std::string_view condition, std::string_view text) {
  if (session.is_ended) return;
  session.is_ended = true;
  if (session.connection != nullptr) {
    hold_entries(session, -1);
    Connection* connection = session.connection;
    unattach(session);
    connection->close(condition, text);
  } else {
    --detached_;
  }
  shard_.timers.cancel(session.timer);
  if (session.sm_id.is_set()) by_sm_id_.erase(session.sm_id);
  arrivals_.erase(session.handle);
  std::erase(session.account.sessions, &session);
  while (!session.unacknowledged.empty()) session.pop();
  shard_.calls.session_is(session.handle, HL_SESSION_ENDED, 0);
}

void Sessions::bury(std::uint64_t handle) {
  const std::unique_ptr<Session> session = sessions_.take(handle);
  if (session != nullptr) shard_.accounts.drop_if_empty(session->account);
}

void Sessions::detach(Session& session) {
  if (session.connection == nullptr || session.is_ended) return;
  if (session.sm.resume_s == 0) {
    end(session, {}, {});
    return;
  }
  hold_entries(session, -1);
  unattach(session);
  // What it was not sent yet is offered when it is back, before anything newer.
  session.left_behind = session.left_behind || session.is_draining;
  session.is_draining = false;
  ++detached_;
  expire_after(session, session.sm.resume_s * 1'000'000ull);
  shard_.calls.session_is(session.handle, HL_SESSION_DETACHED, 0);
}

void Sessions::expire_after(Session& session, std::uint64_t after_us) {
  session.timer = shard_.timers.set(shard_.now_us() + after_us, [this, handle = session.handle] {
    Session* expired = find(handle);
    if (expired == nullptr) return;
    shard_.counters.sessions_expired.add();
    end(*expired, {}, {});
    shard_.calls.run_queued();
  });
}

std::unique_ptr<Session> Sessions::take(std::uint64_t handle) {
  std::unique_ptr<Session> session = sessions_.take(handle);
  shard_.timers.cancel(session->timer);
  session->timer = 0;
  if (session->connection == nullptr) --detached_;
  if (session->sm_id.is_set()) by_sm_id_.erase(session->sm_id);
  arrivals_.erase(handle);
  session->sm.is_request_due = false;  // later_ passes over who is not there.
  session->is_reading = false;         // It is read anew.
  SessionWatch::leave(*session);
  return session;
}

void Sessions::put(std::unique_ptr<Session> session, std::uint64_t resume_left_us) {
  Session& its = *session;
  sessions_.adopt(its.handle, std::move(session));
  if (its.sm_id.is_set() && its.sm.resume_s > 0) by_sm_id_[its.sm_id] = &its;
  if (its.connection == nullptr) {
    ++detached_;
    return expire_after(its, std::min<std::uint64_t>(resume_left_us, its.sm.resume_s * 1'000'000ull));
  }
  its.connection->session = &its;
  its.sm.asks_again = its.sm.is_requested;  // Who was to be asked later stayed behind.
  shard_.watch.come(its);
  if (!its.sm.is_on && !its.unacknowledged.empty()) {
    arrivals_.try_emplace(its.handle);
    arm_arrivals();
  }
  if (!its.unacknowledged.empty())
    its.connection->touch();  // It may be time to ask its client for an acknowledgement.
  if (its.is_draining) shard_.calls.pump(its.handle);
}

void Sessions::hold_entries(Session& session, int by) {
  for (std::size_t i = 0; i < session.unacknowledged.size(); ++i)
    if (const Ref<MailboxEntry>& entry = session.unacknowledged[i].entry)
      entry->holders = static_cast<std::uint16_t>(entry->holders + by);
}

bool Sessions::is_behind(const Session& session) const {
  const ShardLimits& limits = shard_.world.limits;
  return session.unacknowledged.size() >= limits.drain_window ||
         (session.connection != nullptr && session.connection->pending_bytes() >= limits.drain_bytes);
}

void Sessions::write(Session& session, const Buffer& bytes, bool adds_to) {
  Connection& connection = *session.connection;
  if (adds_to) {
    connection.write_element_to(bytes.bytes(), session.address);
  } else {
    connection.write_element(bytes.bytes());
  }
  shard_.counters.stanzas_out.add();
  // A client that reads and never acknowledges would have all it was sent kept here.
  const std::size_t most = shard_.world.limits.output_bytes_max;
  if (connection.pending_bytes() > most || session.unacknowledged_bytes > most) {
    shard_.counters.slow_readers_cut.add();
    log::info("session.slow_reader", {{"session", session.address},
                                      {"pending_bytes", connection.pending_bytes()},
                                      {"unacknowledged_bytes", session.unacknowledged_bytes}});
    connection.abandon("it does not read or acknowledge what it is sent");
  }
}

void Sessions::send(Session& session, Ref<const Buffer> bytes, bool adds_to) {
  const Buffer& written = *bytes;
  if (session.sm.is_on) {
    session.push({std::move(bytes), nullptr, adds_to});
    shard_.watch.busy(session);
  }
  if (session.connection != nullptr) {
    write(session, written, adds_to);
  } else if (session.unacknowledged_bytes > shard_.world.limits.detached_bytes_max) {
    // What only the session keeps is bounded. Its messages are in the mailbox and stay there.
    end(session, {}, {});
  }
}

void Sessions::send_entry(Session& session, Ref<MailboxEntry> entry, Ref<const Buffer> bytes, bool is_drain) {
  if (!is_drain) {
    if (session.is_draining || session.left_behind) return;  // It comes to this entry in its order.
    if (is_behind(session)) {
      session.left_behind = session.connection == nullptr;
      session.is_draining = !session.left_behind;
      session.drained = entry->id - 1;
      return;
    }
  }
  if (entry->is_accepted) return;
  const bool adds_to = (entry->flags & HL_ENTRY_TO) != 0;
  if (bytes.get() == nullptr) bytes = entry->body;
  if (bytes.get() == nullptr) {  // It is on disk only: the drain reads it.
    session.left_behind = session.connection == nullptr;
    session.is_draining = !session.left_behind;
    session.drained = entry->id - 1;
    if (session.is_draining) shard_.calls.pump(session.handle);
    return;
  }
  const Buffer& written = *bytes;
  if (session.connection == nullptr && !session.sm.is_on) return;
  if (session.connection != nullptr) ++entry->holders;
  session.push({std::move(bytes), std::move(entry), adds_to});
  if (session.connection == nullptr) return;
  shard_.watch.busy(session);
  write(session, written, adds_to);
  if (!session.sm.is_on) {
    arrivals_.try_emplace(session.handle);
    arm_arrivals();
  }
}

void Sessions::send_nonza(Session& session, std::string_view xml) {
  if (session.connection != nullptr) session.connection->write_element(xml);
}

void Sessions::before_flush(Session& session) {
  StreamManagement& sm = session.sm;
  if (!sm.is_on || session.unacknowledged.empty() || session.connection == nullptr) return;
  if (sm.is_requested && (!sm.asks_again || sm.is_request_due)) return;
  // Quiet clients are asked at once; a busy one's every answer would cost as much as a message.
  const ShardLimits& limits = shard_.world.limits;
  const std::uint64_t now_us = shard_.now_us();
  if (!sm.is_requested && now_us - sm.requested_us < limits.request_gap_us &&
      session.unacknowledged.size() < limits.request_after)
    return request_later(session);
  if (!std::exchange(sm.is_requested, true)) sm.requested_us = now_us;
  sm.asks_again = false;
  session.connection->write_element(sm.request->bytes());
}

void Sessions::request_later(Session& session) {
  if (session.sm.is_request_due) return;
  session.sm.is_request_due = true;
  later_.push_back({session.handle, shard_.now_us() + shard_.world.limits.request_gap_us});
  if (later_timer_ == 0) later_timer_ = shard_.timers.set(later_.front().due_us, [this] { request_due(); });
}

void Sessions::request_due() {
  later_timer_ = 0;
  const std::uint64_t now_us = shard_.now_us();
  while (!later_.empty() && later_.front().due_us <= now_us) {
    Session* session = find(later_.front().session);
    later_.pop_front();
    if (session == nullptr) continue;
    session->sm.is_request_due = false;
    if (session->connection != nullptr) session->connection->touch();
  }
  if (!later_.empty()) later_timer_ = shard_.timers.set(later_.front().due_us, [this] { request_due(); });
}

void Sessions::enable(Session& session, std::string_view answer, std::string_view request,
                      std::uint32_t resume_s) {
  send_nonza(session, answer);
  // What was sent before it is on is not counted, but its entries still wait for their acceptance:
  // the first acknowledgement cannot tell of them, the peer's TCP can.
  arrivals_.erase(session.handle);
  session.sm.is_on = true;
  session.sm.before = static_cast<std::uint32_t>(session.unacknowledged.size());
  // All sessions are asked with the same few bytes.
  if (request_.get() == nullptr || request_->bytes() != request) request_ = Buffer::copy(request);
  session.sm.request = request_;
  session.sm.resume_s = std::min(resume_s, shard_.world.limits.resume_s_max);
  if (session.sm.resume_s > 0) by_sm_id_[session.sm_id] = &session;
}

bool Sessions::can_acknowledge(const Session& session, std::uint32_t h) const {
  return session.sm.is_on && h - session.sm.acknowledged <= session.unacknowledged.size() - session.sm.before;
}

void Sessions::accept_front(Session& session) {
  const Outgoing outgoing = session.pop();
  if (!outgoing.entry) return;
  if (session.connection != nullptr) --outgoing.entry->holders;
  accept(session.account, *outgoing.entry);
}

hl_status Sessions::acknowledge(Session& session, std::uint32_t h) {
  if (!can_acknowledge(session, h)) return HL_E_INVALID;
  StreamManagement& sm = session.sm;
  // An acknowledgement covers what was sent before the count began, too: streams are in order.
  std::uint32_t count = h - sm.acknowledged;
  // One that covers nothing of what there is does not answer the request: its client is asked again, and has
  // owed an acknowledgement since it was first asked.
  sm.asks_again = sm.is_requested && count == 0 && session.unacknowledged.size() > sm.before;
  sm.is_requested = sm.asks_again;
  if (sm.asks_again) request_later(session);
  if (count > 0) count += std::exchange(sm.before, 0);
  sm.acknowledged = h;
  for (; count > 0; --count) accept_front(session);
  if (session.is_draining) shard_.calls.pump(session.handle);
  // Something was sent after the request that this answers: ask again with the next flush.
  if (!session.unacknowledged.empty() && session.connection != nullptr) session.connection->touch();
  return HL_OK;
}

Receipt Sessions::received(Session& session) {
  shard_.watch.busy(session);
  return {session.handle, session.sm.safe.begin(), static_cast<std::uint16_t>(shard_.number),
          shard_.world.host_number, session.account.partition};
}

void Sessions::released(std::uint64_t handle, std::uint32_t stanza) {
  Session* session = find(handle);
  if (session == nullptr) return;
  StreamManagement& sm = session->sm;
  if (!sm.safe.release(stanza) || !sm.owes_answer) return;
  if (static_cast<std::int32_t>(sm.safe.safe() - sm.owed) < 0) return;
  // A client that asks again and again is answered again and again: its last request never holds up the
  // answer to the first.
  sm.owes_answer = static_cast<std::int32_t>(sm.safe.safe() - sm.owed_last) < 0;
  if (sm.owes_answer) {
    sm.owed = sm.owed_last;
    sm.owed_us = shard_.now_us();
  }
  shard_.calls.session_is(handle, HL_SESSION_SAFE, sm.safe.safe());
}

void Sessions::put(Account& account, Ref<MailboxEntry> entry) {
  shard_.counters.mailbox_put.add();
  entry->partition = account.partition;
  account.mailbox.put(entry);
  shard_.bodies.entered(*entry);
  shard_.counters.mailbox_changed(account.mailbox.size() == 1 ? 1 : 0, 1, entry->body_bytes);
  const bool is_sent = std::any_of(account.sessions.begin(), account.sessions.end(),
                                   [](const Session* session) { return session->connection != nullptr; });
  shard_.window.put(std::move(entry), account.address, is_sent);
}

void Sessions::accept(Account& account, MailboxEntry& entry) {
  if (entry.is_accepted) return;
  shard_.counters.mailbox_accepted.add();
  remove(account, entry);
}

void Sessions::remove(Account& account, MailboxEntry& entry) {
  const Receipt receipt = std::exchange(entry.receipt, Receipt{});
  shard_.window.forget(entry);
  const std::int64_t bytes = entry.body_bytes;
  shard_.bodies.left(entry);
  account.mailbox.remove(entry);  // May be the last reference.
  shard_.counters.mailbox_changed(account.mailbox.size() == 0 ? -1 : 0, -1, -bytes);
  if (receipt) shard_.release_soon(receipt);
}

void Sessions::purge(Account& account) {
  while (MailboxEntry* entry = account.mailbox.first()) accept(account, *entry);
}

void Sessions::arm_arrivals() {
  if (arrivals_timer_ != 0) return;
  arrivals_timer_ = shard_.timers.set(shard_.now_us() + arrivals_every_us, [this] {
    arrivals_timer_ = 0;
    watch_arrivals();
  });
}

void Sessions::watch_arrivals() {
  for (auto at = arrivals_.begin(); at != arrivals_.end();) {
    Session* session = find(at->first);
    ArrivalMark& mark = at->second;
    if (session == nullptr || session->connection == nullptr || session->unacknowledged.empty()) {
      at = arrivals_.erase(at);
      continue;
    }
    Connection& connection = *session->connection;
    if (mark.count > 0 && connection.arrived_bytes() >= mark.at_bytes) {
      std::size_t arrived = std::min(mark.count, session->unacknowledged.size());
      mark.count = 0;
      for (; arrived > 0; --arrived) accept_front(*session);
      if (session->is_draining) shard_.calls.pump(session->handle);
    }
    if (mark.count == 0 && connection.is_flushed()) {
      mark.count = session->unacknowledged.size();
      mark.at_bytes = connection.sealed_bytes();
    }
    ++at;
  }
  if (!arrivals_.empty()) arm_arrivals();
}

}  // namespace hotline

// A resumption (XEP-0198): a session whose connection has gone goes on, on another one.
#include <memory>
#include <string>
#include <utility>

#include "dispatch/sessions.h"
#include "dispatch/shard.h"
#include "hotline/module.h"

namespace hotline {

namespace {
constexpr std::uint64_t resume_retry_us = 2'000;  // While what the client sent before is not yet safe.
}  // namespace

void Sessions::resume(std::uint64_t stream_handle, std::uint64_t handle, std::uint32_t h,
                      std::string_view answer) {
  Session* session = find(handle);
  Stream* stream = shard_.streams.find(stream_handle);
  if (session == nullptr || stream == nullptr || stream->session != 0 || !can_acknowledge(*session, h)) {
    if (stream != nullptr)
      stream->connection->close("undefined-condition", "the session can not be resumed now");
    return;
  }
  StreamManagement& sm = session->sm;
  if (sm.safe.safe() != sm.safe.received()) {
    // The client sends again what our count does not cover. So the count is given when all it sent before is
    // safe: less would double a message, more could lose one.
    stream->before().resuming =
        std::make_unique<BeforeSession::Resuming>(BeforeSession::Resuming{handle, h, std::string(answer)});
    return resume_later(stream_handle);
  }
  if (Connection* old = session->connection) {
    hold_entries(*session, -1);
    unattach(*session);
    old->close("conflict", "the session was resumed on another connection");
  } else {
    --detached_;
  }
  shard_.timers.cancel(session->timer);
  session->timer = 0;
  attach(*session, *stream);
  hold_entries(*session, +1);
  shard_.streams.bound(*stream, *session);
  acknowledge(*session, h);
  sm.is_requested = false;
  sm.asks_again = false;
  sm.owes_answer = false;

  std::string text(answer);
  if (const std::size_t at = text.find("%h"); at != std::string::npos)
    text.replace(at, 2, std::to_string(sm.safe.received()));
  session->connection->write_element(text);
  write_again(*session);
  shard_.counters.sessions_resumed.add();
  shard_.calls.session_is(handle, HL_SESSION_RESUMED, 0);
}

void Sessions::cut(std::uint64_t handle) {
  if (Session* session = find(handle)) {
    session->left_behind = session->left_behind || session->is_draining;
    session->is_draining = false;
    shard_.calls.session_is(handle, HL_SESSION_DETACHED, 0);
  }
}

void Sessions::resume_later(std::uint64_t handle) {
  shard_.timers.set(shard_.now_us() + resume_retry_us, [this, handle] {
    Stream* stream = shard_.streams.find(handle);
    if (stream == nullptr || stream->has_before() == nullptr || stream->before().resuming == nullptr) return;
    const std::unique_ptr<BeforeSession::Resuming> its = std::move(stream->before().resuming);
    resume(handle, its->session, its->h, its->answer);
    shard_.calls.run_queued();
  });
}

void Sessions::write_again(Session& session) {
  for (std::size_t i = 0; i < session.unacknowledged.size() && session.connection != nullptr; ++i) {
    const Outgoing& again = session.unacknowledged[i];
    if (again.adds_to) {
      session.connection->write_element_to(again.bytes->bytes(), session.address);
    } else {
      session.connection->write_element(again.bytes->bytes());
    }
  }
  // Messages that came while it was away and did not fit are still in the mailbox.
  if (session.left_behind) drain(session);
}

}  // namespace hotline

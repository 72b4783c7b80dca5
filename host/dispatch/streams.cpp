#include "dispatch/streams.h"

#include <openssl/crypto.h>

#include "base/log.h"
#include "base/prefetch.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {
constexpr std::uint64_t us_per_s = 1'000'000;
constexpr std::uint64_t last_word_s = 30;
}  // namespace

Streams::Streams(Shard& shard)
    : shard_(shard), streams_(shard.number, shard.world.host_number), parser_(*shard.world.random) {}

FramerLimits Streams::limits_before_login() const {
  return shard_.world.limits.before_login;
}

void Streams::begin_turn() {
  shard_.loops.begin_turn();
}

// What a stanza needs of these is asked of memory while its record is opened.
void Streams::on_input(Connection& connection) {
  shard_.watch.heard(connection);
  const Stream& stream = stream_of(connection);
  prefetch(stream.account.data(), stream.account.size() + 1);
  if (const Session* const session = session_of(connection)) session->prefetch_account();
}

void Streams::accept(std::unique_ptr<Link> link, const ListenerFacts& listener) {
  shard_.counters.accepted.add();
  const std::uint64_t handle = streams_.reserve();
  auto stream = std::make_unique<Stream>();
  stream->listener = &listener;
  stream->is_loopback = link->is_loopback();
  std::unique_ptr<Tls> tls = listener.is_tls ? shard_.world.tls->accept(listener.alpn) : nullptr;
  stream->connection = std::make_unique<Connection>(
      std::move(link), std::move(tls), make_framer(listener.framer, parser_, limits_before_login()), *this);
  stream->connection->handle = handle;
  stream->connection->stream = stream.get();
  if (listener.framer == FramerKind::http) {
    shard_.requests.begin(*stream);
  } else {
    logging_in_.insert(handle);
    if (listener.framer != FramerKind::lines)  // Lines have no login to wait for.
      await_login(*stream, shard_.world.limits.login_s * us_per_s);
  }
  streams_.put(handle, std::move(stream));
}

void Streams::set_deadline(Stream& stream, std::uint64_t after_us, const char* condition, std::string text) {
  shard_.timers.cancel(stream.deadline);
  stream.deadline = shard_.timers.set(shard_.now_us() + after_us, [this, handle = stream.connection->handle,
                                                                   condition, text = std::move(text)] {
    if (Stream* late = streams_.find(handle)) {
      late->deadline = 0;
      if (late->connection->is_closing()) return late->connection->abandon("it did not take what was left");
      late->connection->close(condition, text);
    }
  });
}

void Streams::clear_deadline(Stream& stream) {
  shard_.timers.cancel(stream.deadline);
  stream.deadline = 0;
}

void Streams::await_login(Stream& stream, std::uint64_t left_us) {
  set_deadline(stream, left_us, "connection-timeout",
               "login must be complete within " + std::to_string(shard_.world.limits.login_s) + " s");
}

void Streams::await_rest(Stream& stream, std::uint64_t left_us) {
  set_deadline(
      stream, left_us, "connection-timeout",
      "an element must be complete within " + std::to_string(shard_.world.limits.partial_stanza_s) + " s");
}

// Its peer has to take it: else what is left would stay for as long as it likes.
void Streams::await_last_word(Stream& stream) {
  if (stream.deadline == 0) set_deadline(stream, last_word_s * us_per_s, "", {});
}

void Streams::adopt(std::unique_ptr<Connection> connection, Ref<const Buffer> again) {
  const std::uint64_t handle = streams_.reserve();
  // What was known of it came along, behind its `stream`.
  std::unique_ptr<Stream> stream(static_cast<Stream*>(connection->stream));
  connection->handle = handle;
  shard_.loops.put_on_loop(connection->link());
  stream->connection = std::move(connection);
  Stream& moved = *stream;
  streams_.put(handle, std::move(stream));
  logging_in_.insert(handle);
  moved.connection->join(*this, parser_);
  if (moved.listener->framer == FramerKind::lines) {
    if (again) on_line(*moved.connection, again->bytes());
  } else {
    const std::uint64_t due_us = moved.before().login_due_us, now_us = shard_.now_us();
    await_login(moved, due_us > now_us ? due_us - now_us : 0);
    Ref<const Stanza> stanza = Ref<const Stanza>::adopt(static_cast<const Stanza*>(again.leak()));
    if (stanza) on_stanza(*moved.connection, std::move(stanza));
  }
  // It may have gone meanwhile.
  if (Stream* still = streams_.find(handle)) still->connection->go_on();
}

void Streams::send(std::uint64_t handle, std::string_view xml) {
  if (Stream* stream = streams_.find(handle)) stream->connection->write_element(xml);
}

void Streams::close(std::uint64_t handle, std::string_view condition, std::string_view text) {
  Stream* stream = streams_.find(handle);
  if (stream == nullptr) return;
  if (Session* session = shard_.sessions.find(stream->session))
    return shard_.sessions.end(*session, condition, text);
  stream->connection->close(condition, text);
}

void Streams::start_tls(std::uint64_t handle, std::string_view xml) {
  Stream* stream = streams_.find(handle);
  if (stream == nullptr) return;
  stream->connection->start_tls(xml, shard_.world.tls->accept(stream->listener->alpn));
}

void Streams::move(std::uint64_t handle, std::string_view account) {
  Stream* stream = streams_.find(handle);
  if (stream == nullptr) return;
  BeforeSession& before = stream->before();
  before.home_account = account;
  if (const Stanza* stanza = shard_.calls.transaction().stanza()) {
    stanza->retain();
    before.again = Ref<const Buffer>::adopt(stanza);
  } else if (const std::string_view line = shard_.calls.transaction().line; line.data() != nullptr) {
    before.again = Buffer::copy(line);
  }
  stream->connection->leave();
  stream->connection->touch();
}

void Streams::hand_over(Connection& connection) {
  Stream& stream = stream_of(connection);
  stream.before().login_due_us = shard_.timers.due_us(stream.deadline);
  clear_deadline(stream);
  std::unique_ptr<Stream> kept = streams_.take(connection.handle);
  logging_in_.erase(connection.handle);
  connection.link().detach();
  Post post;
  post.kind = Post::Kind::connection;
  post.address(kept->before().home_account);
  post.buffer = std::move(kept->before().again);
  post.extra = std::make_unique<Post::Extra>();
  post.extra->connection = std::move(kept->connection);
  static_cast<void>(kept.release());  // It travels behind connection.stream.
  shard_.post(std::move(post));
}

std::unique_ptr<Stream> Streams::take(std::uint64_t handle) {
  std::unique_ptr<Stream> stream = streams_.take(handle);
  logging_in_.erase(handle);
  stream->connection->leave();
  stream->connection->link().detach();
  return stream;
}

std::vector<std::unique_ptr<Stream>> Streams::take_logging_in(std::uint32_t partition) {
  std::vector<std::uint64_t> handles;
  for (const std::uint64_t handle : logging_in_) {
    const Stream* stream = streams_.find(handle);
    const bool is_its =
        stream != nullptr && !stream->whose().empty() && partition_of(stream->whose()) == partition;
    // What is about to end does so here.
    if (is_its && !stream->connection->is_closing()) handles.push_back(handle);
  }
  std::vector<std::unique_ptr<Stream>> taken;
  for (const std::uint64_t handle : handles) taken.push_back(take(handle));
  return taken;
}

void Streams::put(std::unique_ptr<Stream> stream, std::uint64_t deadline_left_us) {
  Stream& its = *stream;
  const std::uint64_t handle = its.connection->handle;
  streams_.adopt(handle, std::move(stream));
  if (its.session == 0) logging_in_.insert(handle);
  shard_.loops.put_on_loop(its.connection->link());
  its.connection->join(*this, parser_);
  if (its.has_before() != nullptr && its.has_before()->resuming != nullptr)
    shard_.sessions.resume_later(handle);
  if (deadline_left_us == UINT64_MAX) return;
  if (its.session == 0 && its.listener->framer != FramerKind::lines)
    await_login(its, deadline_left_us);
  else
    await_rest(its, deadline_left_us);
}

void Streams::turn_away(std::unique_ptr<Connection> connection) {
  std::unique_ptr<Stream> stream(static_cast<Stream*>(connection->stream));
  stream->connection = std::move(connection);
  Connection& its = *stream->connection;
  unbind(its);
  put(std::move(stream), UINT64_MAX);
  its.close("system-shutdown", "the host is being replaced: connect again");
}

void Streams::login(std::uint64_t handle, std::string_view account, std::string_view answer) {
  Stream* stream = streams_.find(handle);
  if (stream == nullptr) return;
  stream->account = account;
  stream->before().from.reset();
  wipe_scratch(*stream);
  stream->connection->write_element(answer);
  stream->connection->framer().set_limits(shard_.world.limits.after_login);
  stream->connection->restart_stream();
  shard_.counters.logins.add();
}

void Streams::log_in(std::uint64_t handle) {
  Stream* stream = streams_.find(handle);
  if (stream == nullptr) return;
  if (stream->has_before() != nullptr) stream->before().from.reset();  // A session may be bound already.
  wipe_scratch(*stream);
  stream->connection->framer().set_limits(shard_.world.limits.after_login);
  shard_.counters.logins.add();
}

void Streams::bound(Stream& stream, Session& session) {
  clear_deadline(stream);
  logging_in_.erase(stream.connection->handle);
  const BeforeSession* const before = stream.has_before();
  stream.connection->framer().stamp(session.address, before == nullptr ? std::string() : before->lang);
  stream.drop_before();
}

void BeforeSession::wipe_scratch() {
  OPENSSL_cleanse(scratch.data(), scratch.size());
  std::string().swap(scratch);
}

void Streams::wipe_scratch(Stream& stream) {
  if (stream.has_before() != nullptr) stream.before().wipe_scratch();
}

void Streams::flush() {
  // Flushing may end connections, and what that causes may write to others: until nothing is left.
  for (int round = 0; round < 8 && !dirty_.empty(); ++round) {
    std::vector<Connection*> dirty;
    dirty.swap(dirty_);
    for (std::size_t i = 0; i < dirty.size(); ++i) {
      fetch_ahead(dirty, i);
      Connection* const connection = dirty[i];
      if (connection->is_gone()) continue;
      Session* session = session_of(*connection);
      if (session != nullptr) shard_.sessions.before_flush(*session);
      connection->flush();
      if (connection->is_gone()) continue;  // It is in the graveyard, and its session is detached.
      if (connection->is_closing()) await_last_word(stream_of(*connection));
      if (connection->is_leaving()) {
        hand_over(*connection);
      } else if (connection->has_carried()) {
        connection->go_on();  // Not when it was released: that was inside a call.
      } else if (session != nullptr && session->is_draining && !session->is_ended) {
        shard_.calls.pump(session->handle);
      } else if (const std::uint64_t request = stream_of(*connection).exchange; request != 0) {
        shard_.files.flushed(request);
        shard_.relays.flushed(request);
      }
    }
    shard_.calls.run_queued();
  }
}

// Of the connections behind number `at`, what flushing them will read, step by step.
void Streams::fetch_ahead(const std::vector<Connection*>& dirty, std::size_t at) {
  constexpr std::size_t itself = 12, parts = 8, state = 4;  // So many ahead.
  if (at + itself < dirty.size()) prefetch(dirty[at + itself]);
  if (at + parts < dirty.size()) dirty[at + parts]->prefetch_parts();
  if (at + state < dirty.size() && !dirty[at + state]->is_gone()) dirty[at + state]->prefetch_state();
}

void Streams::bury() {
  graveyard_.clear();
}

void Streams::close_all(std::string_view condition, std::string_view text) {
  for (std::size_t place = 0; place < streams_.places(); ++place)
    if (Stream* stream = streams_.at(place)) stream->connection->close(condition, text);
}

void Streams::drop_all() {
  dirty_.clear();
  for (std::size_t place = 0; place < streams_.places(); ++place)
    if (Stream* stream = streams_.at(place)) {
      if (Session* session = session_of(*stream->connection)) session->connection = nullptr;
      unbind(*stream->connection);
      graveyard_.push_back(streams_.take(stream->connection->handle));
    }
  bury();
}

void Streams::on_open(Connection& connection, StreamHeader header) {
  Stream& stream = stream_of(connection);
  const std::string& domain = shard_.world.settings.domain;
  if (!header.to.empty() && header.to != domain)
    return connection.close("host-unknown", "this host serves " + domain);
  BeforeSession& before = stream.before();
  before.lang = header.lang;
  const bool says_who = !header.from.empty() && stream.account.empty();
  before.from = says_who ? std::make_unique<std::string>(header.from) : nullptr;
  connection.write_open(shard_.world.random->hex(10), domain, header.lang.empty() ? "en" : header.lang);
  stream.was_told = true;
  shard_.calls.stream_opened(connection.handle, header);
  shard_.calls.run_queued();
}

void Streams::on_stanza(Connection& connection, Ref<const Stanza> stanza) {
  if (const Session* const session = session_of(connection)) {
    session->account.prefetch_parts();
    shard_.accounts.expect(session->account);
  }
  shard_.calls.stanza(stream_of(connection), stanza);
}

void Streams::on_line(Connection& connection, std::string_view line) {
  shard_.calls.line(stream_of(connection), line);
}

void Streams::on_request_head(Connection& connection, std::unique_ptr<HttpRequest> request) {
  shard_.requests.head(stream_of(connection), std::move(request));
}

void Streams::on_request_part(Connection& connection, std::string part) {
  shard_.requests.part(stream_of(connection), std::move(part));
}

void Streams::on_request_body(Connection& connection, std::string body) {
  shard_.requests.body(stream_of(connection), std::move(body));
}

void Streams::on_partial(Connection& connection, bool has_partial) {
  Stream& stream = stream_of(connection);
  if (stream.listener->framer == FramerKind::http) {
    if (has_partial) shard_.requests.partial(stream);
    return;
  }
  if (stream.session == 0 && stream.listener->framer != FramerKind::lines)
    return;  // The login deadline runs.
  if (has_partial)
    await_rest(stream, shard_.world.limits.partial_stanza_s * us_per_s);
  else
    clear_deadline(stream);
}

void Streams::on_peer_close(Connection& connection) {
  Stream& stream = stream_of(connection);
  // A client that says goodbye ends its session: it will not resume (XEP-0198 section 5).
  if (Session* session = shard_.sessions.find(stream.session)) {
    shard_.sessions.end(*session, {}, {});
  } else {
    connection.close({}, {});
  }
  shard_.calls.run_queued();
}

void Streams::on_gone(Connection& connection, std::string_view reason) {
  Stream& stream = stream_of(connection);
  log::debug("connection.gone", {{"peer", stream.peer()}, {"account", stream.account}, {"reason", reason}});
  shard_.counters.closed.add();
  shard_.timers.cancel(stream.deadline);
  if (Session* session = shard_.sessions.find(stream.session)) {
    stream.session = 0;
    shard_.sessions.detach(*session);
  } else if (stream.was_told) {
    shard_.calls.stream_closed(connection.handle, stream.account);
  }
  shard_.requests.drop(stream);
  logging_in_.erase(connection.handle);
  wipe_scratch(stream);
  if (shard_.world.connection_closed) shard_.world.connection_closed(stream.peer());
  graveyard_.push_back(streams_.take(connection.handle));  // It is still on the stack.
  shard_.calls.run_queued();
}

}  // namespace hotline

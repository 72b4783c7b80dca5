// Streams: the connections on one shard, from their first byte to their last, and what is known of each.
//
// Before login a stream is on the shard that accepted it; when it says who it is, it moves to that account's
// home.
//
// Threads: the shard's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/ip_network.h"
#include "base/slab.h"
#include "base/slot_map.h"
#include "net/connection.h"
#include "net/xml_parser.h"

namespace hotline {

class Shard;
class Session;

// What a listener promised its clients. Immutable while the host lives.
struct ListenerFacts {
  std::string name;
  FramerKind framer = FramerKind::xml;
  bool is_tls = false;  // From the first byte.
  bool offers_starttls = false;
  bool needs_tls = true;  // Login only once encrypted.
  std::string alpn;
  std::vector<IpNetwork> proxies;  // Whoever connects from there says first for whom (PROXY protocol).
};

// What is only of use until a session is bound, most of it for the login.
struct BeforeSession {
  std::unique_ptr<std::string> from;  // Of its header, until login; null: it said nothing.
  std::string lang;                   // Likewise; the framer is told when a session is bound.
  std::string scratch;                // A module's, wiped when it goes.
  std::uint32_t failures = 0;
  // Whom it says it is: once it has moved there, or was found to be there.
  std::string home_account;
  Ref<const Buffer> again;                  // While it moves: the stanza or line that is offered again there.
  std::uint64_t login_due_us = UINT64_MAX;  // Likewise: a move does not renew it. Clock::mono_us.
  // Waits until a session that it resumes can be.
  struct Resuming {
    std::uint64_t session;
    std::uint32_t h;
    std::string answer;
  };
  std::unique_ptr<Resuming> resuming;

  ~BeforeSession() { wipe_scratch(); }
  void wipe_scratch();
};

struct Stream final : public InSlab<Stream> {
  std::unique_ptr<Connection> connection;
  const ListenerFacts* listener = nullptr;
  std::string account;  // Authenticated as; empty before.
  std::uint64_t session = 0;
  std::unique_ptr<HttpRequest> request;  // HTTP: a head whose body is awaited.
  std::uint64_t exchange = 0;            // HTTP: the request that waits for its answer.
  std::uint64_t deadline = 0;            // Timer: login must be done by then, or a partial stanza complete.
  bool is_loopback = false;
  bool is_head_request = false;
  bool was_told = false;  // on_stream(OPENED) was called: CLOSED is owed.

  std::string peer() const { return connection->link().peer(); }
  // Of whose partition it is; empty: of none.
  std::string_view whose() const {
    if (!account.empty() || before_ == nullptr) return account;
    return before_->home_account;
  }
  // Made when something is put into it; gone when a session is bound.
  BeforeSession& before() {
    if (before_ == nullptr) before_ = std::make_unique<BeforeSession>();
    return *before_;
  }
  // Nothing, or what there is.
  const BeforeSession* has_before() const { return before_.get(); }
  void drop_before() { before_.reset(); }

 private:
  std::unique_ptr<BeforeSession> before_;
};

class Streams final : public Connection::Owner {
 public:
  explicit Streams(Shard& shard);

  // A new connection of a listener of this shard.
  void accept(std::unique_ptr<Link> link, const ListenerFacts& listener);
  // One that moved here; `again` is offered once more.
  void adopt(std::unique_ptr<Connection> connection, Ref<const Buffer> again);

  Stream* find(std::uint64_t handle) { return streams_.find(handle); }
  std::size_t size() const { return streams_.size(); }
  std::size_t index_bytes() const { return streams_.index_bytes(); }  // Without the streams.
  // For walks in slices: the stream in that place, or nullptr.
  std::size_t places() const { return streams_.places(); }
  Stream* at(std::size_t place) const { return streams_.at(place); }
  XmlParser& parser() { return parser_; }

  void send(std::uint64_t handle, std::string_view xml);
  void close(std::uint64_t handle, std::string_view condition, std::string_view text);
  void start_tls(std::uint64_t handle, std::string_view xml);
  void move(std::uint64_t handle, std::string_view account);
  void login(std::uint64_t handle, std::string_view account, std::string_view answer);
  // The same for a stream that goes on, and whose account is set already.
  void log_in(std::uint64_t handle);
  // A session was bound or resumed on it: `address` stamps what the client sends.
  void bound(Stream& stream, Session& session);
  // No session is its own any more.
  static void unbind(Connection& connection) {
    stream_of(connection).session = 0;
    connection.session = nullptr;
  }
  void wipe_scratch(Stream& stream);
  // Ends the stream with this unless another deadline is set before.
  void set_deadline(Stream& stream, std::uint64_t after_us, const char* condition, std::string text);
  void clear_deadline(Stream& stream);

  // One that goes to another shard with its partition, between two turns; and one that comes so. It keeps its
  // number.
  std::unique_ptr<Stream> take(std::uint64_t handle);
  std::vector<std::unique_ptr<Stream>> take_logging_in(std::uint32_t partition);
  void put(std::unique_ptr<Stream> stream, std::uint64_t deadline_left_us);
  // One whose account is in the other process: its client is told to come again.
  void turn_away(std::unique_ptr<Connection> connection);

  void flush();  // Everything that was written since: at the end of a turn.
  bool is_flushed() const { return dirty_.empty(); }
  void bury();  // Frees what has gone.
  void close_all(std::string_view condition, std::string_view text);
  void drop_all();  // Frees every connection as it is: the loop is about to end.

 private:
  void begin_turn() override;
  void on_input(Connection& connection) override;
  Connection::Scratch& scratch() override { return scratch_; }
  void needs_flush(Connection& connection) override { dirty_.push_back(&connection); }
  void on_open(Connection& connection, StreamHeader header) override;
  void on_stanza(Connection& connection, Ref<const Stanza> stanza) override;
  void on_line(Connection& connection, std::string_view line) override;
  void on_request_head(Connection& connection, std::unique_ptr<HttpRequest> request) override;
  void on_request_part(Connection& connection, std::string part) override;
  void on_request_body(Connection& connection, std::string body) override;
  void on_partial(Connection& connection, bool has_partial) override;
  void on_peer_close(Connection& connection) override;
  void on_gone(Connection& connection, std::string_view reason) override;

  static Stream& stream_of(Connection& connection) { return *static_cast<Stream*>(connection.stream); }
  // Nullptr: none is attached to it.
  static Session* session_of(Connection& connection) { return static_cast<Session*>(connection.session); }
  static void fetch_ahead(const std::vector<Connection*>& dirty, std::size_t at);
  void hand_over(Connection& connection);
  void await_login(Stream& stream, std::uint64_t left_us);
  void await_rest(Stream& stream, std::uint64_t left_us);
  void await_last_word(Stream& stream);
  FramerLimits limits_before_login() const;

  Shard& shard_;
  SlotMap<Stream> streams_;
  XmlParser parser_;
  Connection::Scratch scratch_;
  std::unordered_set<std::uint64_t> logging_in_;  // Of no session yet. Those of lines stay here.
  std::vector<Connection*> dirty_;
  std::vector<std::unique_ptr<Stream>> graveyard_;
};

}  // namespace hotline

// A connection whose peer reads nothing: it is not heard while too much waits for it, it goes when it is
// abandoned, and no word follows half a record.
#include "net/connection.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.h"
#include "net/framer.h"
#include "net/xml_parser.h"

using namespace hotline;

namespace {

// Takes so many bytes and no more.
class NarrowLink final : public Link {
 public:
  NarrowLink(std::string& taken, const std::size_t& room, bool& rests)
      : taken_(taken), room_(room), rests_(rests) {}
  void attach(LinkEvents*) override {}
  std::size_t send(std::string_view bytes) override {
    const std::size_t some = std::min(room_ - taken_.size(), bytes.size());
    taken_.append(bytes.substr(0, some));
    return some;
  }
  std::size_t unacknowledged() const override { return 0; }
  void pause_reading(bool paused) override { rests_ = paused; }
  std::string peer() const override { return "127.0.0.1"; }
  bool is_loopback() const override { return true; }
  void detach() override {}
  std::size_t held_bytes() const override { return 0; }

 private:
  std::string& taken_;
  const std::size_t& room_;
  bool& rests_;
};

// Records are what they carry.
class PlainTls final : public Tls {
 public:
  State feed(std::string_view records, std::string& plain, std::string&) override {
    plain.append(records);
    return State::open;
  }
  bool seal(std::string_view plain, std::string& to_send) override {
    to_send.append(plain);
    return true;
  }
  void close(std::string& to_send) override { to_send.append("goodbye"); }
  State state() const override { return State::open; }
  const std::string& error() const override { return none_; }
  TlsInfo info() const override { return {}; }
  bool exporter(std::string_view, std::span<unsigned char>) override { return false; }
  Result<std::string> freeze() override { return Error{"not this one"}; }
  HeldBytes held() const override { return {}; }

 private:
  std::string none_;
};

struct Peer final : Connection::Owner {
  explicit Peer(std::size_t its_room)
      : room(its_room),
        connection(std::make_unique<NarrowLink>(taken, room, rests), std::make_unique<PlainTls>(),
                   make_framer(FramerKind::lines, parser, {}), *this) {}
  void begin_turn() override {}
  void on_input(Connection&) override {}
  Connection::Scratch& scratch() override { return buffers; }
  void needs_flush(Connection&) override {}
  void on_open(Connection&, StreamHeader) override {}
  void on_stanza(Connection&, Ref<const Stanza>) override {}
  void on_line(Connection&, std::string_view) override {
    ++lines;
    connection.write_bytes(answer);
  }
  void on_request_head(Connection&, std::unique_ptr<HttpRequest>) override {}
  void on_request_part(Connection&, std::string) override {}
  void on_request_body(Connection&, std::string) override {}
  void on_partial(Connection&, bool) override {}
  void on_peer_close(Connection&) override {}
  void on_gone(Connection&, std::string_view reason) override { gone = reason; }

  SeededRandom random{1};
  XmlParser parser{random};
  // As the owner does at the end of a turn.
  void turn() {
    connection.flush();
    if (connection.has_carried()) connection.go_on();
  }

  std::string taken, gone;
  std::size_t room;
  bool rests = false;
  const std::string answer = std::string(100, 'a');
  std::size_t lines = 0;
  Connection::Scratch buffers;
  Connection connection;
};

}  // namespace

TEST_CASE("connection: one that is abandoned says goodbye where its peer takes it") {
  Peer peer(100);
  peer.connection.write_bytes("a record");
  peer.connection.flush();
  peer.connection.abandon("enough");
  peer.connection.flush();
  CHECK(peer.taken == "a recordgoodbye");
  CHECK(peer.gone == "enough");
}

TEST_CASE(
    "connection: one that is abandoned in the middle of a record goes at once, without a word behind it") {
  Peer peer(4);
  peer.connection.write_bytes("a record");
  peer.connection.flush();
  CHECK(peer.connection.pending_bytes() == 4);
  peer.connection.abandon("it reads nothing");
  peer.connection.flush();
  CHECK(peer.taken == "a re");
  CHECK(peer.gone == "it reads nothing");
}

TEST_CASE("connection: one that does not take its answers is not heard, and hears all of them once it does") {
  constexpr std::size_t asked = 50'000, bound = 512 * 1024;
  Peer peer(1'000);
  LinkEvents& events = peer.connection;
  std::string questions;
  for (std::size_t i = 0; i < asked; ++i) questions += "?\n";
  events.on_bytes(questions);
  peer.turn();
  CHECK(peer.rests);
  CHECK(peer.lines < asked);
  CHECK(peer.connection.pending_bytes() < bound);
  for (int turns = 0; turns < 1'000 && peer.lines < asked; ++turns) {
    peer.room = peer.taken.size() + 100'000;
    events.on_writable();
    peer.turn();
    CHECK(peer.connection.pending_bytes() < bound);
  }
  peer.room = asked * peer.answer.size();
  events.on_writable();
  peer.turn();
  CHECK(peer.lines == asked);
  CHECK(peer.taken.size() == asked * peer.answer.size());
  CHECK_FALSE(peer.rests);
}

TEST_CASE("connection: one that is held is not read from because it has taken its answers") {
  Peer peer(1'000);
  LinkEvents& events = peer.connection;
  std::string questions;
  for (std::size_t i = 0; i < 5'000; ++i) questions += "?\n";
  events.on_bytes(questions);
  peer.turn();
  peer.connection.hold();
  peer.room = 1'000'000;
  events.on_writable();
  peer.turn();
  CHECK(peer.rests);
  peer.connection.release();
  CHECK_FALSE(peer.rests);
}

// A connection whose peer reads nothing: it goes when it is abandoned, and no word follows half a record.
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
  NarrowLink(std::string& taken, std::size_t room) : taken_(taken), room_(room) {}
  void attach(LinkEvents*) override {}
  std::size_t send(std::string_view bytes) override {
    const std::size_t some = std::min(room_ - taken_.size(), bytes.size());
    taken_.append(bytes.substr(0, some));
    return some;
  }
  std::size_t unacknowledged() const override { return 0; }
  void pause_reading(bool) override {}
  std::string peer() const override { return "127.0.0.1"; }
  bool is_loopback() const override { return true; }
  void detach() override {}
  std::size_t held_bytes() const override { return 0; }

 private:
  std::string& taken_;
  const std::size_t room_;
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
  explicit Peer(std::size_t room)
      : connection(std::make_unique<NarrowLink>(taken, room), std::make_unique<PlainTls>(),
                   make_framer(FramerKind::lines, parser, {}), *this) {}
  void begin_turn() override {}
  void on_input(Connection&) override {}
  Connection::Scratch& scratch() override { return buffers; }
  void needs_flush(Connection&) override {}
  void on_open(Connection&, StreamHeader) override {}
  void on_stanza(Connection&, Ref<const Stanza>) override {}
  void on_line(Connection&, std::string_view) override {}
  void on_request_head(Connection&, std::unique_ptr<HttpRequest>) override {}
  void on_request_part(Connection&, std::string) override {}
  void on_request_body(Connection&, std::string) override {}
  void on_partial(Connection&, bool) override {}
  void on_peer_close(Connection&) override {}
  void on_gone(Connection&, std::string_view reason) override { gone = reason; }

  SeededRandom random{1};
  XmlParser parser{random};
  std::string taken, gone;
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

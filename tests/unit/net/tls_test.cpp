// One connection's TLS: the host's side against OpenSSL's client, both in memory. Each test runs with either
// implementation behind Tls, so that `tls.own_records` off stays a true way out.
#include <doctest/doctest.h>

#include <array>
#include <thread>

#include "unit/net/tls_client.h"

namespace hotline::test {
namespace {

struct OwnRecords {
  static constexpr Records records = Records::own;
};
struct SslObject {
  static constexpr Records records = Records::openssl;
};

template <typename Kind>
struct Pair {
  explicit Pair(const TlsClientSettings& settings = {}, std::string_view alpn = "xmpp-client")
      : context(open_context(folder, Kind::records)), client(settings), server(context->accept(alpn)) {}
  // The whole handshake.
  void shake(const Cut& cut = whole()) { converse(client, *server, plain, cut); }

  TemporaryFolder folder;
  std::unique_ptr<TlsContext> context;
  TlsClient client;
  std::unique_ptr<Tls> server;
  std::string plain;  // What the server got.
};

TEST_CASE_TEMPLATE("tls: both versions shake hands, and info says what was agreed", Kind, OwnRecords,
                   SslObject) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair<Kind> pair({.version = version, .alpn = {"xmpp-client"}, .sni = "chat.example"});
    CHECK(pair.server->state() == Tls::State::handshaking);
    pair.shake();
    REQUIRE(pair.server->state() == Tls::State::open);
    CHECK(pair.client.is_open());
    const TlsInfo info = pair.server->info();
    CHECK(info.version == (version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"));
    CHECK(info.cipher.find("AES") != std::string::npos);
    CHECK(info.alpn == "xmpp-client");
    CHECK(info.sni == "chat.example");
    CHECK_FALSE(info.resumed);
  }
}

TEST_CASE_TEMPLATE("tls: of TLS 1.2 only suites with forward secrecy are agreed to", Kind, OwnRecords,
                   SslObject) {
  for (const char* suites : {"AES128-GCM-SHA256:AES256-SHA", "ECDHE-ECDSA-AES128-SHA"}) {
    Pair<Kind> pair({.version = TLS1_2_VERSION, .cipher_list = suites});
    pair.shake();
    CHECK(pair.server->state() == Tls::State::failed);
    CHECK(pair.server->error() == "TLS handshake failed: no shared cipher");
  }
}

TEST_CASE_TEMPLATE("tls: a megabyte goes both ways unchanged, however the records are cut", Kind, OwnRecords,
                   SslObject) {
  const std::string upward = random_bytes(1 << 20, 1);
  const std::string downward = random_bytes(1 << 20, 2);
  SeededRandom random(3);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::size_t most : {7u, 1000u, 16384u}) {
      Pair<Kind> pair({.version = version});
      const Cut cut = between(random, 1, most);
      pair.shake(cut);
      REQUIRE(pair.server->state() == Tls::State::open);
      std::string records;
      for (std::size_t at = 0; at < upward.size();) {
        const std::size_t size = std::min<std::size_t>(1 + random.next_u64() % 60'000, upward.size() - at);
        pair.client.write(std::string_view(upward).substr(at, size));
        REQUIRE(pair.server->seal(std::string_view(downward).substr(at, size), records));
        at += size;
      }
      std::string answer;
      CHECK(feed_cut(*pair.server, pair.client.take_output(), cut, pair.plain, answer) == Tls::State::open);
      CHECK(answer.empty());
      CHECK((pair.plain == upward));
      for (std::string_view left = records; !left.empty();) {
        const std::string_view piece = left.substr(0, cut());
        pair.client.receive(piece);
        left.remove_prefix(piece.size());
      }
      CHECK((pair.client.plain() == downward));
    }
  }
}

TEST_CASE_TEMPLATE("tls: data that comes together with the end of the handshake is delivered", Kind,
                   OwnRecords, SslObject) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair<Kind> pair({.version = version});
    std::string to_client;
    // Flight by flight, until the client is done but its last flight has not been sent.
    while (!pair.client.is_open() || version == TLS1_2_VERSION) {
      to_client.clear();
      pair.server->feed(pair.client.take_output(), pair.plain, to_client);
      pair.client.receive(to_client);
      if (pair.client.is_open()) break;
    }
    pair.client.write("first");
    pair.client.write("second");
    to_client.clear();
    CHECK(pair.server->feed(pair.client.take_output(), pair.plain, to_client) == Tls::State::open);
    CHECK(pair.plain == "firstsecond");
  }
}

TEST_CASE_TEMPLATE("tls: a client that offers protocols must offer ours, one that offers none is taken", Kind,
                   OwnRecords, SslObject) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair<Kind> other({.version = version, .alpn = {"http/1.1", "h2"}});
    other.shake();
    CHECK(other.server->state() == Tls::State::failed);
    CHECK(other.client.error().find("no application protocol") != std::string::npos);

    Pair<Kind> second({.version = version, .alpn = {"h2", "xmpp-client"}});
    second.shake();
    CHECK(second.server->info().alpn == "xmpp-client");

    Pair<Kind> none({.version = version});
    none.shake();
    CHECK(none.server->state() == Tls::State::open);
    CHECK(none.server->info().alpn.empty());

    Pair<Kind> indifferent({.version = version, .alpn = {"h2"}}, "");
    indifferent.shake();
    CHECK(indifferent.server->state() == Tls::State::open);
  }
}

TEST_CASE_TEMPLATE("tls: the client's end is seen behind its last bytes, and ours by the client", Kind,
                   OwnRecords, SslObject) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair<Kind> pair({.version = version});
    pair.shake();
    pair.client.write("last words");
    pair.client.close();
    std::string to_send;
    CHECK(pair.server->feed(pair.client.take_output(), pair.plain, to_send) == Tls::State::peer_closed);
    CHECK(pair.plain == "last words");
    CHECK_FALSE(pair.server->seal("too late", to_send));
    CHECK_FALSE(pair.client.was_closed());
    pair.server->close(to_send);
    pair.client.receive(to_send);
    CHECK(pair.client.was_closed());
  }
}

TEST_CASE_TEMPLATE("tls: after close nothing can be sealed", Kind, OwnRecords, SslObject) {
  Pair<Kind> pair;
  pair.shake();
  std::string to_send;
  pair.server->close(to_send);
  CHECK_FALSE(to_send.empty());
  CHECK_FALSE(pair.server->seal("too late", to_send));
  pair.client.receive(to_send);
  CHECK(pair.client.was_closed());
  CHECK(pair.client.plain().empty());
}

TEST_CASE_TEMPLATE("tls: what is not TLS fails at once, and who does not speak it is told nothing", Kind,
                   OwnRecords, SslObject) {
  for (const std::string_view bytes :
       {"<?xml version='1.0'?><stream:stream to='localhost'>", "GET / HTTP/1.1\r\n\r\n"}) {
    CAPTURE(bytes);
    Pair<Kind> pair;
    std::string to_send;
    CHECK(pair.server->feed(bytes, pair.plain, to_send) == Tls::State::failed);
    CHECK(pair.server->error().starts_with("TLS handshake failed: "));
    CHECK(to_send.empty());
  }
}

TEST_CASE_TEMPLATE("tls: a handshake that breaks the rules fails with an alert to send", Kind, OwnRecords,
                   SslObject) {
  using namespace std::string_view_literals;
  for (const std::string_view bytes :
       {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff"sv,     // A ClientHello of one byte.
        "\x17\x03\x03\x00\x05hello"sv,                    // Data first.
        "\x16\x03\x01\xff\xff\x01\x00\x00\x01\xff"sv}) {  // A record of 65,535 bytes.
    CAPTURE(bytes.size());
    Pair<Kind> pair;
    std::string to_send;
    CHECK(pair.server->feed(bytes, pair.plain, to_send) == Tls::State::failed);
    CHECK(pair.server->error().starts_with("TLS handshake failed: "));
    REQUIRE(to_send.size() == 7);
    CHECK(to_send[0] == 21);  // An alert,
    CHECK(to_send[5] == 2);   // a fatal one.
    CHECK(pair.server->feed("more", pair.plain, to_send) == Tls::State::failed);
    CHECK(to_send.size() == 7);
  }
}

TEST_CASE_TEMPLATE("tls: a changed record fails the connection, and nothing of it is delivered", Kind,
                   OwnRecords, SslObject) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair<Kind> pair({.version = version});
    pair.shake();
    pair.client.write("one");
    std::string records = pair.client.take_output();
    pair.client.write("two");
    std::string changed = pair.client.take_output();
    changed.back() = static_cast<char>(changed.back() ^ 1);
    std::string to_send;
    CHECK(pair.server->feed(records + changed, pair.plain, to_send) == Tls::State::failed);
    CHECK(pair.plain == "one");
    CHECK(pair.server->error().starts_with("TLS failed: "));
    CHECK_FALSE(to_send.empty());
    CHECK_FALSE(pair.server->seal("x", to_send));
  }
}

TEST_CASE_TEMPLATE("tls: damaged handshakes fail or wait, and the next connection is not touched", Kind,
                   OwnRecords, SslObject) {
  TemporaryFolder folder;
  const auto context = open_context(folder, Kind::records);
  SeededRandom random(11);
  for (int round = 0; round < 300; ++round) {
    TlsClient client({.version = round % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION, .alpn = {"xmpp-client"}});
    const auto server = context->accept("xmpp-client");
    std::string hello = client.take_output();
    hello[random.next_u64() % hello.size()] = static_cast<char>(random.next_u64());
    hello.resize(hello.size() - random.next_u64() % 3);
    std::string plain;
    std::string to_send;
    const Tls::State state = feed_cut(*server, hello, between(random, 1, 300), plain, to_send);
    CHECK((state == Tls::State::handshaking || state == Tls::State::failed));
    CHECK(plain.empty());
  }
  TlsClient client;
  const auto server = context->accept("xmpp-client");
  std::string plain;
  converse(client, *server, plain);
  CHECK(server->state() == Tls::State::open);
}

TEST_CASE_TEMPLATE("tls: the exporter gives both sides the same bytes, and none before the handshake", Kind,
                   OwnRecords, SslObject) {
  static constexpr std::string_view label = "EXPORTER-Channel-Binding";
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair<Kind> pair({.version = version});
    std::array<unsigned char, 32> ours{};
    std::array<unsigned char, 32> theirs{};
    CHECK_FALSE(pair.server->exporter(label, ours));
    pair.shake();
    REQUIRE(pair.server->exporter(label, ours));
    REQUIRE(SSL_export_keying_material(pair.client.ssl(), theirs.data(), theirs.size(), label.data(),
                                       label.size(), nullptr, 0, 1) == 1);
    CHECK(ours == theirs);
    CHECK(ours != std::array<unsigned char, 32>{});
  }
}

TEST_CASE_TEMPLATE("tls: the client may change its keys, also while it asks for ours", Kind, OwnRecords,
                   SslObject) {
  Pair<Kind> pair;
  pair.shake();
  for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    SSL_key_update(pair.client.ssl(), kind);
    pair.client.write("up");
    std::string to_send;
    CHECK(pair.server->feed(pair.client.take_output(), pair.plain, to_send) == Tls::State::open);
    CHECK(pair.server->seal("down", to_send));
    pair.client.receive(to_send);
  }
  CHECK(pair.plain == "upup");
  CHECK(pair.client.plain() == "downdown");
}

TEST_CASE_TEMPLATE("tls: renegotiation is not done", Kind, OwnRecords, SslObject) {
  Pair<Kind> pair({.version = TLS1_2_VERSION});
  pair.shake();
  SSL_renegotiate(pair.client.ssl());
  SSL_do_handshake(pair.client.ssl());
  converse(pair.client, *pair.server, pair.plain);
  CHECK(pair.client.error().find("no renegotiation") != std::string::npos);
}

TEST_CASE_TEMPLATE("tls: a connection goes on on another thread, with half a record taken in", Kind,
                   OwnRecords, SslObject) {
  Pair<Kind> pair;
  pair.shake();
  pair.client.write("before");
  pair.client.write("half of this is fed on the first thread");
  const std::string records = pair.client.take_output();
  std::string to_send;
  CHECK(pair.server->feed(records.substr(0, records.size() - 20), pair.plain, to_send) == Tls::State::open);
  std::thread([&] {
    pair.server->feed(records.substr(records.size() - 20), pair.plain, to_send);
    pair.server->seal("from there", to_send);
  }).join();
  CHECK(pair.plain == "beforehalf of this is fed on the first thread");
  // That thread is gone, and so is its side of the pipe.
  CHECK(pair.server->seal(" and from here", to_send));
  pair.client.receive(to_send);
  CHECK(pair.client.plain() == "from there and from here");
}

TEST_CASE_TEMPLATE("tls: threads share a context, and a connection may end on a thread it never ran on", Kind,
                   OwnRecords, SslObject) {
  TemporaryFolder folder;
  const auto context = open_context(folder, Kind::records);
  std::array<std::unique_ptr<Tls>, 4> made;
  std::array<std::thread, 4> threads;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i] = std::thread([&context, &slot = made[i]] {
      for (int round = 0; round < 5; ++round) {
        TlsClient client({.alpn = {"xmpp-client"}});
        slot = context->accept("xmpp-client");
        std::string plain;
        converse(client, *slot, plain);
      }
    });
  }
  for (int round = 0; round < 10; ++round) CHECK(context->reload().has_value());
  for (std::thread& thread : threads) thread.join();
  for (std::unique_ptr<Tls>& tls : made) {
    CHECK(tls->state() == Tls::State::open);
    std::string to_send;
    CHECK(tls->seal("here", to_send));
    tls.reset();
  }
}

TEST_CASE("tls: freezing is refused with the way out where OpenSSL has the state") {
  Pair<SslObject> object;
  Pair<OwnRecords> older({.version = TLS1_2_VERSION});
  for (Tls* server : {object.server.get(), older.server.get()}) {
    if (server == object.server.get()) object.shake();
    if (server == older.server.get()) older.shake();
    REQUIRE(server->state() == Tls::State::open);
    const auto frozen = server->freeze();
    REQUIRE_FALSE(frozen.has_value());
    CHECK(frozen.error().message.find("session ticket") != std::string::npos);
  }
}

}  // namespace
}  // namespace hotline::test

// What only connections with own records do: freezing and thawing, and what the handshake leaves behind.
#include <doctest/doctest.h>

#include <array>

#include "unit/net/tls_client.h"
#include "unit/net/tls_record_peer.h"

namespace hotline::test {
namespace {

struct OwnPair {
  explicit OwnPair(const TlsClientSettings& settings = {})
      : context(open_context(folder)), client(settings), server(context->accept("xmpp-client")) {
    converse(client, *server, plain);
  }
  void client_says(std::string_view words) {
    client.write(words);
    converse(client, *server, plain);
  }
  void server_says(std::string_view words) {
    std::string records;
    REQUIRE(server->seal(words, records));
    client.receive(records);
  }

  TemporaryFolder folder;
  std::unique_ptr<TlsContext> context;
  TlsClient client;
  std::unique_ptr<Tls> server;
  std::string plain;
};

TEST_CASE("own records: a live connection moves to another context in the middle of a record") {
  for (const char* suite :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    CAPTURE(suite);
    OwnPair pair({.alpn = {"xmpp-client"}, .sni = "chat.example", .suites = suite});
    pair.client_says("one ");
    pair.server_says("eins ");
    SSL_key_update(pair.client.ssl(), SSL_KEY_UPDATE_REQUESTED);  // Ours is owed when it moves.
    pair.client.write("two ");
    const std::string records = pair.client.take_output();
    std::string none;
    REQUIRE(pair.server->feed(records.substr(0, records.size() - 9), pair.plain, none) == Tls::State::open);
    std::array<unsigned char, 32> before{};
    REQUIRE(pair.server->exporter("EXPORTER-Channel-Binding", before));

    const auto frozen = pair.server->freeze();
    REQUIRE(frozen.has_value());
    TemporaryFolder elsewhere;
    const auto other = open_context(elsewhere);
    auto thawed = other->thaw(*frozen);
    REQUIRE(thawed.has_value());
    CHECK_FALSE(pair.server->seal("never with the same number", none));
    CHECK(pair.server->feed(records, pair.plain, none) == Tls::State::failed);
    CHECK(none.empty());
    pair.server = std::move(*thawed);

    CHECK(pair.server->feed(records.substr(records.size() - 9), pair.plain, none) == Tls::State::open);
    pair.client_says("three");
    pair.server_says("zwei");
    CHECK(pair.plain == "one two three");
    CHECK(pair.client.plain() == "eins zwei");
    const TlsInfo info = pair.server->info();
    CHECK(info.version == "TLSv1.3");
    CHECK(info.cipher == suite);
    CHECK(info.alpn == "xmpp-client");
    CHECK(info.sni == "chat.example");
    std::array<unsigned char, 32> after{};
    REQUIRE(pair.server->exporter("EXPORTER-Channel-Binding", after));
    CHECK(before == after);
    std::string last;
    pair.server->close(last);
    pair.client.receive(last);
    CHECK(pair.client.was_closed());
  }
}

TEST_CASE("own records: a connection moves back and forth a hundred times") {
  OwnPair pair;
  TemporaryFolder elsewhere;
  const auto other = open_context(elsewhere);
  for (int i = 0; i < 100; ++i) {
    auto frozen = pair.server->freeze();
    REQUIRE(frozen.has_value());
    auto thawed = (i % 2 == 0 ? *other : *pair.context).thaw(*frozen);
    REQUIRE(thawed.has_value());
    pair.server = std::move(*thawed);
    pair.client_says("u");
    pair.server_says("d");
  }
  CHECK(pair.plain == std::string(100, 'u'));
  CHECK(pair.client.plain() == std::string(100, 'd'));
}

TEST_CASE("own records: what is not a frozen connection is refused, cut or changed at any byte") {
  OwnPair pair;
  const auto frozen = pair.server->freeze();
  REQUIRE(frozen.has_value());
  for (std::size_t size = 0; size < frozen->size(); ++size) {
    CHECK_FALSE(pair.context->thaw(frozen->substr(0, size)).has_value());
  }
  CHECK_FALSE(pair.context->thaw(*frozen + "x").has_value());
  std::string newer = *frozen;
  newer[4] = 2;
  const auto refused = pair.context->thaw(newer);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("in format 2, and this host reads format 1") != std::string::npos);
  SeededRandom random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string changed = *frozen;
    changed[random.next_u64() % changed.size()] ^= static_cast<char>(1 + random.next_u64() % 255);
    auto thawed = pair.context->thaw(changed);
    if (!thawed.has_value()) continue;
    std::string plain;
    std::string to_send;
    (*thawed)->feed(changed, plain, to_send);  // It may be nonsense, and must not do harm.
  }
}

TEST_CASE("own records: before the handshake ended and after the end there is nothing to freeze") {
  TemporaryFolder folder;
  const auto context = open_context(folder);
  CHECK_FALSE(context->accept("xmpp-client")->freeze().has_value());
  OwnPair pair;
  pair.client.close();
  converse(pair.client, *pair.server, pair.plain);
  CHECK_FALSE(pair.server->freeze().has_value());
}

TEST_CASE("own records: HelloRetryRequest, each suite, and several tickets leave the count right") {
  for (const char* groups : {"P-521:P-256", "X25519"}) {
    for (const char* suite :
         {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
      CAPTURE(groups);
      CAPTURE(suite);
      OwnPair pair({.groups = groups, .suites = suite});
      REQUIRE(pair.server->state() == Tls::State::open);
      CHECK(pair.server->info().cipher == suite);
      CHECK(pair.client.session() != nullptr);  // A ticket came, and counted.
      pair.client_says("up");
      pair.server_says("down");
      CHECK(pair.plain == "up");
      CHECK(pair.client.plain() == "down");
      CHECK(pair.server->freeze().has_value());  // Its records are ours.
    }
  }
}

TEST_CASE("own records: a suite that is not ours to do is not agreed to") {
  TemporaryFolder folder;
  const auto context = open_context(folder);
  TlsClient client({.suites = "TLS_AES_128_CCM_SHA256"});
  const auto server = context->accept("xmpp-client");
  std::string plain;
  converse(client, *server, plain);
  CHECK(server->state() == Tls::State::failed);
}

TEST_CASE("own records: max_fragment_length is kept in what we send, and asked of the client") {
  for (const int code : {TLSEXT_max_fragment_length_512, TLSEXT_max_fragment_length_4096}) {
    OwnPair pair({.max_fragment_length = code});
    REQUIRE(pair.server->state() == Tls::State::open);
    const std::size_t most = std::size_t{256} << code;
    const std::string words = random_bytes(10'000, 4);
    std::string records;
    REQUIRE(pair.server->seal(words, records));
    for (std::string_view left = records; !left.empty();) {
      const std::size_t size = TlsRecords::record_bytes(left);
      CHECK(size <= most + record_overhead);
      left.remove_prefix(size);
    }
    pair.client.receive(records);
    CHECK((pair.client.plain() == words));
    pair.client_says(words);
    CHECK((pair.plain == words));
  }
}

TEST_CASE("own records: we may change our key, and the client answers with its own") {
  OwnPair pair;
  for (int i = 0; i < 10; ++i) {
    std::string records;
    REQUIRE(dynamic_cast<OwnRecordsTls&>(*pair.server).update_keys(records));
    pair.client.receive(records);
    pair.server_says("d");
    pair.client_says("u");
  }
  CHECK(pair.plain == std::string(10, 'u'));
  CHECK(pair.client.plain() == std::string(10, 'd'));
}

TEST_CASE("own records: what the exporter gives is the channel binding, and nothing else") {
  OwnPair pair;
  std::array<unsigned char, 32> binding{};
  CHECK(pair.server->exporter("EXPORTER-Channel-Binding", binding));
  CHECK_FALSE(pair.server->exporter("EXPORTER-Something-Else", binding));
  std::array<unsigned char, 16> shorter{};
  CHECK_FALSE(pair.server->exporter("EXPORTER-Channel-Binding", shorter));
}

}  // namespace
}  // namespace hotline::test

// The record layer by itself: the published traces, counting, key changes, limits.
#include "net/tls_records.h"

#include <doctest/doctest.h>

#include <cstring>

#include "net/tls_slab.h"
#include "unit/net/tls_client.h"
#include "unit/net/tls_record_peer.h"

namespace hotline::test {
namespace {

// RFC 8448 3, "Simple 1-RTT Handshake", from where the application's keys are used.
constexpr std::string_view client_secret =
    "9e 40 64 6c e7 9a 7f 9d c0 5a f8 88 9b ce 65 52 87 5a fa 0b 06 df 00 87 f7 92 eb b7 c1 75 04 a5";
constexpr std::string_view server_secret =
    "a1 1a f9 f0 55 31 f8 56 ad 47 11 6b 45 a9 50 32 82 04 b4 f4 4b fb 6b 3a 4b 4f 1f 3f cb 63 16 43";
constexpr std::string_view ticket_record =
    "17 03 03 00 de 3a 6b 8f 90 41 4a 97 d6 95 9c 34 87 68 0d e5 13 4a 2b 24 0e 6c ff ac 11 6e 95 d4 1d"
    "6a f8 f6 b5 80 dc f3 d1 1d 63 c7 58 db 28 9a 01 59 40 25 2f 55 71 3e 06 1d c1 3e 07 88 91 a3 8e fb"
    "cf 57 53 ad 8e f1 70 ad 3c 73 53 d1 6d 9d a7 73 b9 ca 7f 2b 9f a1 b6 c0 d4 a3 d0 3f 75 e0 9c 30 ba"
    "1e 62 97 2a c4 6f 75 f7 b9 81 be 63 43 9b 29 99 ce 13 06 46 15 13 98 91 d5 e4 c5 b4 06 f1 6e 3f c1"
    "81 a7 7c a4 75 84 00 25 db 2f 0a 77 f8 1b 5a b0 5b 94 c0 13 46 75 5f 69 23 2c 86 51 9d 86 cb ee ac"
    "87 aa c3 47 d1 43 f9 60 5d 64 f6 50 db 4d 02 3e 70 e9 52 ca 49 fe 51 37 12 1c 74 bc 26 97 68 7e 24"
    "87 46 d6 df 35 30 05 f3 bc e1 86 96 12 9c 81 53 55 6b 3b 6c 67 79 b3 7b f1 59 85 68 4f";
constexpr std::string_view client_data =
    "17 03 03 00 43 a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea 42 f9 14 aa 66 bc ab 3f 2b"
    "98 19 a8 a5 b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f 5a 62 92 a2 97 70 14 bd 1e 3d ea e6 3a ee"
    "bb 21 69 49 15 e4";
constexpr std::string_view server_data =
    "17 03 03 00 43 2e 93 7e 11 ef 4a c7 40 e5 38 ad 36 00 5f c4 a4 69 32 fc 32 25 d0 5f 82 aa 1b 36 e3"
    "0e fa f9 7d 90 e6 df fc 60 2d cb 50 1a 59 a8 fc c4 9c 4b f2 e5 f0 a2 1c 00 47 c2 ab f3 32 54 0d d0"
    "32 e1 67 c2 95 5d";
constexpr std::string_view client_close =
    "17 03 03 00 13 c9 87 27 60 65 56 66 b7 4d 7f f1 15 3e fd 6d b6 d0 b0 e3";
constexpr std::string_view server_close =
    "17 03 03 00 13 b5 8f d6 71 66 eb f5 99 d2 47 20 cf be 7e fa 7a 88 64 a9";

std::string payload() {
  std::string bytes;
  for (int i = 0; i < 50; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

RecordState server_of_the_trace() {
  RecordState state{};
  std::memcpy(state.in.secret, from_hex(client_secret).data(), 32);
  std::memcpy(state.out.secret, from_hex(server_secret).data(), 32);
  return state;
}

TEST_CASE("tls records: RFC 8448's keys are derived from its secrets") {
  RecordState state = server_of_the_trace();
  StoppedClock clock;
  REQUIRE(TlsRecords(state, clock).begin(TlsSuite::aes_128_gcm, record_plain_max));
  CHECK(std::memcmp(state.in.key, from_hex("17 42 2d da 59 6e d5 d9 ac d8 90 e3 c6 3f 50 51").data(), 16) ==
        0);
  CHECK(std::memcmp(state.in.iv, from_hex("5b 78 92 3d ee 08 57 90 33 e5 23 d9").data(), 12) == 0);
  CHECK(std::memcmp(state.out.key, from_hex("9f 02 28 3b 6c 9c 07 ef c2 6b b9 f2 ac 92 e3 56").data(), 16) ==
        0);
  CHECK(std::memcmp(state.out.iv, from_hex("cf 78 2b 88 dd 83 54 9a ad f1 e9 84").data(), 12) == 0);
}

TEST_CASE("tls records: RFC 8448's records are opened and sealed to the byte") {
  RecordState state = server_of_the_trace();
  StoppedClock clock;
  TlsRecords records(state, clock);
  REQUIRE(records.begin(TlsSuite::aes_128_gcm, record_plain_max));
  std::string out(512, '\0');
  auto* const bytes = reinterpret_cast<unsigned char*>(out.data());

  // The server's first record is its ticket; it counts.
  REQUIRE(records.count_sealed(from_hex(ticket_record), bytes));
  CHECK(state.out.sequence == 1);

  const RecordEvent data = records.open(from_hex(client_data), bytes);
  CHECK(data.kind == RecordEvent::Kind::data);
  CHECK(out.substr(0, data.size) == payload());
  CHECK(records.open(from_hex(client_close), bytes).kind == RecordEvent::Kind::closed);

  REQUIRE(records.sealed_bytes(50) == from_hex(server_data).size());
  REQUIRE(records.seal(payload(), bytes));
  CHECK((out.substr(0, records.sealed_bytes(50)) == from_hex(server_data)));
  REQUIRE(records.seal_alert(TlsAlert::close_notify, bytes));
  CHECK((out.substr(0, alert_record_bytes) == from_hex(server_close)));
}

TEST_CASE("tls records: a ticket that is not the next one by our key is not counted") {
  RecordState state = server_of_the_trace();
  StoppedClock clock;
  TlsRecords records(state, clock);
  REQUIRE(records.begin(TlsSuite::aes_128_gcm, record_plain_max));
  unsigned char scratch[512];
  CHECK_FALSE(records.count_sealed(from_hex(client_data), scratch));
  CHECK_FALSE(records.count_sealed(from_hex(server_data), scratch));  // The second, not the first.
  CHECK(state.out.sequence == 0);
}

TEST_CASE("tls records: the key changes before 2^24 records were sealed with it, and the peer follows") {
  for (const TlsSuite suite : all_suites) {
    RecordPeer peer(suite);
    RecordState host = peer.state();
    std::swap(host.in, host.out);
    host.out.sequence = peer.state().in.sequence = records_per_key_max - 3;
    StoppedClock clock;
    TlsRecords records(host, clock);
    for (int i = 0; i < 5; ++i) {
      std::string sealed(records.sealed_bytes(4), '\0');
      REQUIRE(records.seal("word", reinterpret_cast<unsigned char*>(sealed.data())));
      REQUIRE(peer.receive(sealed));
    }
    CHECK(peer.plain == "wordwordwordwordword");
    CHECK(peer.updates_received == 1);
    CHECK(host.out.sequence == 3);
  }
}

TEST_CASE("tls records: a count that would wrap seals and opens nothing") {
  RecordPeer peer(TlsSuite::aes_128_gcm);
  RecordState host = peer.state();
  std::swap(host.in, host.out);
  host.out.sequence = host.in.sequence = ~std::uint64_t{0};
  StoppedClock clock;
  TlsRecords records(host, clock);
  unsigned char out[64];
  CHECK_FALSE(records.seal("word", out));
  CHECK_FALSE(records.seal_alert(TlsAlert::internal_error, out));
  peer.state().out.sequence = ~std::uint64_t{0};
  CHECK(records.open(peer.data("word"), out).kind == RecordEvent::Kind::broken);
}

TEST_CASE("tls slab: states are zeros when taken, wiped when given back, and used again") {
  TlsSlab slab;
  RecordState* first = slab.take();
  CHECK(first->in.sequence == 0);
  std::memset(first, 0x5a, sizeof *first);
  slab.give_back(first);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(first);
  for (std::size_t i = sizeof(void*); i < sizeof *first; ++i) REQUIRE(bytes[i] == 0);
  CHECK(slab.take() == first);
  std::vector<RecordState*> many;
  for (int i = 0; i < 1000; ++i) many.push_back(slab.take());
  CHECK(slab.used() == 1001);
  for (RecordState* state : many) {
    CHECK(state->out.sequence == 0);
    slab.give_back(state);
  }
  CHECK(slab.used() == 1);
}

}  // namespace
}  // namespace hotline::test

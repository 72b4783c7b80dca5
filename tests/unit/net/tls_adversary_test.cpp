// A peer that has the right keys and breaks the rules: what the host answers, case by case, in each suite and
// however the bytes are cut.
#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "unit/net/tls_client.h"
#include "unit/net/tls_record_peer.h"

namespace hotline::test {
namespace {

using namespace std::string_literals;

constexpr int no_alert = -1;
constexpr int unexpected_message = 10, bad_record_mac = 20, record_overflow = 22, illegal_parameter = 47,
              decode_error = 50;

struct Case {
  const char* name;
  std::function<std::string(RecordPeer&)> attack;
  int alert;          // What the host answers; no_alert: it goes on.
  std::string plain;  // What it delivers.
  Tls::State state = Tls::State::failed;
  std::size_t plain_max = record_plain_max;
};

// The records were made in this order, as the elements of a braced list are and operands of + are not.
std::string in_order(std::initializer_list<std::string> records) {
  std::string bytes;
  for (const std::string& record : records) bytes += record;
  return bytes;
}

std::string flipped(std::string record, std::size_t from_end) {
  record[record.size() - from_end] = static_cast<char>(record[record.size() - from_end] ^ 1);
  return record;
}

std::string repeated(int times, const std::function<std::string()>& make) {
  std::string bytes;
  for (int i = 0; i < times; ++i) bytes += make();
  return bytes;
}

std::string pieces(RecordPeer& peer, std::string_view message) {
  std::string bytes;
  for (const char piece : message) bytes += peer.record(22, {&piece, 1});
  return bytes;
}

const std::string update("\x18\x00\x00\x01\x00", 5);
const Tls::State open = Tls::State::open;

std::vector<Case> sizes_and_padding() {
  return {
      {"data", [](RecordPeer& p) { return p.data("hello"); }, no_alert, "hello", open},
      {"a record without data",
       [](RecordPeer& p) {
         return in_order({p.data(""), p.data("x")});
       },
       no_alert, "x", open},
      {"32 records without data, then some",
       [](RecordPeer& p) {
         return in_order({repeated(32, [&] { return p.data(""); }), p.data("x")});
       },
       no_alert, "x", open},
      {"40 records without data", [](RecordPeer& p) { return repeated(40, [&] { return p.data(""); }); },
       unexpected_message, ""},
      {"a full record", [](RecordPeer& p) { return p.data(std::string(16384, 'f')); }, no_alert,
       std::string(16384, 'f'), open},
      {"a byte in a fully padded record", [](RecordPeer& p) { return p.record(23, "x", 16383); }, no_alert,
       "x", open},
      {"16,385 bytes of data", [](RecordPeer& p) { return p.data(std::string(16385, 'f')); }, record_overflow,
       ""},
      {"a byte with 16,384 of padding", [](RecordPeer& p) { return p.record(23, "x", 16384); },
       record_overflow, ""},
      {"a record of 16,641 bytes",
       [](RecordPeer&) { return "\x17\x03\x03\x41\x01"s + std::string(16641, 'x'); }, record_overflow, ""},
      {"padding alone", [](RecordPeer& p) { return p.inner(std::string(100, '\0')); }, unexpected_message,
       ""},
      {"a record as long as its tag", [](RecordPeer& p) { return p.inner(""); }, bad_record_mac, ""},
      {"a record shorter than a tag", [](RecordPeer&) { return "\x17\x03\x03\x00\x03xyz"s; }, bad_record_mac,
       ""},
      {"a record of nothing", [](RecordPeer&) { return "\x17\x03\x03\x00\x00"s; }, bad_record_mac, ""},
      {"as much as max_fragment_length", [](RecordPeer& p) { return p.data(std::string(512, 'm')); },
       no_alert, std::string(512, 'm'), open, 512},
      {"more than max_fragment_length", [](RecordPeer& p) { return p.data(std::string(513, 'm')); },
       record_overflow, "", Tls::State::failed, 512},
  };
}

std::vector<Case> not_authentic() {
  return {
      {"a flipped bit of text",
       [](RecordPeer& p) {
         return in_order({p.data("a"), flipped(p.data("b"), 17)});
       },
       bad_record_mac, "a"},
      {"a flipped bit of the tag", [](RecordPeer& p) { return flipped(p.data("b"), 1); }, bad_record_mac, ""},
      {"a flipped bit of the version", [](RecordPeer& p) { return flipped(p.data("b"), 2 + 16 + 2 + 1); },
       bad_record_mac, ""},
      {"a record cut short, its length corrected",
       [](RecordPeer& p) {
         std::string record = p.data("shorter");
         record.pop_back();
         --record[4];
         return record;
       },
       bad_record_mac, ""},
      {"a record twice",
       [](RecordPeer& p) {
         const std::string record = p.data("once");
         return record + record;
       },
       bad_record_mac, "once"},
      {"a record left out",
       [](RecordPeer& p) {
         (void)p.data("lost");
         return p.data("next");
       },
       bad_record_mac, ""},
      {"two records exchanged",
       [](RecordPeer& p) {
         const std::string first = p.data("first");
         return p.data("second") + first;
       },
       bad_record_mac, ""},
      {"our own record sent back", [](RecordPeer& p) { return p.reflected("yours"); }, bad_record_mac, ""},
      {"data that is not encrypted",
       [](RecordPeer&) {
         return "\x17\x03\x03\x00\x1d"
                "this is not encrypted at all."s;
       },
       bad_record_mac, ""},
      {"the old key after a KeyUpdate",
       [](RecordPeer& p) {
         return in_order({p.record(22, update), p.data("old")});
       },
       bad_record_mac, ""},
      {"a new key without a KeyUpdate",
       [](RecordPeer& p) {
         p.change_key();
         return p.data("new");
       },
       bad_record_mac, ""},
  };
}

std::vector<Case> wrong_types() {
  return {
      {"a type nobody knows", [](RecordPeer& p) { return p.record(99, "x"); }, unexpected_message, ""},
      {"change_cipher_spec inside", [](RecordPeer& p) { return p.record(20, "\x01"); }, unexpected_message,
       ""},
      {"change_cipher_spec in clear", [](RecordPeer&) { return "\x14\x03\x03\x00\x01\x01"s; },
       unexpected_message, ""},
      {"an alert in clear", [](RecordPeer&) { return "\x15\x03\x03\x00\x02\x01\x00"s; }, unexpected_message,
       ""},
      {"a handshake message in clear",
       [](RecordPeer&) { return "\x16\x03\x03\x00\x05\x18\x00\x00\x01\x00"s; }, unexpected_message, ""},
      {"something that is not TLS", [](RecordPeer&) { return "GET / HTTP/1.1\r\n\r\n"s; }, unexpected_message,
       ""},
      {"ClientHello", [](RecordPeer& p) { return p.record(22, "\x01\x00\x00\x02xx"s); }, unexpected_message,
       ""},
      {"NewSessionTicket", [](RecordPeer& p) { return p.record(22, "\x04\x00\x00\x02xx"s); },
       unexpected_message, ""},
      {"Certificate", [](RecordPeer& p) { return p.record(22, "\x0b\x00\x00\x04\x00\x00\x00\x00"s); },
       unexpected_message, ""},
      {"Finished", [](RecordPeer& p) { return p.record(22, "\x14\x00\x00\x20"s + std::string(32, 'f')); },
       unexpected_message, ""},
      {"EndOfEarlyData", [](RecordPeer& p) { return p.record(22, "\x05\x00\x00\x00"s); }, unexpected_message,
       ""},
      {"a handshake record of nothing", [](RecordPeer& p) { return p.record(22, ""); }, unexpected_message,
       ""},
  };
}

std::vector<Case> key_updates() {
  return {
      {"KeyUpdate",
       [](RecordPeer& p) {
         return in_order({p.key_update(), p.data("new")});
       },
       no_alert, "new", open},
      {"KeyUpdate in five records",
       [](RecordPeer& p) {
         const std::string bytes = pieces(p, update);
         p.change_key();
         return bytes + p.data("new");
       },
       no_alert, "new", open},
      {"KeyUpdate with bytes behind it", [](RecordPeer& p) { return p.record(22, update + "\x18"); },
       unexpected_message, ""},
      {"two KeyUpdates in a record", [](RecordPeer& p) { return p.record(22, update + update); },
       unexpected_message, ""},
      {"the last piece with bytes behind it",
       [](RecordPeer& p) {
         return in_order({p.record(22, update.substr(0, 2)), p.record(22, update.substr(2) + "x")});
       },
       unexpected_message, ""},
      {"data between the pieces",
       [](RecordPeer& p) {
         return in_order({p.record(22, update.substr(0, 3)), p.data("x")});
       },
       unexpected_message, ""},
      {"an alert between the pieces",
       [](RecordPeer& p) {
         return in_order({p.record(22, update.substr(0, 3)), p.alert(1, 90)});
       },
       unexpected_message, ""},
      {"KeyUpdate that asks for something else", [](RecordPeer& p) { return p.key_update(2); },
       illegal_parameter, ""},
      {"KeyUpdate of no length", [](RecordPeer& p) { return p.record(22, "\x18\x00\x00\x00"s); },
       decode_error, ""},
      {"KeyUpdate of 2 bytes", [](RecordPeer& p) { return p.record(22, "\x18\x00\x00\x02\x00\x00"s); },
       decode_error, ""},
      {"KeyUpdate of 16 MB", [](RecordPeer& p) { return p.record(22, "\x18\xff\xff\xff"s); }, decode_error,
       ""},
      {"40 KeyUpdates in a row", [](RecordPeer& p) { return repeated(40, [&] { return p.key_update(); }); },
       unexpected_message, ""},
      {"32 KeyUpdates with data between",
       [](RecordPeer& p) { return repeated(32, [&] {
                             return in_order({p.key_update(1), p.data("k")});
                           }); },
       no_alert, std::string(32, 'k'), open},
  };
}

std::vector<Case> alerts() {
  return {
      {"close_notify behind data",
       [](RecordPeer& p) {
         return in_order({p.data("bye"), p.alert(1, 0)});
       },
       no_alert, "bye", Tls::State::peer_closed},
      {"close_notify, then garbage", [](RecordPeer& p) { return p.alert(1, 0) + "garbage"s; }, no_alert, "",
       Tls::State::peer_closed},
      {"user_canceled, then close_notify",
       [](RecordPeer& p) {
         return in_order({p.alert(1, 90), p.alert(1, 0)});
       },
       no_alert, "", Tls::State::peer_closed},
      {"40 times user_canceled", [](RecordPeer& p) { return repeated(40, [&] { return p.alert(1, 90); }); },
       unexpected_message, ""},
      {"the peer gives up", [](RecordPeer& p) { return p.alert(2, 40); }, no_alert, ""},
      {"an alert that calls itself a warning", [](RecordPeer& p) { return p.alert(1, 112); }, no_alert, ""},
      {"two alerts in a record", [](RecordPeer& p) { return p.record(21, "\x01\x00\x01\x00"s); },
       unexpected_message, ""},
      {"half an alert", [](RecordPeer& p) { return p.record(21, "\x01"); }, unexpected_message, ""},
      {"an alert record of nothing", [](RecordPeer& p) { return p.record(21, ""); }, unexpected_message, ""},
  };
}

void play(const Case& scene, TlsSuite suite, const Cut& cut) {
  INFO(std::string(scene.name), " with ", std::string(name_of(suite)));
  RecordPeer peer(suite, scene.plain_max);
  auto host = OwnRecordsTls::thaw(peer.frozen_host(), std::make_shared<OwnRecordsTls::Shared>());
  REQUIRE(host.has_value());
  std::string plain;
  std::string answer;
  const std::string bytes = scene.attack(peer);
  CHECK(feed_cut(**host, bytes, cut, plain, answer) == scene.state);
  CHECK((plain == scene.plain));
  REQUIRE(peer.receive(answer));
  CHECK(peer.alert_received == scene.alert);
  CHECK(peer.plain.empty());
  std::string more;
  CHECK((*host)->seal("more", more) == (scene.state == Tls::State::open));
  if (scene.state == Tls::State::open) {
    CHECK(peer.receive(more));
    CHECK(peer.plain == "more");
  } else {
    CHECK(more.empty());
    (*host)->feed(peer.data("ignored"), plain, more);
    CHECK((plain == scene.plain));
    CHECK(more.empty());
  }
  CHECK((*host)->error().starts_with("TLS ") == (scene.state == Tls::State::failed));
}

void play_all(const std::vector<Case>& cases) {
  SeededRandom random(7);
  for (const Case& scene : cases) {
    for (const TlsSuite suite : all_suites) {
      play(scene, suite, whole());
      play(scene, suite, between(random, 1, 7));
      play(scene, suite, between(random, 1, 5000));
    }
  }
}

TEST_CASE("tls adversary: sizes and padding") {
  play_all(sizes_and_padding());
}
TEST_CASE("tls adversary: what is not authentic, or not the next") {
  play_all(not_authentic());
}
TEST_CASE("tls adversary: what has no place after a handshake") {
  play_all(wrong_types());
}
TEST_CASE("tls adversary: KeyUpdate") {
  play_all(key_updates());
}
TEST_CASE("tls adversary: alerts") {
  play_all(alerts());
}

TEST_CASE("tls adversary: several KeyUpdates that ask for ours get one, before the next data") {
  for (const TlsSuite suite : all_suites) {
    RecordPeer peer(suite);
    auto host = OwnRecordsTls::thaw(peer.frozen_host(), std::make_shared<OwnRecordsTls::Shared>());
    REQUIRE(host.has_value());
    std::string plain;
    std::string answer;
    const std::string asked = in_order({peer.key_update(1), peer.key_update(0), peer.key_update(1)});
    CHECK((*host)->feed(asked, plain, answer) == Tls::State::open);
    CHECK(answer.empty());  // Who only asks makes us send nothing.
    REQUIRE((*host)->seal("data", answer));
    REQUIRE((*host)->seal("more", answer));
    REQUIRE(peer.receive(answer));
    CHECK(peer.plain == "datamore");
    CHECK(peer.updates_received == 1);
  }
}

// The host's records, and their peer.
struct HostRecords {
  HostRecords() { std::swap(state.in, state.out); }
  RecordPeer peer{TlsSuite::aes_128_gcm};
  RecordState state = peer.state();
  StoppedClock clock;
  TlsRecords records{state, clock};
};

TEST_CASE_FIXTURE(HostRecords,
                  "tls adversary: KeyUpdates are limited a second, also with data between them") {
  unsigned char plain[256];
  const auto round = [&] {
    if (records.open(peer.key_update(), plain).kind == RecordEvent::Kind::broken) return false;
    return records.open(peer.data("x"), plain).kind == RecordEvent::Kind::data;
  };
  for (int i = 0; i < key_updates_per_second_max; ++i) REQUIRE(round());
  clock.now_us += 1'000'000;
  for (int i = 0; i < key_updates_per_second_max; ++i) REQUIRE(round());
  const RecordEvent event = records.open(peer.key_update(), plain);
  CHECK(event.kind == RecordEvent::Kind::broken);
  CHECK(event.alert == TlsAlert::unexpected_message);
}

TEST_CASE_FIXTURE(HostRecords, "tls records: what answers a KeyUpdate asks for none") {
  unsigned char plain[256], sealed[64];
  REQUIRE(records.open(peer.key_update(1), plain).kind != RecordEvent::Kind::broken);
  REQUIRE(records.seal_key_update(true, sealed));
  CHECK(state.updates_asked == 0);
  REQUIRE(records.seal_key_update(true, sealed));
  CHECK(state.updates_asked == 1);
}

TEST_CASE_FIXTURE(HostRecords,
                  "tls records: KeyUpdates that were asked for do not count, one for each time") {
  unsigned char plain[256], sealed[64];
  const auto is_taken = [&] {
    return records.open(peer.key_update(), plain).kind != RecordEvent::Kind::broken &&
           records.open(peer.data("x"), plain).kind == RecordEvent::Kind::data;
  };
  for (int i = 0; i < 2 * key_updates_per_second_max; ++i) {
    REQUIRE(records.seal_key_update(true, sealed));
    REQUIRE(is_taken());
  }
  for (int i = 0; i < key_updates_per_second_max; ++i) REQUIRE(is_taken());
  CHECK_FALSE(is_taken());
}

}  // namespace
}  // namespace hotline::test

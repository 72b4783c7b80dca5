// The other end of a connection at the level of records, for tests: whatever a peer with the right keys could
// send. Its keys are changed by code of its own, so that a mistake in ours is not made twice.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/tls_frozen.h"
#include "net/tls_records.h"

namespace hotline::test {

class StoppedClock final : public Clock {
 public:
  std::uint64_t mono_us() override { return now_us; }
  std::uint64_t wall_ms() override { return now_us / 1000; }
  std::uint64_t now_us = 5'000'000;
};

constexpr TlsSuite all_suites[] = {TlsSuite::aes_128_gcm, TlsSuite::aes_256_gcm, TlsSuite::chacha20_poly1305};
std::string from_hex(std::string_view hex);  // Blanks are skipped.

class RecordPeer {
 public:
  // A client behind a handshake, with secrets made from `seed`, and what its host is thawed from.
  explicit RecordPeer(TlsSuite suite, std::size_t plain_max = record_plain_max, std::uint64_t seed = 1);

  std::string frozen_host() const;

  // An authentic record of any type. `padding`: zeros behind the type.
  std::string record(unsigned type, std::string_view content, std::size_t padding = 0);
  std::string data(std::string_view content) { return record(23, content); }
  std::string alert(unsigned level, unsigned alert);
  // An authentic record with these bytes as its whole TLSInnerPlaintext.
  std::string inner(std::string inner);
  std::string key_update(unsigned request = 0);  // And changes our key.
  void change_key() { change_key(state_.out); }
  // A record that is sealed as the host would: its own, sent back.
  std::string reflected(std::string_view content);
  void skip(std::uint64_t records) { state_.out.sequence += records; }

  // Opens what the host sent. Data is appended to `plain`; the last alert (-1: none) and the KeyUpdates are
  // noted. False: not authentic.
  bool receive(std::string_view records);
  std::string plain;
  int alert_received = -1;
  int updates_received = 0;

  RecordState& state() { return state_; }

 private:
  void change_key(RecordState::Half& half) const;
  std::string seal(RecordState::Half& half, std::string inner) const;

  RecordState state_{};
};

}  // namespace hotline::test

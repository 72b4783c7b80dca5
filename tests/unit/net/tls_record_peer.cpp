#include "unit/net/tls_record_peer.h"

#include <algorithm>
#include <cstring>

#include "base/random.h"

namespace hotline::test {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  std::string digits;
  for (const char letter : hex) {
    if (letter == ' ' || letter == '\n') continue;
    digits.push_back(letter);
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

RecordPeer::RecordPeer(TlsSuite suite, std::size_t plain_max, std::uint64_t seed) {
  SeededRandom random(seed);
  random.fill({state_.in.secret, secret_bytes(suite)});
  random.fill({state_.out.secret, secret_bytes(suite)});
  state_.suite = suite;
  state_.plain_max = static_cast<std::uint16_t>(plain_max);
  for (RecordState::Half* half : {&state_.in, &state_.out}) {
    expand_label(suite, {half->secret, secret_bytes(suite)}, "key", {half->key, key_bytes(suite)});
    expand_label(suite, {half->secret, secret_bytes(suite)}, "iv", half->iv);
  }
}

std::string RecordPeer::frozen_host() const {
  RecordState host = state_;
  std::swap(host.in, host.out);
  return freeze_tls(host, {}, "");
}

void RecordPeer::change_key(RecordState::Half& half) const {
  unsigned char next[tls_secret_bytes_max];
  const std::size_t size = secret_bytes(state_.suite);
  expand_label(state_.suite, {half.secret, size}, "traffic upd", {next, size});
  std::memcpy(half.secret, next, size);
  expand_label(state_.suite, {half.secret, size}, "key", {half.key, key_bytes(state_.suite)});
  expand_label(state_.suite, {half.secret, size}, "iv", half.iv);
  half.sequence = 0;
}

std::string RecordPeer::seal(RecordState::Half& half, std::string inner) const {
  TlsNonce nonce;
  std::copy(std::begin(half.iv), std::end(half.iv), nonce.begin());
  for (int i = 0; i < 8; ++i) nonce.at(11 - i) ^= static_cast<unsigned char>(half.sequence >> (8 * i));
  ++half.sequence;
  const std::size_t sealed = inner.size() + tls_tag_bytes;
  std::string record = {23, 3, 3, static_cast<char>(sealed >> 8), static_cast<char>(sealed)};
  const std::string header = record;
  record += inner;
  record.resize(record.size() + tls_tag_bytes);
  auto* const bytes = reinterpret_cast<unsigned char*>(record.data());
  aead_seal(state_.suite, half.key, nonce, {reinterpret_cast<const unsigned char*>(header.data()), 5},
            {bytes + 5, inner.size()}, bytes + 5 + inner.size());
  return record;
}

std::string RecordPeer::inner(std::string inner) {
  return seal(state_.out, std::move(inner));
}

std::string RecordPeer::reflected(std::string_view content) {
  std::string record = seal(state_.in, std::string(content) + '\x17');
  --state_.in.sequence;  // The host's own record of this number is still to come.
  return record;
}

std::string RecordPeer::record(unsigned type, std::string_view content, std::size_t padding) {
  std::string bytes(content);
  bytes.push_back(static_cast<char>(type));
  bytes.append(padding, '\0');
  return inner(std::move(bytes));
}

std::string RecordPeer::alert(unsigned level, unsigned alert) {
  const char content[] = {static_cast<char>(level), static_cast<char>(alert)};
  return record(21, {content, sizeof content});
}

std::string RecordPeer::key_update(unsigned request) {
  const char content[] = {24, 0, 0, 1, static_cast<char>(request)};
  std::string bytes = record(22, {content, sizeof content});
  change_key();
  return bytes;
}

bool RecordPeer::receive(std::string_view records) {
  StoppedClock clock;
  TlsRecords ours(state_, clock);
  std::string opened;
  while (!records.empty()) {
    const std::size_t size = TlsRecords::record_bytes(records);
    if (size == 0 || size > records.size()) return false;
    opened.resize(size);
    state_.update_second = 0;  // The host may change keys as often as it likes.
    state_.updates_in_second = state_.records_without_data = 0;
    const std::uint64_t before = state_.in.sequence;
    const RecordEvent event =
        ours.open(records.substr(0, size), reinterpret_cast<unsigned char*>(opened.data()));
    records.remove_prefix(size);
    switch (event.kind) {
      case RecordEvent::Kind::data: plain.append(opened, 0, event.size); break;
      case RecordEvent::Kind::nothing: updates_received += state_.in.sequence != before + 1 ? 1 : 0; break;
      case RecordEvent::Kind::closed: alert_received = 0; break;
      case RecordEvent::Kind::peer_alert: alert_received = static_cast<int>(event.alert); break;
      case RecordEvent::Kind::broken: return false;
    }
  }
  return true;
}

}  // namespace hotline::test

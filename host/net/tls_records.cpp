#include "net/tls_records.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace hotline {
namespace {

using Kind = RecordEvent::Kind;

constexpr unsigned char outer_type = 23;  // What every record looks like from outside (RFC 8446 5.2).
constexpr unsigned char key_update_type = 24;
constexpr std::uint64_t sequence_max = std::numeric_limits<std::uint64_t>::max();

RecordEvent broken(TlsAlert alert, std::string_view reason) {
  return {.kind = Kind::broken, .alert = alert, .reason = reason};
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// RFC 8446 5.3.
TlsNonce nonce_of(const RecordState::Half& half, std::uint64_t sequence) {
  TlsNonce nonce;
  std::memcpy(nonce.data(), half.iv, nonce.size());
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[nonce.size() - 1 - i] ^= static_cast<unsigned char>(sequence >> (8 * i));
  }
  return nonce;
}

}  // namespace

bool TlsRecords::derive(RecordState::Half& half) const {
  const std::span<const unsigned char> secret(half.secret, secret_bytes(state_.suite));
  half.sequence = 0;
  return expand_label(state_.suite, secret, "key", {half.key, key_bytes(state_.suite)}) &&
         expand_label(state_.suite, secret, "iv", {half.iv, tls_iv_bytes});
}

// RFC 8446 7.2.
bool TlsRecords::advance(RecordState::Half& half) const {
  const std::size_t size = secret_bytes(state_.suite);
  unsigned char next[tls_secret_bytes_max];
  const bool expanded = expand_label(state_.suite, {half.secret, size}, "traffic upd", {next, size});
  if (expanded) std::memcpy(half.secret, next, size);
  OPENSSL_cleanse(next, sizeof next);
  return expanded && derive(half);
}

bool TlsRecords::begin(TlsSuite suite, std::size_t plain_max) {
  state_.suite = suite;
  state_.plain_max = static_cast<std::uint16_t>(std::min(plain_max, record_plain_max));
  return derive(state_.in) && derive(state_.out);
}

std::size_t TlsRecords::record_bytes(std::string_view input) {
  if (input.size() < record_header_bytes) return 0;
  const unsigned char* header = bytes_of(input);
  return record_header_bytes + (static_cast<std::size_t>(header[3]) << 8 | header[4]);
}

RecordEvent TlsRecords::judge_header(std::string_view header) {
  // Change_cipher_spec is allowed before the peer's Finished only (RFC 8446 5), and that has been.
  if (bytes_of(header)[0] != outer_type)
    return broken(TlsAlert::unexpected_message, "a record that is not encrypted");
  const std::size_t sealed = record_bytes(header) - record_header_bytes;
  if (sealed > record_sealed_max) return broken(TlsAlert::record_overflow, "a record that is too long");
  if (sealed < tls_tag_bytes + 1)
    return broken(TlsAlert::bad_record_mac, "a record that is shorter than its tag");
  return {.kind = Kind::nothing};
}

bool TlsRecords::open_with(const RecordState::Half& half, std::string_view record,
                           unsigned char* plain) const {
  const std::span<const unsigned char> all(bytes_of(record), record.size());
  const std::size_t text = all.size() - record_header_bytes - tls_tag_bytes;
  // The header as it came: whoever changes it changes what the tag is over.
  return aead_open(state_.suite, half.key, nonce_of(half, half.sequence), all.first(record_header_bytes),
                   all.subspan(record_header_bytes, text), all.data() + record_header_bytes + text, plain);
}

RecordEvent TlsRecords::open(std::string_view record, unsigned char* plain) {
  if (const RecordEvent verdict = judge_header(record); verdict.kind == Kind::broken) return verdict;
  if (state_.in.sequence == sequence_max) return broken(TlsAlert::internal_error, "records run out");
  if (!open_with(state_.in, record, plain))
    return broken(TlsAlert::bad_record_mac, "a record that is not the peer's next one");
  ++state_.in.sequence;

  // TLSInnerPlaintext: content, type, zeros (RFC 8446 5.4). How long this takes tells how much padding there
  // was, as appendix E.3 allows.
  std::size_t size = record.size() - record_header_bytes - tls_tag_bytes;
  if (size > record_plain_max + 1)
    return broken(TlsAlert::record_overflow, "a record that holds more than 16,384 bytes");
  while (size > 0 && plain[size - 1] == 0) --size;
  if (size == 0) return broken(TlsAlert::unexpected_message, "a record of padding alone");
  --size;
  const unsigned char type = plain[size];
  if (size > state_.plain_max)
    return broken(TlsAlert::record_overflow, "a record longer than the max_fragment_length agreed to");
  switch (static_cast<Type>(type)) {
    case Type::application_data: return on_data(size);
    case Type::alert: return on_alert({plain, size});
    case Type::handshake: return on_handshake({plain, size});
  }
  return broken(TlsAlert::unexpected_message, "a record of a type that has no place here");
}

RecordEvent TlsRecords::without_data() {
  if (state_.records_without_data >= records_without_data_max)
    return broken(TlsAlert::unexpected_message, "too many records without data");
  ++state_.records_without_data;
  return {.kind = Kind::nothing};
}

RecordEvent TlsRecords::on_data(std::size_t size) {
  if (state_.piece_size != 0) return broken(TlsAlert::unexpected_message, "data inside a handshake message");
  if (size == 0) return without_data();
  state_.records_without_data = 0;
  return {.kind = Kind::data, .size = size};
}

RecordEvent TlsRecords::on_alert(std::span<const unsigned char> content) {
  // Whole, and one a record (RFC 8446 5.1). The level means nothing any more (6).
  if (content.size() != 2)
    return broken(TlsAlert::unexpected_message, "an alert record that does not hold one alert");
  if (state_.piece_size != 0)
    return broken(TlsAlert::unexpected_message, "an alert inside a handshake message");
  const auto alert = static_cast<TlsAlert>(content[1]);
  if (alert == TlsAlert::close_notify) return {.kind = Kind::closed};
  if (alert == TlsAlert::user_canceled) return without_data();  // close_notify follows (6.1).
  return {.kind = Kind::peer_alert, .alert = alert, .reason = "the peer gave up"};
}

// The only handshake message with a place behind the handshake is KeyUpdate: a client sends no tickets, and
// post-handshake authentication was not offered.
RecordEvent TlsRecords::on_handshake(std::span<const unsigned char> content) {
  if (content.empty()) return broken(TlsAlert::unexpected_message, "an empty handshake record");
  static constexpr unsigned char expected[] = {key_update_type, 0, 0, 1};
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (state_.piece_size == key_update_bytes)  // The key changes there (RFC 8446 5.1).
      return broken(TlsAlert::unexpected_message, "a KeyUpdate that does not end its record");
    if (state_.piece_size == 0 && content[i] != key_update_type)
      return broken(TlsAlert::unexpected_message, "a handshake message that has no place here");
    if (state_.piece_size < sizeof expected && content[i] != expected[state_.piece_size])
      return broken(TlsAlert::decode_error, "a KeyUpdate of a wrong length");
    state_.piece[state_.piece_size++] = content[i];
  }
  if (state_.piece_size < key_update_bytes) return without_data();
  return on_key_update();
}

// False: the peer has sent too many.
bool TlsRecords::counts_update() {
  const auto second = static_cast<std::uint32_t>(clock_.mono_us() / 1'000'000);
  if (second != state_.update_second) {
    state_.update_second = second;
    state_.updates_in_second = 0;
  }
  if (state_.updates_in_second >= key_updates_per_second_max) return false;
  ++state_.updates_in_second;
  return true;
}

RecordEvent TlsRecords::on_key_update() {
  const unsigned char request = state_.piece[key_update_bytes - 1];
  state_.piece_size = 0;
  if (request > 1) return broken(TlsAlert::illegal_parameter, "a KeyUpdate that asks for neither");
  // Each costs three derivations, a hundred times a small record. What we asked for is our own affair.
  if (request == 0 && state_.updates_asked > 0) {
    --state_.updates_asked;
  } else if (!counts_update()) {
    return broken(TlsAlert::unexpected_message, "too many KeyUpdates in a second");
  }
  const RecordEvent event = without_data();
  if (event.kind == Kind::broken) return event;
  if (!advance(state_.in)) return broken(TlsAlert::internal_error, "keys cannot be derived");
  if (request == 1) state_.owes_update = true;  // One answer for several (RFC 8446 4.6.3).
  return event;
}

bool TlsRecords::seal_record(Type type, std::string_view content, unsigned char* out) {
  if (state_.out.sequence == sequence_max) return false;
  const TlsNonce nonce = nonce_of(state_.out, state_.out.sequence);
  ++state_.out.sequence;  // Whatever happens now, this number is used up.
  const std::size_t text = content.size() + 1;
  const std::size_t sealed = text + tls_tag_bytes;
  out[0] = outer_type;
  out[1] = out[2] = 3;
  out[3] = static_cast<unsigned char>(sealed >> 8);
  out[4] = static_cast<unsigned char>(sealed);
  unsigned char* const inner = out + record_header_bytes;
  std::copy(content.begin(), content.end(), inner);
  inner[content.size()] = static_cast<unsigned char>(type);
  return aead_seal(state_.suite, state_.out.key, nonce, {out, record_header_bytes}, {inner, text},
                   inner + text);
}

bool TlsRecords::seal_key_update(bool asks_for_theirs, unsigned char* out) {
  asks_for_theirs = asks_for_theirs && !state_.owes_update;  // An answer asks for nothing (RFC 8446 4.6.3).
  const char message[key_update_bytes] = {key_update_type, 0, 0, 1, asks_for_theirs ? '\1' : '\0'};
  state_.owes_update = false;
  if (asks_for_theirs && state_.updates_asked < UINT8_MAX) ++state_.updates_asked;
  return seal_record(Type::handshake, {message, sizeof message}, out) && advance(state_.out);
}

bool TlsRecords::seal_alert(TlsAlert alert, unsigned char* out) {
  const bool is_fatal = alert != TlsAlert::close_notify && alert != TlsAlert::user_canceled;
  const char message[] = {is_fatal ? '\2' : '\1', static_cast<char>(alert)};
  return seal_record(Type::alert, {message, sizeof message}, out);
}

std::size_t TlsRecords::sealed_bytes(std::size_t plain_bytes) const {
  const std::size_t records = (plain_bytes + state_.plain_max - 1) / state_.plain_max;
  const bool has_update = state_.owes_update || state_.out.sequence + records >= records_per_key_max;
  return plain_bytes + records * record_overhead + (has_update ? record_overhead + key_update_bytes : 0);
}

bool TlsRecords::seal(std::string_view plain, unsigned char* out) {
  const std::size_t records = (plain.size() + state_.plain_max - 1) / state_.plain_max;
  if (state_.owes_update || state_.out.sequence + records >= records_per_key_max) {
    if (!seal_key_update(false, out)) return false;
    out += record_overhead + key_update_bytes;
  }
  while (!plain.empty()) {
    const std::string_view content = plain.substr(0, state_.plain_max);
    if (!seal_record(Type::application_data, content, out)) return false;
    out += content.size() + record_overhead;
    plain.remove_prefix(content.size());
  }
  return true;
}

bool TlsRecords::count_sealed(std::string_view record, unsigned char* scratch) {
  if (judge_header(record).kind == Kind::broken || !open_with(state_.out, record, scratch)) return false;
  ++state_.out.sequence;
  return true;
}

}  // namespace hotline

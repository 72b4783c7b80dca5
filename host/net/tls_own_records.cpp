#include "net/tls_own_records.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/prefetch.h"
#include "net/tls_frozen.h"
#include "net/tls_traffic_secrets.h"

namespace hotline {
namespace {

constexpr std::string_view channel_binding_label = "EXPORTER-Channel-Binding";

unsigned char* tail(std::string& text, std::size_t from) {
  return reinterpret_cast<unsigned char*>(text.data() + from);
}

// What was agreed takes 32 bytes, three more and two short names: as they are, one behind the other, in place
// of two strings of 32 bytes each.
constexpr std::size_t binding_bytes = 32, packed_head_bytes = binding_bytes + 3, packed_name_max = 255;

std::unique_ptr<unsigned char[]> pack(const OwnRecordsTls::Agreed& agreed) {
  const std::string_view alpn = std::string_view(agreed.alpn).substr(0, packed_name_max);
  const std::string_view sni = std::string_view(agreed.sni).substr(0, packed_name_max);
  auto packed = std::make_unique_for_overwrite<unsigned char[]>(packed_head_bytes + alpn.size() + sni.size());
  unsigned char* at = std::copy(agreed.channel_binding.begin(), agreed.channel_binding.end(), packed.get());
  *at++ = agreed.is_resumed ? 1 : 0;
  *at++ = static_cast<unsigned char>(alpn.size());
  *at++ = static_cast<unsigned char>(sni.size());
  at = std::copy(alpn.begin(), alpn.end(), at);
  std::copy(sni.begin(), sni.end(), at);
  return packed;
}

OwnRecordsTls::Agreed unpack(const unsigned char* packed) {
  OwnRecordsTls::Agreed agreed;
  std::copy_n(packed, binding_bytes, agreed.channel_binding.begin());
  agreed.is_resumed = packed[binding_bytes] != 0;
  const std::size_t alpn_bytes = packed[binding_bytes + 1], sni_bytes = packed[binding_bytes + 2];
  const char* const names = reinterpret_cast<const char*>(packed) + packed_head_bytes;
  agreed.alpn.assign(names, alpn_bytes);
  agreed.sni.assign(names + alpn_bytes, sni_bytes);
  return agreed;
}

// Whether `input` begins with what cannot be a record of TLS: OpenSSL shall say what it thinks of it.
bool is_not_tls(std::string_view input) {
  const auto type = static_cast<unsigned char>(input[0]);
  return type < 20 || type > 23 || TlsRecords::record_bytes(input) > record_header_bytes + record_sealed_max;
}

}  // namespace

// Present until the records are ours.
struct OwnRecordsTls::Handshake {
  Handshake(openssl::Ssl ssl, std::string_view alpn, RecordState& state)
      : secrets(state), tls(std::move(ssl), alpn) {
    secrets.observe(tls.ssl());
  }
  TlsTrafficSecrets secrets;
  OpensslTls tls;
};

void OwnRecordsTls::prepare(SSL_CTX* context) {
  TlsTrafficSecrets::prepare(context);
}

bool OwnRecordsTls::is_forbidden() {
  return EVP_default_properties_is_fips_enabled(nullptr) == 1;
}

OwnRecordsTls::OwnRecordsTls(openssl::Ssl ssl, std::string_view alpn, std::shared_ptr<Shared> shared)
    : shared_(std::move(shared)), records_(shared_->slab.take()) {
  handshake_ = std::make_unique<Handshake>(std::move(ssl), alpn, *records_);
}

OwnRecordsTls::OwnRecordsTls(std::shared_ptr<Shared> shared, FrozenTls& thawed)
    : shared_(std::move(shared)),
      records_(shared_->slab.take()),
      agreed_(pack(thawed.agreed)),
      state_(State::open) {
  *records_ = thawed.records;
  if (!thawed.partial.empty()) partial_ = std::make_unique<std::string>(std::move(thawed.partial));
}

OwnRecordsTls::~OwnRecordsTls() {
  handshake_.reset();  // It may still write to the state.
  release();
}

void OwnRecordsTls::release() {
  if (records_ == nullptr) return;
  shared_->slab.give_back(records_);
  records_ = nullptr;
  aead_forget();
}

Tls::State OwnRecordsTls::state() const {
  return handshake_ != nullptr && state_ != State::failed ? handshake_->tls.state() : state_;
}

const std::string& OwnRecordsTls::error() const {
  static const std::string none;
  if (error_ != nullptr) return *error_;
  return handshake_ != nullptr ? handshake_->tls.error() : none;
}

Tls::State OwnRecordsTls::fail(std::string_view why) {
  error_ = std::make_unique<std::string>(why);
  return state_ = State::failed;
}

Tls::State OwnRecordsTls::fail(std::string_view why, TlsAlert alert, std::string& to_send) {
  const std::size_t at = to_send.size();
  to_send.resize(at + alert_record_bytes);
  TlsRecords records(*records_, shared_->clock);
  if (is_closed_ || !records.seal_alert(alert, tail(to_send, at))) to_send.resize(at);
  return fail(why);
}

// The first record of what has come, cut off `records`; empty when it is not whole, and then it is kept. What
// is_not_tls is given out as it is.
std::string_view OwnRecordsTls::next_record(std::string_view& records) {
  if (partial_ != nullptr) {
    // At most a record is ever in it: the header first, then as much as that says.
    for (std::size_t wanted = record_header_bytes;;) {
      const std::size_t missing = std::min(wanted - std::min(wanted, partial_->size()), records.size());
      partial_->append(records.substr(0, missing));
      records.remove_prefix(missing);
      if (partial_->size() < wanted) return {};
      if (wanted > record_header_bytes || is_not_tls(*partial_)) return *partial_;
      wanted = TlsRecords::record_bytes(*partial_);
      if (wanted == record_header_bytes) return *partial_;
    }
  }
  const std::size_t size = TlsRecords::record_bytes(records);
  if (size != 0 && is_not_tls(records)) return std::exchange(records, {});
  if (size == 0 || size > records.size()) {
    if (!records.empty()) partial_ = std::make_unique<std::string>(std::exchange(records, {}));
    return {};
  }
  const std::string_view record = records.substr(0, size);
  records.remove_prefix(size);
  return record;
}

Tls::State OwnRecordsTls::feed(std::string_view records, std::string& plain, std::string& to_send) {
  if (state_ == State::failed) return state_;  // Also where the SSL object is left, and could go on.
  if (state_ == State::handshaking && handshake_ != nullptr && records_ != nullptr)
    if (shake(records, plain, to_send) != State::open) return state();
  if (handshake_ != nullptr) return handshake_->tls.feed(records, plain, to_send);
  if (state_ != State::open) return state_;
  return read(records, plain, to_send);
}

void OwnRecordsTls::prefetch_state() const {
  prefetch(records_);
}

// OpenSSL is given one record at a time, so that when it is done, what it has not seen is the application's.
Tls::State OwnRecordsTls::shake(std::string_view& records, std::string& plain, std::string& to_send) {
  OpensslTls& tls = handshake_->tls;
  while (tls.state() == State::handshaking) {
    const std::string_view record = next_record(records);
    if (record.empty()) return State::handshaking;
    if (is_not_tls(record)) {  // Neither will what follows be: no more cutting.
      tls.feed(record, plain, to_send);
      partial_.reset();
      stay_with_openssl();
      return state() == State::handshaking ? tls.feed(records, plain, to_send) : state();
    }
    const std::size_t before = to_send.size();
    tls.feed(record, plain, to_send);
    partial_.reset();
    if (tls.state() != State::open) continue;
    // Nothing of the handshake may be touched after this: it has gone when the records are ours.
    if (take_over(std::string_view(to_send).substr(before))) return state();
    to_send.resize(before);
    return state_;
  }
  return state();
}

void OwnRecordsTls::stay_with_openssl() {
  SSL_set_app_data(handshake_->tls.ssl(), nullptr);
  release();
}

// False: it failed. True: the records are ours, or it was found that the SSL object has to keep them.
bool OwnRecordsTls::take_over(std::string_view last_flight) {
  SSL* const ssl = handshake_->tls.ssl();
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl);
  const auto suite = cipher == nullptr ? std::nullopt : tls_suite(SSL_CIPHER_get_protocol_id(cipher));
  if (SSL_version(ssl) != TLS1_3_VERSION || !suite) {
    stay_with_openssl();
    return true;
  }
  const std::uint8_t code = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl));
  const std::size_t plain_max =
      code >= 1 && code <= 4 ? std::size_t{256} << code : record_plain_max;  // RFC 6066 4.
  TlsRecords records(*records_, shared_->clock);
  if (!handshake_->secrets.are_complete(*suite) || SSL_has_pending(ssl) != 0 ||
      !records.begin(*suite, plain_max) || !count_tickets(last_flight)) {
    fail("TLS failed: the record layer cannot be taken over; `tls.own_records` off leaves it with OpenSSL");
    return false;
  }
  const TlsInfo info = handshake_->tls.info();
  Agreed agreed;
  agreed.alpn = info.alpn;
  agreed.sni = info.sni;
  agreed.is_resumed = info.resumed;
  if (!handshake_->tls.exporter(channel_binding_label, agreed.channel_binding)) {
    fail("TLS failed: no channel binding");
    return false;
  }
  agreed_ = pack(agreed);
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // Else its session counts as broken.
  handshake_.reset();
  state_ = State::open;
  return true;
}

// The last step's records are tickets, sealed with our traffic key from number 0. Opening them counts them,
// and proves key, iv and suite.
bool OwnRecordsTls::count_tickets(std::string_view last_flight) {
  TlsRecords records(*records_, shared_->clock);
  std::string scratch;
  while (!last_flight.empty()) {
    const std::size_t size = TlsRecords::record_bytes(last_flight);
    if (size == 0 || size > last_flight.size()) return false;
    scratch.resize(size);
    if (!records.count_sealed(last_flight.substr(0, size), tail(scratch, 0))) return false;
    last_flight.remove_prefix(size);
  }
  return true;
}

Tls::State OwnRecordsTls::read(std::string_view records, std::string& plain, std::string& to_send) {
  while (state_ == State::open) {
    const std::string_view record = next_record(records);
    if (record.empty()) return state_;
    on_record(record, plain, to_send);
    partial_.reset();
  }
  return state_;
}

Tls::State OwnRecordsTls::on_record(std::string_view record, std::string& plain, std::string& to_send) {
  RecordEvent event = TlsRecords::judge_header(record);
  const std::size_t at = plain.size();
  if (event.kind != RecordEvent::Kind::broken) {
    plain.resize(at + record.size() - record_header_bytes - tls_tag_bytes);
    TlsRecords opened(*records_, shared_->clock);
    event = opened.open(record, tail(plain, at));
    if (event.kind == RecordEvent::Kind::broken) OPENSSL_cleanse(tail(plain, at), plain.size() - at);
    plain.resize(at + event.size);
  }
  switch (event.kind) {
    case RecordEvent::Kind::data:
    case RecordEvent::Kind::nothing: return state_;
    case RecordEvent::Kind::closed: return state_ = State::peer_closed;
    case RecordEvent::Kind::peer_alert:
      return fail("TLS failed: the peer sent alert " + std::to_string(static_cast<int>(event.alert)));
    case RecordEvent::Kind::broken: break;
  }
  return fail(std::string("TLS failed: ").append(event.reason), event.alert, to_send);
}

bool OwnRecordsTls::seal(std::string_view plain, std::string& to_send) {
  if (handshake_ != nullptr && state_ != State::failed) return handshake_->tls.seal(plain, to_send);
  if (state_ != State::open) return false;
  if (plain.empty()) return true;
  if (is_closed_) {
    fail("TLS cannot send: it was closed");
    return false;
  }
  TlsRecords records(*records_, shared_->clock);
  const std::size_t at = to_send.size();
  to_send.resize(at + records.sealed_bytes(plain.size()));
  if (records.seal(plain, tail(to_send, at))) return true;
  to_send.resize(at);
  fail("TLS cannot send: a record cannot be sealed");
  return false;
}

bool OwnRecordsTls::update_keys(std::string& to_send) {
  if (handshake_ != nullptr || state_ != State::open || is_closed_) return false;
  TlsRecords records(*records_, shared_->clock);
  const std::size_t at = to_send.size();
  to_send.resize(at + record_overhead + key_update_bytes);
  if (records.seal_key_update(true, tail(to_send, at))) return true;
  to_send.resize(at);
  fail("TLS cannot send: keys cannot be changed");
  return false;
}

void OwnRecordsTls::close(std::string& to_send) {
  if (handshake_ != nullptr && state_ != State::failed) return handshake_->tls.close(to_send);
  if (is_closed_ || (state_ != State::open && state_ != State::peer_closed)) return;
  is_closed_ = true;
  TlsRecords records(*records_, shared_->clock);
  const std::size_t at = to_send.size();
  to_send.resize(at + alert_record_bytes);
  if (!records.seal_alert(TlsAlert::close_notify, tail(to_send, at))) to_send.resize(at);
}

TlsInfo OwnRecordsTls::info() const {
  if (agreed_ == nullptr) return handshake_ != nullptr ? handshake_->tls.info() : TlsInfo{};
  TlsInfo info;
  info.version = "TLSv1.3";
  if (records_ != nullptr) info.cipher = name_of(records_->suite);
  Agreed agreed = unpack(agreed_.get());
  info.alpn = std::move(agreed.alpn);
  info.sni = std::move(agreed.sni);
  info.resumed = agreed.is_resumed;
  return info;
}

bool OwnRecordsTls::exporter(std::string_view label, std::span<unsigned char> out) {
  if (agreed_ == nullptr) return handshake_ != nullptr && handshake_->tls.exporter(label, out);
  // What others would want went with the SSL object.
  if (state_ == State::failed || label != channel_binding_label || out.size() != binding_bytes) return false;
  std::copy_n(agreed_.get(), binding_bytes, out.begin());
  return true;
}

HeldBytes OwnRecordsTls::held() const {
  HeldBytes held{cell_bytes() + heap_bytes(agreed_.get()), heap_bytes(handshake_.get())};
  if (partial_ != nullptr) held.in_flight += heap_bytes(partial_.get()) + heap_bytes(*partial_);
  if (error_ != nullptr) held.in_flight += heap_bytes(error_.get()) + heap_bytes(*error_);
  return held;
}

Result<std::string> OwnRecordsTls::freeze() {
  if (handshake_ != nullptr) return handshake_->tls.freeze();
  if (state_ != State::open || is_closed_)
    return Error{"this connection's TLS has ended: there is nothing to carry, close the connection"};
  std::string frozen = freeze_tls(*records_, unpack(agreed_.get()), partial_ == nullptr ? "" : *partial_);
  // One owner at any time, and now that is the bytes: a number used here and there would give the keys away.
  fail("TLS was frozen: whoever has its bytes goes on");
  release();
  return frozen;
}

Result<std::unique_ptr<Tls>> OwnRecordsTls::thaw(std::string_view frozen, std::shared_ptr<Shared> shared) {
  FrozenTls thawed;
  if (auto read = thaw_tls(frozen, thawed); !read) return read.error();
  return std::unique_ptr<Tls>(new OwnRecordsTls(std::move(shared), thawed));
}

}  // namespace hotline

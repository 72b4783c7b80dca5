#include "net/tls_openssl.h"

#include <openssl/bio.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "net/tls_records.h"

namespace hotline {
namespace {

// What the running call has lent to OpenSSL. One a thread; set by each call before it enters OpenSSL.
struct Wire {
  std::string_view input;         // Records not read yet.
  std::string* output = nullptr;  // Where records go.
  std::string_view alpn;          // What the connection may agree to.
  BIO* bio = nullptr;
  std::array<char, record_plain_max> plain;

  Wire();
  ~Wire() { BIO_free(bio); }  // SSL objects that still name it hold references.
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
};

Wire& thread_wire() {
  static thread_local Wire wire;
  return wire;
}

int read_input(BIO* bio, char* out, int size) {
  Wire& wire = thread_wire();
  BIO_clear_retry_flags(bio);
  if (wire.input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t take = std::min(wire.input.size(), static_cast<std::size_t>(size));
  std::memcpy(out, wire.input.data(), take);
  wire.input.remove_prefix(take);
  return static_cast<int>(take);
}

int write_output(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  thread_wire().output->append(bytes, static_cast<std::size_t>(size));
  return size;
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* wire_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hotline wire");
    check(made != nullptr, "OpenSSL can make a BIO method");
    BIO_meth_set_read(made, read_input);
    BIO_meth_set_write(made, write_output);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

Wire::Wire() : bio(BIO_new(wire_method())) {  // NOLINT: `plain` is scratch, never read before written
  check(bio != nullptr, "OpenSSL can make a BIO");
  BIO_set_init(bio, 1);
}

// Makes `ssl` use this thread's BIO and the call's strings. The BIO that it names tells which thread it ran
// on last; that one cannot have been freed and made anew at the same address, as `ssl` holds a reference to
// it.
Wire& lend(SSL* ssl, std::string_view input, std::string* output) {
  Wire& wire = thread_wire();
  wire.input = input;
  wire.output = output;
  if (SSL_get_rbio(ssl) != wire.bio) {
    BIO_up_ref(wire.bio);  // SSL_set_bio takes one for both directions.
    SSL_set_bio(ssl, wire.bio, wire.bio);
  }
  ERR_clear_error();
  return wire;
}

}  // namespace

void OpensslTls::prepare(SSL_CTX* context) {
  // AUTO_RETRY: a read goes on behind a record without data, so that feed() consumes everything.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context, 0);  // Read-ahead would keep bytes of the next record in a buffer.
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
}

OpensslTls::OpensslTls(openssl::Ssl ssl, std::string_view alpn) : ssl_(std::move(ssl)), alpn_(alpn) {
  SSL_set_accept_state(ssl_.get());
}

// RFC 7301 3.2: what the client offers must hold ours, else the handshake ends with no_application_protocol.
int OpensslTls::select_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                            const unsigned char* offered, unsigned int offered_size, void*) {
  const std::string_view wanted = thread_wire().alpn;
  if (wanted.empty()) return SSL_TLSEXT_ERR_NOACK;
  for (unsigned int at = 0; at < offered_size; at += 1u + offered[at]) {
    const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
    if (name != wanted) continue;
    *chosen = offered + at + 1;
    *chosen_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

Tls::State OpensslTls::fail(std::string_view during) {
  error_.assign(during).append(": ").append(openssl::take_reason());
  return state_ = State::failed;
}

Tls::State OpensslTls::feed(std::string_view records, std::string& plain, std::string& to_send) {
  if (state_ != State::handshaking && state_ != State::open) return state_;
  SSL* ssl = ssl_.get();
  Wire& wire = lend(ssl, records, &to_send);
  if (state_ == State::handshaking) {
    wire.alpn = alpn_;
    const int outcome = SSL_do_handshake(ssl);
    if (outcome != 1) {
      if (SSL_get_error(ssl, outcome) == SSL_ERROR_WANT_READ) return state_;
      return fail("TLS handshake failed");
    }
    state_ = State::open;
  }
  for (;;) {
    std::size_t size = 0;
    const int outcome = SSL_read_ex(ssl, wire.plain.data(), wire.plain.size(), &size);
    if (outcome == 1) {
      plain.append(wire.plain.data(), size);
      continue;
    }
    switch (SSL_get_error(ssl, outcome)) {
      case SSL_ERROR_WANT_READ: return state_;
      case SSL_ERROR_ZERO_RETURN: return state_ = State::peer_closed;
      default: return fail("TLS failed");
    }
  }
}

bool OpensslTls::seal(std::string_view plain, std::string& to_send) {
  if (state_ != State::open) return false;
  if (plain.empty()) return true;  // SSL_write would make an empty record of it.
  SSL* ssl = ssl_.get();
  lend(ssl, {}, &to_send);
  std::size_t size = 0;
  if (SSL_write_ex(ssl, plain.data(), plain.size(), &size) == 1) return true;
  fail("TLS cannot send");
  return false;
}

void OpensslTls::close(std::string& to_send) {
  if (state_ != State::open && state_ != State::peer_closed) return;
  lend(ssl_.get(), {}, &to_send);
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

TlsInfo OpensslTls::info() const {
  const SSL* ssl = ssl_.get();
  TlsInfo info;
  info.version = SSL_get_version(ssl);
  if (const char* cipher = SSL_get_cipher_name(ssl)) info.cipher = cipher;
  const unsigned char* alpn = nullptr;
  unsigned int alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  if (alpn_size != 0) info.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  if (const char* sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) info.sni = sni;
  info.resumed = SSL_session_reused(ssl) == 1;
  return info;
}

bool OpensslTls::exporter(std::string_view label, std::span<unsigned char> out) {
  if (state_ == State::handshaking || state_ == State::failed) return false;
  // With an empty context, as RFC 9266 has it for channel bindings; only in TLS 1.2 does that differ from
  // none.
  const bool done = SSL_export_keying_material(ssl_.get(), out.data(), out.size(), label.data(), label.size(),
                                               nullptr, 0, 1) == 1;
  ERR_clear_error();
  return done;
}

Result<std::string> OpensslTls::freeze() {
  return Error{std::string("this connection's TLS (") + SSL_get_version(ssl_.get()) +
               ") is held by OpenSSL, which cannot give its state away: close the connection, and the client "
               "comes back with its session ticket"};
}

}  // namespace hotline

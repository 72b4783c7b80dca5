// OpensslTls: a connection's TLS on OpenSSL's SSL object.
//
// Sockets and memory BIOs are kept out of it: each thread has one BIO, which reads from the records given to
// feed() and writes into the caller's string, and every SSL object of that thread uses it. So an idle
// connection costs the SSL object and nothing beside it.
//
// Threads: one at a time. It may be used by another thread from any call to the next; connections do so once
// they are authenticated.
#pragma once

#include "net/openssl.h"
#include "net/tls.h"

namespace hotline {

class OpensslTls final : public Tls {
 public:
  // Sets what every SSL object of `context` needs to be used here.
  static void prepare(SSL_CTX* context);

  // A server's side. `ssl` is new, of a prepared context.
  OpensslTls(openssl::Ssl ssl, std::string_view alpn);

  State feed(std::string_view records, std::string& plain, std::string& to_send) override;
  bool seal(std::string_view plain, std::string& to_send) override;
  void close(std::string& to_send) override;
  State state() const override { return state_; }
  const std::string& error() const override { return error_; }
  TlsInfo info() const override;
  bool exporter(std::string_view label, std::span<unsigned char> out) override;
  Result<std::string> freeze() override;
  HeldBytes held() const override { return {heap_bytes(this) + heap_bytes(alpn_) + heap_bytes(error_), 0}; }

  SSL* ssl() { return ssl_.get(); }

 private:
  State fail(std::string_view during);
  static int select_alpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                         const unsigned char* offered, unsigned int offered_size, void* unused);

  openssl::Ssl ssl_;
  std::string alpn_;
  std::string error_;
  State state_ = State::handshaking;
};

}  // namespace hotline

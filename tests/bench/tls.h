// tls: the OpenSSL contexts of both sides: the clients, and the relay that serves as the floor.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace hotline::bench {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeContext>;

enum class TlsVersion { tls12, tls13 };

// Certificates are not checked: the servers are on loopback and sign for themselves. Unless `resumes`,
// sessions are never resumed, so each connection pays for a full handshake. `alpn` is offered when it is not
// empty.
TlsContext client_tls(TlsVersion version, const std::string& alpn, bool resumes = false);

// With an ECDSA P-256 certificate made on the spot.
TlsContext relay_tls();

// OpenSSL's reason for the last failure on this thread; empties its queue.
std::string tls_error();

}  // namespace hotline::bench

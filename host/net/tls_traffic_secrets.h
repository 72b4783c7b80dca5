// TlsTrafficSecrets: takes a handshake's two application traffic secrets from OpenSSL into a record state.
//
// The one public way to them is the key log callback, which OpenSSL documents for debugging. So: a line is
// parsed, its secret goes straight to where it stays, and it is forgotten; nothing is logged here, and
// nothing that could log is included. Threads: that of the handshake.
#pragma once

#include <cstddef>

#include "net/openssl.h"
#include "net/tls_records.h"

namespace hotline {

class TlsTrafficSecrets {
 public:
  // Has the SSL objects of `context` tell their secrets to whom observe() named.
  static void prepare(SSL_CTX* context);

  explicit TlsTrafficSecrets(RecordState& state) : state_(state) {}
  TlsTrafficSecrets(const TlsTrafficSecrets&) = delete;
  TlsTrafficSecrets& operator=(const TlsTrafficSecrets&) = delete;

  void observe(SSL* ssl);
  // Both came, and both are as long as the suite's are.
  bool are_complete(TlsSuite suite) const;

 private:
  static void on_line(const SSL* ssl, const char* line);

  RecordState& state_;
  std::size_t in_bytes_ = 0;
  std::size_t out_bytes_ = 0;
};

}  // namespace hotline

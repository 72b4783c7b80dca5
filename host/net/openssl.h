// OpenSSL's objects with owners, and its reasons as words.
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstring>
#include <memory>
#include <string>

#include "base/freed.h"

namespace hotline::openssl {

using Ssl = std::unique_ptr<SSL, Freed<SSL_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

// The cause of the last failure on this thread, and forgets it.
inline std::string take_reason() {
  const unsigned long code = ERR_peek_error();  // The oldest: what came first is the cause.
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));  // A file that is not there.
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "no reason given" : text;
}

}  // namespace hotline::openssl

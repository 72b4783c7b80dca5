#include "tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <stdexcept>

namespace hotline::bench {
namespace {

constexpr long day_s = 86'400;

void set_modes(SSL_CTX* context) {
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // One read() takes all the records that wait instead of two for each.
  SSL_CTX_set_read_ahead(context, 1);
}

TlsContext new_context(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method));
  if (!context) throw std::runtime_error("OpenSSL gave no context: " + tls_error());
  set_modes(context.get());
  return context;
}

}  // namespace

std::string tls_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "closed by the peer";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

TlsContext client_tls(TlsVersion version, const std::string& alpn, bool resumes) {
  TlsContext context = new_context(TLS_client_method());
  const int number = version == TlsVersion::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
  SSL_CTX_set_min_proto_version(context.get(), number);
  SSL_CTX_set_max_proto_version(context.get(), number);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  // Each wire keeps its own session (Wire::keep_session).
  SSL_CTX_set_session_cache_mode(
      context.get(), resumes ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  if (!alpn.empty()) {
    const std::string wire = static_cast<char>(alpn.size()) + alpn;
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }
  return context;
}

TlsContext relay_tls() {
  TlsContext context = new_context(TLS_server_method());
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -day_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), day_s);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                             -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  const bool is_made = X509_sign(certificate, key, EVP_sha256()) > 0 &&
                       SSL_CTX_use_certificate(context.get(), certificate) == 1 &&
                       SSL_CTX_use_PrivateKey(context.get(), key) == 1;
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!is_made) throw std::runtime_error("the relay could not make its certificate: " + tls_error());
  return context;
}

}  // namespace hotline::bench

// TlsContext on OpenSSL: certificate and settings in an SSL_CTX that a reload replaces as a whole.

#include <openssl/pem.h>

#include <mutex>

#include "base/check.h"
#include "base/hex.h"
#include "base/log.h"
#include "net/dev_certificate.h"
#include "net/ticket_keys.h"
#include "net/ticket_sharing.h"
#include "net/tls_openssl.h"
#include "net/tls_own_records.h"

namespace hotline {
namespace {

// Forward secret and authenticated; of TLS 1.2 only what has both. ECDSA before RSA, as its signatures are
// cheaper.
constexpr char ciphers_1_2[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr char ciphers_1_3[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr char groups[] = "X25519:P-256:P-384";
constexpr unsigned char session_scope[] = "hotline";

// One reading of the files. Never changed once made.
struct Loaded {
  openssl::Context context;
  std::string fingerprint;
};

int refuse_passphrase(char*, int, int, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return 0;
}

void apply_settings(SSL_CTX* context, int min_version) {
  check(SSL_CTX_set_min_proto_version(context, min_version) == 1 &&
            SSL_CTX_set_session_id_context(context, session_scope, sizeof session_scope - 1) == 1,
        "OpenSSL takes the minimum version and the scope of sessions");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // The chain is what the file holds: without this mode OpenSSL looks for one in every handshake.
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  check(SSL_CTX_set_cipher_list(context, ciphers_1_2) == 1 &&
            SSL_CTX_set_ciphersuites(context, ciphers_1_3) == 1 &&
            SSL_CTX_set1_groups_list(context, groups) == 1,
        "OpenSSL knows the cipher suites and groups");
}

Result<void> use_files(SSL_CTX* context, const CertificateFiles& files) {
  bool was_asked = false;
  SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(context, &was_asked);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return Error{"certificate " + files.certificate + " cannot be used: " + openssl::take_reason() +
                 "; it must be a PEM file, the host's own certificate first"};
  }
  // A key of another kind than the certificate's is taken without a word, for a certificate still to come.
  const bool has_key = SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
                       SSL_CTX_check_private_key(context) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  if (was_asked) {
    ERR_clear_error();
    return Error{"key " + files.key + " is encrypted: remove its passphrase (openssl pkey -in … -out …)"};
  }
  if (!has_key) {
    // OpenSSL drops the certificate again when the key is for another one.
    const unsigned long error = ERR_peek_error();
    const bool is_mismatch =
        (ERR_GET_LIB(error) == ERR_LIB_X509 && (ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH ||
                                                ERR_GET_REASON(error) == X509_R_KEY_TYPE_MISMATCH)) ||
        (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_NO_CERTIFICATE_ASSIGNED);
    const std::string reason = openssl::take_reason();
    if (is_mismatch) {
      return Error{"certificate " + files.certificate + " and key " + files.key +
                   " do not belong together: name the key that the certificate was made for"};
    }
    return Error{"key " + files.key + " cannot be used: " + reason + "; it must be a PEM private key"};
  }
  return {};
}

std::string fingerprint_of(X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  check(X509_digest(certificate, EVP_sha256(), digest, &size) == 1, "a certificate has a digest");
  return to_hex({digest, size});
}

class OpensslContext final : public TlsContext, public TicketSharing {
 public:
  enum class Records { openssl, own };

  OpensslContext(CertificateFiles files, bool is_development, int min_version, Records records)
      : files_(std::move(files)),
        is_development_(is_development),
        min_version_(min_version),
        records_(records),
        tickets_(clock_) {}

  Result<void> reload() override {
    auto next = std::make_shared<Loaded>();
    next->context.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* context = next->context.get();
    check(context != nullptr, "OpenSSL can make a context");
    apply_settings(context, min_version_);
    OpensslTls::prepare(context);
    if (records_ == Records::own) OwnRecordsTls::prepare(context);
    tickets_.attach(context);
    if (auto used = use_files(context, files_); !used) return used;
    X509* certificate = SSL_CTX_get0_certificate(context);
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
      log::warning("tls.certificate-expired", {{"file", files_.certificate}});
    }
    next->fingerprint = fingerprint_of(certificate);
    const std::lock_guard lock(mutex_);
    loaded_ = std::move(next);
    return {};
  }

  std::unique_ptr<Tls> accept(std::string_view alpn) override {
    openssl::Ssl ssl(SSL_new(loaded()->context.get()));  // Keeps a reference to the context.
    check(ssl != nullptr, "OpenSSL can make a connection");
    if (records_ == Records::own) return std::make_unique<OwnRecordsTls>(std::move(ssl), alpn, shared_);
    return std::make_unique<OpensslTls>(std::move(ssl), alpn);
  }

  Result<std::unique_ptr<Tls>> thaw(std::string_view frozen) override {
    if (OwnRecordsTls::is_forbidden())
      return Error{"OpenSSL is in a mode in which TLS records of our own are forbidden"};
    return OwnRecordsTls::thaw(frozen, shared_);
  }

  std::string ticket_keys() override { return tickets_.carried(); }
  bool take_ticket_keys(std::string_view carried) override { return tickets_.take(carried); }

  std::string fingerprint() const override { return loaded()->fingerprint; }
  bool is_development() const override { return is_development_; }
  std::string certificate_path() const override { return files_.certificate; }
  Memory memory() const override { return {shared_->slab.used(), shared_->slab.bytes()}; }

 private:
  std::shared_ptr<const Loaded> loaded() const {
    const std::lock_guard lock(mutex_);
    return loaded_;
  }

  const CertificateFiles files_;
  const bool is_development_;
  const int min_version_;
  const Records records_;
  const std::shared_ptr<OwnRecordsTls::Shared> shared_ = std::make_shared<OwnRecordsTls::Shared>();
  SystemClock clock_;
  TicketKeys tickets_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Loaded> loaded_;  // Replaced under mutex_, by reload() alone.
};

}  // namespace

TicketSharing& ticket_sharing(TlsContext& context) {
  auto* const sharing = dynamic_cast<TicketSharing*>(&context);
  check(sharing != nullptr, "a context of ours shares its tickets");
  return *sharing;
}

Result<std::unique_ptr<TlsContext>> TlsContext::open(const Settings& settings) {
  const bool is_1_3 = settings.min_version == "1.3";
  if (!is_1_3 && settings.min_version != "1.2") {
    return Error{"minimum TLS version \"" + settings.min_version +
                 "\" is not offered: use \"1.2\" or \"1.3\""};
  }
  CertificateFiles files{settings.certificate_file, settings.key_file};
  if (files.certificate.empty() != files.key.empty()) {
    return Error{
        "a certificate and its key are named together, or neither for the development certificate: " +
        std::string(files.key.empty() ? "the key" : "the certificate") + " is missing"};
  }
  const bool is_development = files.certificate.empty();
  if (is_development) {
    auto made = development_certificate(settings.state_dir, settings.domain);
    if (!made) return made.error();
    files = std::move(*made);
  }
  const bool has_own = settings.own_records && !OwnRecordsTls::is_forbidden();
  if (settings.own_records && !has_own)
    log::info("tls.own-records-off", {{"why", "OpenSSL runs in FIPS mode"}});
  auto context = std::make_unique<OpensslContext>(
      std::move(files), is_development, is_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION,
      has_own ? OpensslContext::Records::own : OpensslContext::Records::openssl);
  if (auto loaded = context->reload(); !loaded) return loaded.error();
  return std::unique_ptr<TlsContext>(std::move(context));
}

}  // namespace hotline

// The host's certificate and tickets.
#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "net/dev_certificate.h"
#include "net/ticket_keys.h"
#include "net/ticket_sharing.h"
#include "unit/net/tls_client.h"

namespace hotline::test {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}

int mode_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 0777) : -1;
}

openssl::Certificate certificate_in(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  openssl::Certificate certificate(file == nullptr ? nullptr
                                                   : PEM_read_X509(file, nullptr, nullptr, nullptr));
  if (file != nullptr) std::fclose(file);
  return certificate;
}

std::string rsa_key() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  REQUIRE(PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

// Copies a development pair made in `from` to where an operator would keep one.
TlsContext::Settings operator_pair(const TemporaryFolder& from) {
  const auto files = development_certificate(from.path(), "chat.example");
  REQUIRE(files.has_value());
  TlsContext::Settings settings;
  settings.certificate_file = from.path() + "/chat.pem";
  settings.key_file = from.path() + "/chat.key";
  std::filesystem::copy_file(files->certificate, settings.certificate_file);
  std::filesystem::copy_file(files->key, settings.key_file);
  return settings;
}

// Whether a client with `session` is resumed; its newest session goes back into it.
bool resumes(TlsContext& context, int version, Session& session) {
  TlsClient client({.version = version, .resume = session.get()});
  const auto server = context.accept("xmpp-client");
  std::string plain;
  converse(client, *server, plain);
  REQUIRE(server->state() == Tls::State::open);
  CHECK((SSL_session_reused(client.ssl()) == 1) == server->info().resumed);
  if (client.session() != nullptr) {
    SSL_SESSION_up_ref(client.session());
    session.reset(client.session());
  }
  return server->info().resumed;
}

TEST_CASE("development certificate: made once, for the domain and this machine, for its owner's eyes") {
  TemporaryFolder folder;
  const auto first = development_certificate(folder.path(), "chat.example");
  REQUIRE(first.has_value());
  CHECK(mode_of(first->key) == 0600);
  CHECK(mode_of(first->certificate) == 0600);
  CHECK(mode_of(folder.path() + "/tls") == 0700);

  const openssl::Certificate certificate = certificate_in(first->certificate);
  REQUIRE(certificate != nullptr);
  for (const char* name : {"chat.example", "localhost"}) {
    CHECK(X509_check_host(certificate.get(), name, 0, 0, nullptr) == 1);
  }
  CHECK(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0) == 1);
  CHECK(X509_check_host(certificate.get(), "other.example", 0, 0, nullptr) == 0);
  CHECK(EVP_PKEY_get_bits(X509_get0_pubkey(certificate.get())) == 256);
  int days = 0;
  int seconds = 0;
  ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate.get()));
  CHECK(days >= 364);
  CHECK(days <= 366);

  const std::string before = read_file(first->certificate);
  REQUIRE(development_certificate(folder.path(), "chat.example").has_value());
  CHECK(read_file(first->certificate) == before);
}

TEST_CASE("development certificate: made again for another domain, and when the pair does not match") {
  TemporaryFolder folder;
  const auto files = development_certificate(folder.path(), "chat.example");
  REQUIRE(files.has_value());
  const std::string before = read_file(files->certificate);
  REQUIRE(development_certificate(folder.path(), "other.example").has_value());
  CHECK(read_file(files->certificate) != before);
  write_file(files->certificate, before);  // Of the first key.
  REQUIRE(development_certificate(folder.path(), "chat.example").has_value());
  CHECK(read_file(files->certificate) != before);
  REQUIRE(development_certificate(folder.path(),
                                  "b\xc3\xbc"
                                  "cher.example")
              .has_value());
  REQUIRE(development_certificate(folder.path(), "192.0.2.7").has_value());
  CHECK(X509_check_ip_asc(certificate_in(files->certificate).get(), "192.0.2.7", 0) == 1);
}

TEST_CASE("development certificate: a folder that is not there is named") {
  const auto files = development_certificate("/nonexistent/state", "chat.example");
  REQUIRE_FALSE(files.has_value());
  CHECK(files.error().message.find("/nonexistent/state/tls") != std::string::npos);
}

TEST_CASE("tls context: the development certificate is presented, and said to be one") {
  TemporaryFolder folder;
  const auto context = open_context(folder);
  CHECK(context->is_development());
  CHECK(context->certificate_path() == folder.path() + "/tls/dev-certificate.pem");
  CHECK(context->fingerprint().size() == 64);
  CHECK(open_context(folder)->fingerprint() == context->fingerprint());
}

TEST_CASE("tls context: a minimum version of 1.3 refuses TLS 1.2, and other versions are not known") {
  TemporaryFolder folder;
  const auto context = open_context(folder, Records::own, "1.3");
  TlsClient client({.version = TLS1_2_VERSION});
  const auto server = context->accept("xmpp-client");
  std::string plain;
  converse(client, *server, plain);
  CHECK(server->state() == Tls::State::failed);
  CHECK(server->error() == "TLS handshake failed: unsupported protocol");

  TlsContext::Settings settings;
  settings.state_dir = folder.path();
  settings.min_version = "1.1";
  const auto refused = TlsContext::open(settings);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message == R"(minimum TLS version "1.1" is not offered: use "1.2" or "1.3")");
}

TEST_CASE(
    "tls context: nothing is heard that comes before the handshake is done, whatever a client believes") {
  TemporaryFolder folder;
  for (const Records records : {Records::own, Records::openssl}) {
    const auto context = open_context(folder, records);
    Session session;
    CHECK_FALSE(resumes(*context, TLS1_3_VERSION, session));
    REQUIRE(session != nullptr);
    CHECK(SSL_SESSION_get_max_early_data(session.get()) == 0);  // No ticket allows it.
    SSL_SESSION_set_max_early_data(session.get(), 1'000);
    TlsClient client({.resume = session.get(), .early = "early"});
    REQUIRE(client.error().empty());
    const auto server = context->accept("xmpp-client");
    std::string plain;
    converse(client, *server, plain);
    REQUIRE(server->state() == Tls::State::open);
    CHECK(SSL_get_early_data_status(client.ssl()) == SSL_EARLY_DATA_REJECTED);
    CHECK(plain.empty());
    client.write("late");
    converse(client, *server, plain);
    CHECK(plain == "late");
  }
}

TEST_CASE("tls context: a reload takes a new pair, and connections that exist go on") {
  TemporaryFolder first;
  TemporaryFolder second;
  const TlsContext::Settings settings = operator_pair(first);
  const TlsContext::Settings newer = operator_pair(second);
  auto context = TlsContext::open(settings);
  REQUIRE(context.has_value());
  CHECK_FALSE((*context)->is_development());
  const std::string before = (*context)->fingerprint();
  TlsClient client;
  const auto server = (*context)->accept("xmpp-client");
  std::string plain;
  converse(client, *server, plain);

  const auto overwrite = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(newer.certificate_file, settings.certificate_file, overwrite);
  std::filesystem::copy_file(newer.key_file, settings.key_file, overwrite);
  CHECK((*context)->reload().has_value());
  CHECK((*context)->fingerprint() != before);
  client.write("still here");
  converse(client, *server, plain);
  CHECK(plain == "still here");
}

TEST_CASE("tls context: a pair that cannot be used is refused with its reason, and the old one stays") {
  TemporaryFolder first;
  TemporaryFolder second;
  const TlsContext::Settings settings = operator_pair(first);
  const TlsContext::Settings other = operator_pair(second);
  auto context = TlsContext::open(settings);
  REQUIRE(context.has_value());
  const std::string before = (*context)->fingerprint();
  const std::string key = read_file(settings.key_file);
  const std::string certificate = read_file(settings.certificate_file);

  const auto refused_with = [&](const std::string& words) {
    const auto reloaded = (*context)->reload();
    REQUIRE_FALSE(reloaded.has_value());
    INFO(reloaded.error().message);
    CHECK(reloaded.error().message.find(words) != std::string::npos);
    CHECK((*context)->fingerprint() == before);
    TlsClient client;
    const auto server = (*context)->accept("xmpp-client");
    std::string plain;
    converse(client, *server, plain);
    CHECK(client.is_open());
  };
  write_file(settings.key_file, read_file(other.key_file));
  refused_with("do not belong together");
  write_file(settings.key_file, rsa_key());  // Of another kind than the certificate's.
  refused_with("do not belong together");
  write_file(settings.key_file, "not a key");
  refused_with("must be a PEM private key");
  write_file(settings.key_file,
             "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
             "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjrIIb3x0m0+wICCAAw\n"
             "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEAAAAAAAAAAAAAAAAAAAAAAEQKqq\n"
             "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\n"
             "qqqqqqqqqqqqqqqqqqqqqqo=\n"
             "-----END ENCRYPTED PRIVATE KEY-----\n");
  refused_with("is encrypted: remove its passphrase");
  write_file(settings.key_file, key);
  write_file(settings.certificate_file, "");
  refused_with("must be a PEM file");
  std::filesystem::remove(settings.certificate_file);
  refused_with("cannot be used");
  write_file(settings.certificate_file, certificate);
  CHECK((*context)->reload().has_value());
}

TEST_CASE("tls context: a certificate without its key is refused") {
  TlsContext::Settings settings;
  settings.certificate_file = "/etc/chat.pem";
  const auto refused = TlsContext::open(settings);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.ends_with("the key is missing"));
}

TEST_CASE("tickets: a session is resumed, also across a reload") {
  TemporaryFolder folder;
  const auto context = open_context(folder);
  Session session;
  CHECK_FALSE(resumes(*context, TLS1_3_VERSION, session));
  REQUIRE(session != nullptr);
  CHECK(resumes(*context, TLS1_3_VERSION, session));
  REQUIRE(context->reload().has_value());
  CHECK(resumes(*context, TLS1_3_VERSION, session));
  // Another host has other keys: a full handshake, not a failure.
  TemporaryFolder elsewhere;
  CHECK_FALSE(resumes(*open_context(elsewhere), TLS1_3_VERSION, session));
}

// Nothing that is recorded can be read by whoever gets a ticket key later.
TEST_CASE("tickets: TLS 1.2 has none") {
  TemporaryFolder folder;
  const auto context = open_context(folder);
  Session session;
  CHECK_FALSE(resumes(*context, TLS1_2_VERSION, session));
  CHECK_FALSE(resumes(*context, TLS1_2_VERSION, session));
  CHECK((session == nullptr || SSL_SESSION_has_ticket(session.get()) == 0));
}

TEST_CASE("tickets: a host that took another one's keys opens its tickets, and takes nothing else for keys") {
  TemporaryFolder one, other;
  const auto gives = open_context(one), takes = open_context(other);
  Session session;
  CHECK_FALSE(resumes(*gives, TLS1_3_VERSION, session));
  const std::string keys = ticket_sharing(*gives).ticket_keys();
  CHECK_FALSE(ticket_sharing(*takes).take_ticket_keys(keys.substr(1)));
  CHECK_FALSE(ticket_sharing(*takes).take_ticket_keys(std::string(keys.size(), '\xff')));
  REQUIRE(ticket_sharing(*takes).take_ticket_keys(keys));
  CHECK(resumes(*takes, TLS1_3_VERSION, session));
  CHECK(ticket_sharing(*takes).ticket_keys().substr(0, 160) == keys.substr(0, 160));
}

class FakeClock final : public Clock {
 public:
  std::uint64_t mono_us() override { return now_us; }
  std::uint64_t wall_ms() override { return now_us / 1000; }
  std::uint64_t now_us = 1;
};

TEST_CASE("tickets: keys change every half lifetime, and the one before still opens") {
  FakeClock clock;
  TicketKeys keys(clock);
  TemporaryFolder folder;
  const auto files = development_certificate(folder.path(), "localhost");
  REQUIRE(files.has_value());
  const openssl::Context context(SSL_CTX_new(TLS_server_method()));
  REQUIRE(SSL_CTX_use_certificate_chain_file(context.get(), files->certificate.c_str()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey_file(context.get(), files->key.c_str(), SSL_FILETYPE_PEM) == 1);
  keys.attach(context.get());

  const auto is_resumed = [&](SSL_SESSION* session, Session* newest) {
    TlsClient client({.resume = session});
    const openssl::Ssl server(SSL_new(context.get()));
    SSL_set_accept_state(server.get());
    BIO* input = BIO_new(BIO_s_mem());
    BIO* output = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(input, -1);
    SSL_set_bio(server.get(), input, output);
    for (int flight = 0; flight < 4; ++flight) {
      const std::string asked = client.take_output();
      BIO_write(input, asked.data(), static_cast<int>(asked.size()));
      SSL_do_handshake(server.get());
      char* bytes = nullptr;
      const long size = BIO_get_mem_data(output, &bytes);
      client.receive({bytes, static_cast<std::size_t>(size)});
      (void)BIO_reset(output);
    }
    REQUIRE(client.is_open());
    if (newest != nullptr && client.session() != nullptr) {
      SSL_SESSION_up_ref(client.session());
      newest->reset(client.session());
    }
    return SSL_session_reused(client.ssl()) == 1;
  };
  Session session;
  CHECK_FALSE(is_resumed(nullptr, &session));
  REQUIRE(session != nullptr);
  const std::uint64_t half_us = TicketKeys::lifetime_s / 2 * 1'000'000ull;
  clock.now_us += half_us + 1;
  CHECK(is_resumed(session.get(), nullptr));  // By the previous key.
  clock.now_us += half_us + 1;
  CHECK_FALSE(is_resumed(session.get(), nullptr));  // Two turns: the key is gone.

  CHECK_FALSE(is_resumed(nullptr, &session));
  clock.now_us += 10 * half_us;  // Nobody came meanwhile, so no turn was taken.
  CHECK_FALSE(is_resumed(session.get(), nullptr));
}

}  // namespace
}  // namespace hotline::test

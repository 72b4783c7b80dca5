#include "unit/net/tls_client.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace hotline::test {

TlsClient::TlsClient(const TlsClientSettings& settings) : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_min_proto_version(context, settings.version);
  SSL_CTX_set_max_proto_version(context, settings.version);
  if (!settings.cipher_list.empty()) SSL_CTX_set_cipher_list(context, settings.cipher_list.c_str());
  if (!settings.groups.empty()) SSL_CTX_set1_groups_list(context, settings.groups.c_str());
  if (!settings.suites.empty()) SSL_CTX_set_ciphersuites(context, settings.suites.c_str());
  SSL_CTX_set_tlsext_max_fragment_length(context, static_cast<std::uint8_t>(settings.max_fragment_length));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
    static_cast<TlsClient*>(SSL_get_app_data(ssl))->session_.reset(session);
    return 1;
  });
  ssl_.reset(SSL_new(context));
  SSL* ssl = ssl_.get();
  SSL_set_app_data(ssl, this);
  SSL_set_connect_state(ssl);
  SSL_set_tlsext_host_name(ssl, settings.sni.c_str());
  std::string offer;
  for (const std::string& name : settings.alpn) {
    offer.push_back(static_cast<char>(name.size()));
    offer += name;
  }
  if (!offer.empty()) {
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(offer.data()),
                        static_cast<unsigned int>(offer.size()));
  }
  if (settings.resume != nullptr) SSL_set_session(ssl, settings.resume);
  input_ = BIO_new(BIO_s_mem());
  output_ = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(input_, -1);
  SSL_set_bio(ssl, input_, output_);
  std::size_t written = 0;
  if (!settings.early.empty() &&
      SSL_write_early_data(ssl, settings.early.data(), settings.early.size(), &written) != 1)
    error_ = openssl::take_reason();
  receive({});  // The ClientHello, where it was not sent yet.
}

TlsClient::~TlsClient() {
  // Without it OpenSSL takes the connection for broken and its session for unfit to be resumed.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsClient::receive(std::string_view records) {
  if (!records.empty()) BIO_write(input_, records.data(), static_cast<int>(records.size()));
  ERR_clear_error();
  if (!is_open_) {
    const int outcome = SSL_do_handshake(ssl_.get());
    if (outcome != 1) {
      if (SSL_get_error(ssl_.get(), outcome) != SSL_ERROR_WANT_READ) error_ = openssl::take_reason();
      return;
    }
    is_open_ = true;
  }
  char piece[16384];
  for (;;) {
    const int size = SSL_read(ssl_.get(), piece, sizeof piece);
    if (size > 0) {
      plain_.append(piece, static_cast<std::size_t>(size));
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), size);
    if (why == SSL_ERROR_ZERO_RETURN) was_closed_ = true;
    if (why == SSL_ERROR_SSL) error_ = openssl::take_reason();
    return;
  }
}

std::string TlsClient::take_output() {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(output_, &bytes);
  std::string taken(bytes, static_cast<std::size_t>(size));
  (void)BIO_reset(output_);
  return taken;
}

void TlsClient::write(std::string_view plain) {
  if (SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) <= 0)
    error_ = openssl::take_reason();
}

Cut whole() {
  return [] { return std::string::npos; };
}

Cut between(Random& random, std::size_t least, std::size_t most) {
  return [&random, least, most] { return least + random.next_u64() % (most - least + 1); };
}

Tls::State feed_cut(Tls& server, std::string_view records, const Cut& cut, std::string& plain,
                    std::string& to_send) {
  while (!records.empty()) {
    const std::string_view piece = records.substr(0, cut());
    // A copy of its own: reading past its end is then seen by the sanitizer.
    server.feed(std::string(piece), plain, to_send);
    records.remove_prefix(piece.size());
  }
  return server.state();
}

void converse(TlsClient& client, Tls& server, std::string& plain, const Cut& cut) {
  for (;;) {
    const std::string asked = client.take_output();
    if (asked.empty()) return;
    std::string answer;
    feed_cut(server, asked, cut, plain, answer);
    for (std::string_view left = answer; !left.empty();) {
      const std::string_view piece = left.substr(0, cut());
      client.receive(piece);
      left.remove_prefix(piece.size());
    }
  }
}

TemporaryFolder::TemporaryFolder()
    : path_((std::filesystem::temp_directory_path() / "hotline-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::unique_ptr<TlsContext> open_context(const TemporaryFolder& folder, Records records,
                                         const std::string& min_version) {
  TlsContext::Settings settings;
  settings.state_dir = folder.path();
  settings.domain = "localhost";
  settings.min_version = min_version;
  settings.own_records = records == Records::own;
  auto opened = TlsContext::open(settings);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

std::string random_bytes(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  SeededRandom random(seed);
  random.fill({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
  return bytes;
}

}  // namespace hotline::test

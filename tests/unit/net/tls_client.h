// An OpenSSL client in memory, for tests of the server's side, and what tests of TLS share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "net/openssl.h"
#include "net/tls.h"

namespace hotline::test {

using Session = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;

struct TlsClientSettings {
  int version = TLS1_3_VERSION;
  std::vector<std::string> alpn;
  std::string sni = "localhost";
  std::string cipher_list;      // TLS 1.2, empty: OpenSSL's default.
  std::string groups;           // Empty: OpenSSL's default.
  std::string suites;           // TLS 1.3, empty: OpenSSL's default.
  int max_fragment_length = 0;  // TLSEXT_max_fragment_length_...
  SSL_SESSION* resume = nullptr;
  std::string early;  // Said before the handshake, when it resumes; empty: nothing.
};

// Who does the records of TLS 1.3.
enum class Records { own, openssl };

class TlsClient {
 public:
  explicit TlsClient(const TlsClientSettings& settings = {});
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Gives OpenSSL what the server sent and goes on with handshake and reading.
  void receive(std::string_view records);
  // What is to be sent to the server; empties it.
  std::string take_output();
  void write(std::string_view plain);
  void close() { SSL_shutdown(ssl_.get()); }

  bool is_open() const { return is_open_; }
  bool was_closed() const { return was_closed_; }  // close_notify came.
  const std::string& error() const { return error_; }
  const std::string& plain() const { return plain_; }
  SSL* ssl() { return ssl_.get(); }
  // The newest ticket's session.
  SSL_SESSION* session() { return session_.get(); }

 private:
  openssl::Context context_;
  Session session_;
  openssl::Ssl ssl_;
  BIO* input_;  // Both are the SSL object's.
  BIO* output_;
  bool is_open_ = false;
  bool was_closed_ = false;
  std::string plain_;
  std::string error_;
};

// How the bytes of one direction are cut on their way.
using Cut = std::function<std::size_t()>;
Cut whole();
Cut between(Random& random, std::size_t least, std::size_t most);

// Feeds `records` to the server in pieces and appends what it answers.
Tls::State feed_cut(Tls& server, std::string_view records, const Cut& cut, std::string& plain,
                    std::string& to_send);
// Carries bytes both ways until neither side has more to say. What the server got is appended to `plain`.
void converse(TlsClient& client, Tls& server, std::string& plain, const Cut& cut = whole());

// A folder of its own, removed with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A context with a development certificate in `folder`.
std::unique_ptr<TlsContext> open_context(const TemporaryFolder& folder, Records records = Records::own,
                                         const std::string& min_version = "1.2");
std::string random_bytes(std::size_t size, std::uint64_t seed);

}  // namespace hotline::test

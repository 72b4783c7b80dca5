// Tls: one connection's TLS, as bytes in and bytes out. No sockets, no loop, nothing kept while idle.
//
//     feed(records from the socket) -> plaintext, and records to send
//     seal(plaintext)               -> records to send
//
// Two implementations stand behind it: OpenSSL's SSL object (tls_openssl.h), and own TLS 1.3 records after
// OpenSSL's handshake (tls_own_records.h), whose state is small and can be carried to another process
// (freeze). Threads: one at a time; a connection that moves to another shard takes it along.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/heap_size.h"
#include "base/result.h"

namespace hotline {

struct TlsInfo {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  std::string alpn;  // Empty when none was agreed.
  std::string sni;
  bool resumed = false;
};

class Tls {
 public:
  enum class State {
    handshaking,
    open,
    peer_closed,  // close_notify was received; what was sealed before can still be sent.
    failed,       // `error()` says why; send what is in `to_send` (an alert) and close.
  };

  virtual ~Tls() = default;

  // Takes all of `records`, appends the plaintext they carry to `plain` and what must be sent to `to_send`.
  virtual State feed(std::string_view records, std::string& plain, std::string& to_send) = 0;
  // Appends records with `plain` in them. Only while open. False: failed.
  virtual bool seal(std::string_view plain, std::string& to_send) = 0;
  // Appends close_notify.
  virtual void close(std::string& to_send) = 0;

  virtual State state() const = 0;
  virtual const std::string& error() const = 0;
  virtual TlsInfo info() const = 0;
  // RFC 5705 exporter; false before the handshake has ended. With own records there is what channel binding
  // needs (RFC 9266: "EXPORTER-Channel-Binding", 32 bytes) and no more.
  virtual bool exporter(std::string_view label, std::span<unsigned char> out) = 0;

  // What feed() and seal() will read, asked of memory ahead (base/prefetch.h).
  virtual void prefetch_state() const {}

  // Its whole state as bytes, for another process or context (TlsContext::thaw); an error when this
  // implementation cannot. From here on the bytes are the connection: this object has failed and seals
  // nothing more, and whoever holds the bytes wipes them once they were thawed.
  virtual Result<std::string> freeze() = 0;

  // Its own object included; not what lies in the slab of TlsContext::memory(), nor what OpenSSL holds.
  virtual HeldBytes held() const = 0;
};

// The host's certificate, ticket keys and settings; makes the Tls of each connection. Any thread.
class TlsContext {
 public:
  struct Settings {
    std::string certificate_file;  // PEM chain. Both empty: the development certificate of `state_dir`.
    std::string key_file;
    std::string state_dir;  // Where the development certificate is kept (tls/dev-*.pem, 0600).
    std::string domain;     // Its subject.
    std::string min_version = "1.2";
    bool own_records = true;  // TLS 1.3 records are ours (unless OpenSSL runs in FIPS mode).
  };
  static Result<std::unique_ptr<TlsContext>> open(const Settings& settings);
  virtual ~TlsContext() = default;

  // Reads certificate and key again; connections that exist keep what they have. On an error
  // nothing changes.
  virtual Result<void> reload() = 0;
  // `alpn`: the protocol to agree to when the client offers any ("xmpp-client", "http/1.1"); a client that
  // offers only others is refused.
  virtual std::unique_ptr<Tls> accept(std::string_view alpn) = 0;
  // The connection that Tls::freeze() gave. It goes on with own records, whatever the settings.
  virtual Result<std::unique_ptr<Tls>> thaw(std::string_view frozen) = 0;
  // SHA-256 of the certificate, hexadecimal; and whether it is the self-made development one.
  virtual std::string fingerprint() const = 0;
  virtual bool is_development() const = 0;
  virtual std::string certificate_path() const = 0;

  struct Memory {
    std::uint64_t states = 0;  // Record states of connections ...
    std::uint64_t bytes = 0;   // ... and what all pages for them take.
  };
  virtual Memory memory() const = 0;
};

}  // namespace hotline

// OwnRecordsTls: a connection's TLS whose handshake is OpenSSL's and whose records are then ours
// (tls_records.h).
//
//     records -> one whole record at a time -> OpensslTls ... handshake done -> SSL object freed
//     records -> one whole record at a time -> TlsRecords
//
// From then on its state is 232 bytes in the slab.
//
// A connection that agreed on anything but TLS 1.3 with a suite we know stays on the SSL object for good.
// An idle connection holds no buffer; half a record that has come is kept until the rest is there.
//
// Threads: one at a time; it may move from any call to the next.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/slab.h"
#include "net/tls.h"
#include "net/tls_openssl.h"
#include "net/tls_records.h"
#include "net/tls_slab.h"

namespace hotline {

struct FrozenTls;

class OwnRecordsTls final : public Tls, public InSlab<OwnRecordsTls> {
 public:
  // What all connections of a context use.
  struct Shared {
    SystemClock clock;
    TlsSlab slab;
  };
  // What the handshake agreed to, and the SSL object no longer tells.
  struct Agreed {
    std::array<unsigned char, 32> channel_binding{};  // RFC 9266.
    std::string alpn;
    std::string sni;
    bool is_resumed = false;
  };

  // Sets what every SSL object of `context` needs to be used here, beside OpensslTls::prepare().
  static void prepare(SSL_CTX* context);
  // Whether OpenSSL runs in a mode that forbids it: FIPS wants the nonces of GCM to be made inside.
  static bool is_forbidden();

  OwnRecordsTls(openssl::Ssl ssl, std::string_view alpn, std::shared_ptr<Shared> shared);
  ~OwnRecordsTls() override;
  OwnRecordsTls(const OwnRecordsTls&) = delete;
  OwnRecordsTls& operator=(const OwnRecordsTls&) = delete;

  // A connection from what freeze() gave.
  static Result<std::unique_ptr<Tls>> thaw(std::string_view frozen, std::shared_ptr<Shared> shared);

  State feed(std::string_view records, std::string& plain, std::string& to_send) override;
  bool seal(std::string_view plain, std::string& to_send) override;
  void close(std::string& to_send) override;
  State state() const override;
  const std::string& error() const override;
  TlsInfo info() const override;
  bool exporter(std::string_view label, std::span<unsigned char> out) override;
  void prefetch_state() const override;
  Result<std::string> freeze() override;
  HeldBytes held() const override;
  // Changes our key before the next record, and asks the peer to change its own. Only while open and with
  // own records; false otherwise.
  bool update_keys(std::string& to_send);

 private:
  struct Handshake;
  OwnRecordsTls(std::shared_ptr<Shared> shared, FrozenTls& thawed);

  State shake(std::string_view& records, std::string& plain, std::string& to_send);
  void stay_with_openssl();
  bool take_over(std::string_view last_flight);
  bool count_tickets(std::string_view last_flight);
  State read(std::string_view records, std::string& plain, std::string& to_send);
  std::string_view next_record(std::string_view& records);
  State on_record(std::string_view record, std::string& plain, std::string& to_send);
  State fail(std::string_view why);
  State fail(std::string_view why, TlsAlert alert, std::string& to_send);
  void release();

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Handshake>
      handshake_;                   // Until it is done, or for good. One of this and `records_` is there.
  RecordState* records_ = nullptr;  // In the slab; ours.
  std::unique_ptr<unsigned char[]> agreed_;  // Packed: see pack().
  std::unique_ptr<std::string> partial_;     // Half a record that has come.
  std::unique_ptr<std::string> error_;
  State state_ = State::handshaking;
  bool is_closed_ = false;  // We sent close_notify.
};

}  // namespace hotline

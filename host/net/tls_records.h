// TlsRecords: the record layer of a TLS 1.3 connection (RFC 8446 5, 4.6.3, 6): bytes in, events out.
//
// No sockets, no loop, no allocation; its whole state is a RecordState, which is plain bytes. The handshake
// is not its business: it begins with the two traffic secrets that a handshake ended with. It is the same for
// both ends, so that the tests can be the other one.
//
// 1. A sequence number is used once: it advances before the record is sealed, and after any failure the
//    caller seals nothing but the alert and closes. A count that would wrap fails.
// 2. Nothing of a record is looked at before its tag was found to be right, except type and length.
// 3. What a peer can make us do without sending data is bounded: records in a row, KeyUpdates a second.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "net/tls_suite.h"

namespace hotline {

enum class TlsAlert : std::uint8_t {  // RFC 8446 6.
  close_notify = 0,
  unexpected_message = 10,
  bad_record_mac = 20,
  record_overflow = 22,
  illegal_parameter = 47,
  decode_error = 50,
  internal_error = 80,
  user_canceled = 90,
};

constexpr std::size_t record_header_bytes = 5;
constexpr std::size_t record_plain_max = 16384;                    // RFC 8446 5.1.
constexpr std::size_t record_sealed_max = record_plain_max + 256;  // RFC 8446 5.2.
constexpr std::size_t record_overhead = record_header_bytes + 1 + tls_tag_bytes;
constexpr std::size_t alert_record_bytes = record_overhead + 2;
constexpr std::size_t key_update_bytes = 5;

constexpr std::uint8_t records_without_data_max = 32;  // In a row.
constexpr std::uint8_t key_updates_per_second_max = 32;
// RFC 8446 5.5 has 2^24.5 for AES-GCM. Then our own KeyUpdate.
constexpr std::uint64_t records_per_key_max = std::uint64_t{1} << 24;

// Everything that is kept of a connection between two records.
struct RecordState {
  struct Half {
    std::uint64_t sequence;  // Of the next record.
    unsigned char secret[tls_secret_bytes_max];
    unsigned char key[tls_key_bytes_max];
    unsigned char iv[tls_iv_bytes];
  };
  Half in;
  Half out;
  std::uint32_t update_second;  // When the last KeyUpdate came,
  std::uint8_t updates_in_second;
  std::uint8_t records_without_data;
  std::uint16_t plain_max;  // Of one record: max_fragment_length (RFC 6066 4), else record_plain_max.
  TlsSuite suite;
  bool owes_update;            // The peer asked for a KeyUpdate; it goes before the next data.
  std::uint8_t updates_asked;  // By us, and not answered yet.
  std::uint8_t piece_size;     // A KeyUpdate that came in pieces.
  unsigned char piece[key_update_bytes];
};
static_assert(sizeof(RecordState) <= 240);

// What a record was.
struct RecordEvent {
  enum class Kind {
    data,        // `size` bytes of it.
    nothing,     // Nothing for the application.
    closed,      // close_notify.
    peer_alert,  // The peer gave up: `alert`.
    broken,      // Send `alert` and close. What was written of the plaintext must not be looked at.
  };
  Kind kind;
  std::size_t size = 0;
  TlsAlert alert = TlsAlert::close_notify;
  std::string_view reason = {};
};

class TlsRecords {
 public:
  TlsRecords(RecordState& state, Clock& clock) : state_(state), clock_(clock) {}

  // Derives keys from the secrets that are in the state, and starts counting at 0. False: OpenSSL could not.
  bool begin(TlsSuite suite, std::size_t plain_max);

  // How long the record is whose header `input` begins with, header included; 0: too little to say.
  static std::size_t record_bytes(std::string_view input);
  // Why a record with this header is refused whatever it holds. Kind `nothing`: it is not.
  static RecordEvent judge_header(std::string_view header);

  // Opens one whole record. `plain` has room for all of it but header and tag.
  RecordEvent open(std::string_view record, unsigned char* plain);

  // How many bytes seal() will write for so much plaintext.
  std::size_t sealed_bytes(std::size_t plain_bytes) const;
  // Seals `plain`, before it the KeyUpdate that is due if any. False: send nothing of it, and close.
  bool seal(std::string_view plain, unsigned char* out);
  // Writes alert_record_bytes.
  bool seal_alert(TlsAlert alert, unsigned char* out);
  // Seals a KeyUpdate and changes our key. Writes record_overhead + key_update_bytes.
  bool seal_key_update(bool asks_for_theirs, unsigned char* out);

  // Whether `record`, which somebody else sealed with our key, is number `out.sequence`. Then that is used
  // up. `scratch` has room for it.
  bool count_sealed(std::string_view record, unsigned char* scratch);

 private:
  enum class Type : std::uint8_t { alert = 21, handshake = 22, application_data = 23 };

  bool derive(RecordState::Half& half) const;
  bool advance(RecordState::Half& half) const;
  bool open_with(const RecordState::Half& half, std::string_view record, unsigned char* plain) const;
  bool seal_record(Type type, std::string_view content, unsigned char* out);
  RecordEvent on_data(std::size_t size);
  RecordEvent on_alert(std::span<const unsigned char> content);
  RecordEvent on_handshake(std::span<const unsigned char> content);
  RecordEvent on_key_update();
  bool counts_update();
  RecordEvent without_data();

  RecordState& state_;
  Clock& clock_;
};

}  // namespace hotline

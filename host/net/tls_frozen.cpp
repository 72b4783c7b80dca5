#include "net/tls_frozen.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

namespace hotline {
namespace {

constexpr std::string_view magic = "HLTS";
constexpr std::uint8_t flag_owes_update = 1;
constexpr std::uint8_t flag_resumed = 2;
constexpr std::size_t text_max = 255;

class Writer {
 public:
  // Reserved at once: a string that grows leaves secrets behind in what it grew out of.
  explicit Writer(std::size_t size_max) { out_.reserve(size_max); }
  void number(std::uint64_t value, int bytes) {
    for (int i = bytes; i-- > 0;) out_.push_back(static_cast<char>(value >> (8 * i)));
  }
  void bytes(const unsigned char* data, std::size_t size) {
    out_.append(reinterpret_cast<const char*>(data), size);
  }
  void text(std::string_view text, int size_bytes) {
    number(text.size(), size_bytes);
    out_.append(text);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what is there; asked for more, it gives zeros and remembers.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    for (const char byte : cut(static_cast<std::size_t>(bytes)))
      value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  void bytes(unsigned char* out, std::size_t size) {
    const std::string_view from = cut(size);
    std::copy(from.begin(), from.end(), out);
  }
  std::string_view text(int size_bytes, std::size_t size_max) {
    const std::size_t size = number(size_bytes);
    if (size > size_max) was_short_ = true;
    return was_short_ ? std::string_view() : cut(size);
  }
  bool is_whole() const { return !was_short_ && in_.empty(); }

 private:
  std::string_view cut(std::size_t size) {
    if (size > in_.size()) was_short_ = true;
    if (was_short_) return {};
    const std::string_view piece = in_.substr(0, size);
    in_.remove_prefix(size);
    return piece;
  }
  std::string_view in_;
  bool was_short_ = false;
};

void write_half(Writer& writer, const RecordState::Half& half, TlsSuite suite) {
  writer.number(half.sequence, 8);
  writer.bytes(half.secret, secret_bytes(suite));
  writer.bytes(half.key, key_bytes(suite));
  writer.bytes(half.iv, sizeof half.iv);
}

void read_half(Reader& reader, RecordState::Half& half, TlsSuite suite) {
  half.sequence = reader.number(8);
  reader.bytes(half.secret, secret_bytes(suite));
  reader.bytes(half.key, key_bytes(suite));
  reader.bytes(half.iv, sizeof half.iv);
}

bool is_plain_max(std::size_t size) {
  return size == 512 || size == 1024 || size == 2048 || size == 4096 || size == record_plain_max;
}

}  // namespace

FrozenTls::~FrozenTls() {
  OPENSSL_cleanse(&records, sizeof records);
  OPENSSL_cleanse(agreed.channel_binding.data(), agreed.channel_binding.size());
}

std::string freeze_tls(const RecordState& records, const OwnRecordsTls::Agreed& agreed,
                       std::string_view partial) {
  const std::string_view alpn = std::string_view(agreed.alpn).substr(0, text_max);
  const std::string_view sni = std::string_view(agreed.sni).substr(0, text_max);
  Writer writer(sizeof records + sizeof agreed + alpn.size() + sni.size() + partial.size() + 32);
  for (const char letter : magic) writer.number(static_cast<unsigned char>(letter), 1);
  writer.number(tls_frozen_version, 1);
  writer.number(static_cast<std::uint8_t>(records.suite), 1);
  writer.number((records.owes_update ? flag_owes_update : 0) | (agreed.is_resumed ? flag_resumed : 0), 1);
  write_half(writer, records.in, records.suite);
  write_half(writer, records.out, records.suite);
  writer.number(records.records_without_data, 1);
  writer.number(records.plain_max, 2);
  writer.text({reinterpret_cast<const char*>(records.piece), records.piece_size}, 1);
  writer.bytes(agreed.channel_binding.data(), agreed.channel_binding.size());
  writer.text(alpn, 1);
  writer.text(sni, 1);
  writer.text(partial, 2);
  return writer.take();
}

Result<void> thaw_tls(std::string_view frozen, FrozenTls& thawed) {
  if (frozen.size() < 7 || !frozen.starts_with(magic))
    return Error{"these bytes are not the state of a TLS connection"};
  Reader reader(frozen.substr(magic.size()));
  const std::uint64_t version = reader.number(1);
  if (version != tls_frozen_version) {
    return Error{"the state of a TLS connection is in format " + std::to_string(version) +
                 ", and this host reads format " + std::to_string(tls_frozen_version) +
                 ": close the connection, and the client comes back with its session ticket"};
  }
  const Error damaged{"the state of a TLS connection is damaged: close the connection"};
  const auto suite = tls_suite(0x1300 + static_cast<std::uint32_t>(reader.number(1)));
  const std::uint64_t flags = reader.number(1);
  if (!suite || flags > (flag_owes_update | flag_resumed)) return damaged;
  RecordState& records = thawed.records;
  records.suite = *suite;
  records.owes_update = (flags & flag_owes_update) != 0;
  thawed.agreed.is_resumed = (flags & flag_resumed) != 0;
  read_half(reader, records.in, *suite);
  read_half(reader, records.out, *suite);
  records.records_without_data = static_cast<std::uint8_t>(reader.number(1));
  records.plain_max = static_cast<std::uint16_t>(reader.number(2));
  const std::string_view piece = reader.text(1, key_update_bytes - 1);
  records.piece_size = static_cast<std::uint8_t>(piece.size());
  std::copy(piece.begin(), piece.end(), records.piece);
  reader.bytes(thawed.agreed.channel_binding.data(), thawed.agreed.channel_binding.size());
  thawed.agreed.alpn = reader.text(1, text_max);
  thawed.agreed.sni = reader.text(1, text_max);
  thawed.partial = reader.text(2, record_header_bytes + record_sealed_max);
  const std::size_t whole = TlsRecords::record_bytes(thawed.partial);  // 0: not even its header has come.
  const bool is_partial = whole == 0 || thawed.partial.size() < whole;
  static constexpr unsigned char update_begins[] = {24, 0, 0, 1};
  const bool is_right = reader.is_whole() && is_partial && is_plain_max(records.plain_max) &&
                        records.records_without_data <= records_without_data_max &&
                        std::memcmp(records.piece, update_begins, records.piece_size) == 0;
  if (!is_right) return damaged;
  return {};
}

}  // namespace hotline

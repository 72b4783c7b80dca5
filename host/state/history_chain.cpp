#include "state/history_chain.h"

#include <openssl/evp.h>

#include <array>

#include "base/check.h"
#include "base/hex.h"

namespace hotline {
namespace {

void append_number(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
}

void append_text(std::string& out, std::string_view text) {
  append_number(out, text.size());
  out += text;
}

}  // namespace

std::string history_chain(std::string_view previous, const HistoryRecord& record) {
  std::string canonical;
  append_text(canonical, previous);
  append_number(canonical, record.number);
  append_number(canonical, record.wall_ms);
  append_text(canonical, record.kind);
  append_text(canonical, record.json);

  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  check(EVP_Digest(canonical.data(), canonical.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
        "SHA-256 is there");
  return to_hex({digest.data(), size});
}

std::optional<std::uint64_t> first_broken_link(const std::vector<HistoryRecord>& records) {
  for (std::size_t at = 0; at < records.size(); ++at) {
    const HistoryRecord& record = records[at];
    if (at == 0 && record.number != 1) continue;
    if (at > 0 && record.number != records[at - 1].number + 1) return record.number;
    if (record.chain != history_chain(at == 0 ? std::string_view() : records[at - 1].chain, record))
      return record.number;
  }
  return std::nullopt;
}

}  // namespace hotline

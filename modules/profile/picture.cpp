#include "picture.h"

#include <algorithm>
#include <array>

#include "session/base64.h"
#include "session/hex.h"

namespace hotline::profile {

namespace {

constexpr std::array<std::string_view, 4> picture_types = {"image/png", "image/jpeg", "image/gif",
                                                           "image/webp"};
constexpr std::uint8_t no_digit = 64;

constexpr std::array<std::uint8_t, 256> digit_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::size_t i = 0; i < session::base64_alphabet.size(); ++i)
    values[static_cast<unsigned char>(session::base64_alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}

// Line feeds must be taken (XEP-0084 4.1), so all white space is.
std::string without_space(std::string_view text) {
  std::string digits;
  digits.reserve(text.size());
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
               [](char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; });
  return digits;
}

// session's decoder looks each digit up in the alphabet, which is nothing for a password and milliseconds for
// a picture.
std::optional<std::string> decode(std::string_view digits) {
  static constexpr std::array<std::uint8_t, 256> values = digit_values();
  if (digits.empty() || digits.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = digits.ends_with("==") ? 2 : digits.ends_with("=") ? 1 : 0;
  std::string bytes;
  bytes.reserve(digits.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    const bool is_padding = at >= digits.size() - padding;
    const std::uint8_t value = is_padding ? 0 : values[static_cast<unsigned char>(digits[at])];
    if (value == no_digit) return std::nullopt;
    group = group << 6 | value;
    if (at % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) bytes.append(1, static_cast<char>(group >> shift));
    group = 0;
  }
  // Bits behind the padding must be zero: one text for one picture.
  for (std::size_t i = 0; i < padding; ++i) {
    if (bytes.back() != '\0') return std::nullopt;
    bytes.pop_back();
  }
  return bytes;
}

std::string_view type_by_content(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return picture_types[0];
  if (bytes.starts_with("\xff\xd8\xff")) return picture_types[1];
  if (bytes.starts_with("GIF8")) return picture_types[2];
  if (bytes.starts_with("RIFF") && bytes.substr(std::min<std::size_t>(8, bytes.size())).starts_with("WEBP"))
    return picture_types[3];
  return {};
}

}  // namespace

std::optional<Picture> Picture::read(const sdk::Crypto& crypto, std::string_view text,
                                     std::string_view type) {
  if (type == "image/jpg") type = "image/jpeg";  // No type at all, and what many programs say.
  Picture picture;
  picture.base64 = without_space(text);
  if (picture.base64.size() > (bytes_max + 2) / 3 * 4) return std::nullopt;
  const std::optional<std::string> bytes = decode(picture.base64);
  if (!bytes || bytes->size() > bytes_max) return std::nullopt;
  if (type.empty()) type = type_by_content(*bytes);
  if (std::find(picture_types.begin(), picture_types.end(), type) == picture_types.end()) return std::nullopt;
  picture.type = type;
  picture.hash = session::hex_encode(crypto.digest(sdk::Digest::sha1, *bytes));
  picture.bytes = bytes->size();
  return picture;
}

}  // namespace hotline::profile

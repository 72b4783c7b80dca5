// Picture: an image as it comes in XML, Base64 (RFC 4648 4) in text, and what may be said of it in another
// place. Nothing of the image itself is read but its first bytes, where nobody says what it is.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::profile {

struct Picture {
  static constexpr std::size_t bytes_max = 65'536;  // XEP-0153 4.4 asks clients for 8 KiB.

  std::string base64;  // Without white space.
  std::string type;    // image/png, image/jpeg, image/gif or image/webp.
  std::string hash;    // SHA-1 in lower-case hexadecimal digits.
  std::size_t bytes = 0;

  // `type` absent or empty: the image says what it is. Nothing for what is no Base64, is empty, larger than
  // bytes_max, or of another type.
  static std::optional<Picture> read(const sdk::Crypto& crypto, std::string_view text, std::string_view type);
};

}  // namespace hotline::profile

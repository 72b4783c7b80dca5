// What peers send over HTTP, read: Range and Content-Range (RFC 9110 14), media types, paths. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::media_link {

// What is asked of a file of `size` bytes.
struct AskedRange {
  enum class Kind { whole, part, outside };
  Kind kind = Kind::whole;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
// "bytes=N-M", "bytes=N-", "bytes=-N"; what cannot be read, and several at once, is the whole file (14.2).
AskedRange asked_range(std::string_view range, std::uint64_t size);

// "bytes N-M/SIZE" of a request: the rest of an upload; "bytes */SIZE": how much is there?
struct SentRange {
  bool is_question = false;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t size = 0;
};
std::optional<SentRange> sent_range(std::string_view content_range);

// The secret of "/media/SECRET/NAME"; empty: it is another path.
std::string_view secret_of(std::string_view path);

// "Image/PNG; q=1" is "image/png"; nothing for what is no type.
std::optional<std::string> media_type(std::string_view text);
// Of those a browser shows and none that it runs.
bool is_shown_inline(std::string_view type);

}  // namespace hotline::media_link

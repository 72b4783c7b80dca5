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

// What "/media/SECRET/NAME" is of, or "/media/SECRET-NODE/NAME", which names the node that has it. An empty
// secret: it is another path.
struct FileLink {
  std::string_view secret, node;
};
FileLink link_of(std::string_view path);
// Up to 32 of a-z and 0-9.
bool is_node(std::string_view name);

// "Image/PNG; q=1" is "image/png"; nothing for what is no type.
std::optional<std::string> media_type(std::string_view text);
// Of those a browser shows and none that it runs.
bool is_shown_inline(std::string_view type);

}  // namespace hotline::media_link

// Lines out of a stream of bytes, each of a bounded length. One thread at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hotline {

class RpcLineReader {
 public:
  explicit RpcLineReader(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  void append(std::string_view bytes);
  // The next whole line without its end (\n or \r\n), valid until the next append(). None: more bytes are
  // needed, or the line is overlong, and from then on there is none any more.
  std::optional<std::string_view> next();
  bool is_overlong() const { return is_overlong_; }

 private:
  const std::size_t line_bytes_max_;
  std::string bytes_;
  std::size_t begin_ = 0;    // Of the line that comes next.
  std::size_t scanned_ = 0;  // Up to here there is no line end behind `begin_`.
  bool is_overlong_ = false;
};

}  // namespace hotline

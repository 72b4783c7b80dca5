// What the two processes of an upgrade say to each other, in bytes: numbers little-endian and of fixed width,
// texts behind their size.
//
// A reader never goes beyond what is there: asked for more it gives zeros and remembers, so that one question
// at the end, is_whole(), covers all of a body. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hotline {

class WireWriter {
 public:
  template <typename Number>
  WireWriter& number(Number value) {
    auto left = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < sizeof(Number); ++i, left >>= 8)
      out_.push_back(static_cast<char>(left & 0xff));
    return *this;
  }
  WireWriter& text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
    return *this;
  }
  // Without a size: the rest of the body.
  WireWriter& rest(std::string_view bytes) {
    out_.append(bytes);
    return *this;
  }
  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class WireReader {
 public:
  explicit WireReader(std::string_view in) : in_(in) {}

  template <typename Number>
  Number number() {
    std::uint64_t value = 0;
    const std::string_view from = cut(sizeof(Number));
    for (std::size_t i = from.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(from[i]);
    return static_cast<Number>(value);
  }
  std::string_view text(std::size_t bytes_max = SIZE_MAX) {
    const auto size = number<std::uint32_t>();
    if (size > bytes_max) was_short_ = true;
    return cut(size);
  }
  std::string_view rest() { return cut(in_.size()); }
  // Of a list: no list is longer than its bytes could hold, so nobody reserves what is not there.
  std::uint32_t count(std::size_t item_bytes_min) {
    const auto count = number<std::uint32_t>();
    if (count > in_.size() / item_bytes_min) was_short_ = true;
    return was_short_ ? 0 : count;
  }

  bool has_more() const { return !was_short_ && !in_.empty(); }
  bool is_whole() const { return !was_short_ && in_.empty(); }  // All was there, and nothing is left.

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

}  // namespace hotline

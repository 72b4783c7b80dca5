// FieldWriter and FieldReader: a part's fields as bytes, and back.
//
// What a part is made of is said once, as a function that passes its fields to either: so what is written and
// what is read cannot differ. Numbers are little-endian and as wide as their type; texts and lists have their
// count in front (32 bits). A reader never allocates more than its input could hold, and reads zeros past its
// end: is_whole() says whether all was there, and nothing beyond.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/buffer.h"

namespace hotline {

class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  template <std::unsigned_integral T>
  void pass(const T& value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
      out_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
  void pass(const bool& value) { out_.push_back(value ? 1 : 0); }
  void pass(const std::int64_t& value) { pass(static_cast<std::uint64_t>(value)); }
  void pass(const std::string& text) { pass_text(text); }
  void pass(const Ref<const Buffer>& bytes) {
    pass(static_cast<bool>(bytes));
    if (bytes) pass_text(bytes->bytes());
  }
  template <typename T>
  void pass_list(const std::vector<T>& items) {
    pass(static_cast<std::uint32_t>(items.size()));
    for (const T& item : items) pass_item(item);
  }

 private:
  template <typename T>
  void pass_item(const T& item) {
    if constexpr (requires { pass(item); })
      pass(item);
    else
      pass_fields(*this, const_cast<T&>(item));
  }
  void pass_text(std::string_view text) {
    pass(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }

  std::string& out_;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view in) : in_(in) {}

  template <std::unsigned_integral T>
  void pass(T& value) {
    const std::string_view bytes = cut(sizeof(T));
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      all |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    value = static_cast<T>(all);
  }
  void pass(bool& value) {
    std::uint8_t byte = 0;
    pass(byte);
    if (byte > 1) is_wrong_ = true;
    value = byte == 1;
  }
  void pass(std::int64_t& value) {
    std::uint64_t bits = 0;
    pass(bits);
    value = static_cast<std::int64_t>(bits);
  }
  void pass(std::string& text) { text = cut_text(); }
  void pass(Ref<const Buffer>& bytes) {
    bool is_there = false;
    pass(is_there);
    bytes = is_there ? Buffer::copy(cut_text()) : Ref<const Buffer>();
  }
  template <typename T>
  void pass_list(std::vector<T>& items) {
    std::uint32_t count = 0;
    pass(count);
    items.clear();
    for (; count > 0 && !is_wrong_; --count) {
      if (in_.empty()) {
        is_wrong_ = true;  // Each has a byte at least.
        break;
      }
      pass_item(items.emplace_back());
    }
  }
  bool is_whole() const { return !is_wrong_ && in_.empty(); }

 private:
  template <typename T>
  void pass_item(T& item) {
    if constexpr (requires { pass(item); })
      pass(item);
    else
      pass_fields(*this, item);
  }
  std::string_view cut(std::size_t size) {
    if (size > in_.size()) is_wrong_ = true;
    if (is_wrong_) return {};
    const std::string_view piece = in_.substr(0, size);
    in_.remove_prefix(size);
    return piece;
  }
  std::string_view cut_text() {
    std::uint32_t size = 0;
    pass(size);
    return cut(size);
  }

  std::string_view in_;
  bool is_wrong_ = false;
};

}  // namespace hotline

// The little JSON that control commands need: members of a flat object, and writing strings.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::sdk {

namespace detail {

// A strict reader of one flat object; values that are objects or arrays make it invalid.
class FlatJson {
 public:
  explicit FlatJson(std::string_view json) : rest_(json) {}

  // The value of `key`: its text, with `is_string` saying of which kind it was.
  std::optional<std::string> find(std::string_view key, bool& is_string) {
    std::optional<std::string> found;
    if (!take('{')) return std::nullopt;
    if (take('}')) return std::nullopt;
    do {
      const std::optional<std::string> name = string();
      if (!name || !take(':')) return std::nullopt;
      skip_space();
      const bool quoted = !rest_.empty() && rest_.front() == '"';
      std::optional<std::string> value = quoted ? string() : bare_word();
      if (!value) return std::nullopt;
      if (*name == key && !found) {
        found = std::move(value);
        is_string = quoted;
      }
    } while (take(','));
    return take('}') ? found : std::nullopt;
  }

 private:
  void skip_space() {
    const std::size_t at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }
  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::string> bare_word() {
    const std::size_t size = rest_.find_first_not_of("+-.0123456789aeflnrstuE");
    if (size == 0) return std::nullopt;
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(word.size());
    return word;
  }
  std::optional<std::uint32_t> hex4() {
    std::uint32_t value = 0;
    if (rest_.size() < 4) return std::nullopt;
    if (std::from_chars(rest_.data(), rest_.data() + 4, value, 16).ptr != rest_.data() + 4)
      return std::nullopt;
    rest_.remove_prefix(4);
    return value;
  }
  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      if (c != '\\') {
        out.append(1, c);
      } else if (!escape(out)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }
  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
      case '"':
      case '\\':
      case '/': out.append(1, c); return true;
      case 'b': out.append(1, '\b'); return true;
      case 'f': out.append(1, '\f'); return true;
      case 'n': out.append(1, '\n'); return true;
      case 'r': out.append(1, '\r'); return true;
      case 't': out.append(1, '\t'); return true;
      case 'u': break;
      default: return false;
    }
    std::optional<std::uint32_t> unit = hex4();
    if (!unit) return false;
    std::uint32_t code = *unit;
    if (code >= 0xdc00 && code < 0xe000) return false;
    if (code >= 0xd800 && code < 0xdc00) {
      if (!rest_.starts_with("\\u")) return false;
      rest_.remove_prefix(2);
      unit = hex4();
      if (!unit || *unit < 0xdc00 || *unit > 0xdfff) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (*unit - 0xdc00);
    }
    append_utf8(out, code);
    return true;
  }
  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&](std::uint32_t bits) { out.append(1, static_cast<char>(bits)); };
    if (code < 0x80) {
      byte(code);
    } else if (code < 0x800) {
      byte(0xc0 | code >> 6), byte(0x80 | (code & 63));
    } else if (code < 0x10000) {
      byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63));
    } else {
      byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)),
          byte(0x80 | (code & 63));
    }
  }

  std::string_view rest_;
};

}  // namespace detail

// The string member `key` of the object; nothing when it is not there, not a string, or the text is
// not a flat object.
inline std::optional<std::string> json_string(std::string_view json, std::string_view key) {
  bool is_string = false;
  std::optional<std::string> value = detail::FlatJson(json).find(key, is_string);
  return is_string ? value : std::nullopt;
}

// The same for an integer.
inline std::optional<std::int64_t> json_number(std::string_view json, std::string_view key) {
  bool is_string = false;
  const std::optional<std::string> value = detail::FlatJson(json).find(key, is_string);
  if (!value || is_string) return std::nullopt;
  std::int64_t number = 0;
  const char* end = value->data() + value->size();
  const auto [at, error] = std::from_chars(value->data(), end, number);
  return error == std::errc{} && at == end ? std::optional(number) : std::nullopt;
}

// `text` as a JSON string, quotes included.
inline void append_json_string(std::string& out, std::string_view text) {
  out.append(1, '"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view digits = "0123456789abcdef";
      out.append("\\u00").append(1, digits[static_cast<unsigned char>(c) >> 4]).append(1, digits[c & 15]);
    } else {
      out.append(1, c);
    }
  }
  out.append(1, '"');
}

}  // namespace hotline::sdk

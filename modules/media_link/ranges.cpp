#include "ranges.h"

#include <algorithm>
#include <array>

#include "words.h"

namespace hotline::media_link {

namespace {

constexpr std::size_t node_bytes_max = 32;
constexpr std::size_t type_bytes_max = 127;  // RFC 6838 4.2, both parts.

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// RFC 6838 4.2: restricted-name.
bool is_restricted_name(std::string_view name) {
  constexpr std::string_view marks = "!#$&-^_.+";
  const auto is_letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
         });
}

}  // namespace

AskedRange asked_range(std::string_view range, std::uint64_t size) {
  const AskedRange whole{AskedRange::Kind::whole, 0, size};
  const AskedRange outside{AskedRange::Kind::outside, 0, 0};
  constexpr std::string_view unit = "bytes=";
  range = trimmed(range);
  if (!range.starts_with(unit)) return whole;
  range = trimmed(range.substr(unit.size()));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return whole;
  const std::string_view first = range.substr(0, dash), last = range.substr(dash + 1);
  if (first.empty()) {
    const auto count = number_of(last);
    if (!count) return whole;
    if (*count == 0 || size == 0) return outside;
    const std::uint64_t length = std::min(*count, size);
    return {AskedRange::Kind::part, size - length, length};
  }
  const auto from = number_of(first);
  const auto to = last.empty() ? std::optional(UINT64_MAX) : number_of(last);
  if (!from || !to || *to < *from) return whole;
  if (*from >= size) return outside;
  return {AskedRange::Kind::part, *from, std::min(*to, size - 1) - *from + 1};
}

std::optional<SentRange> sent_range(std::string_view content_range) {
  constexpr std::string_view unit = "bytes ";
  if (!content_range.starts_with(unit)) return std::nullopt;
  content_range.remove_prefix(unit.size());
  const std::size_t slash = content_range.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto size = number_of(content_range.substr(slash + 1));
  const std::string_view range = content_range.substr(0, slash);
  if (!size) return std::nullopt;
  if (range == "*") return SentRange{true, 0, 0, *size};
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto from = number_of(range.substr(0, dash)), to = number_of(range.substr(dash + 1));
  if (!from || !to || *to < *from || *to >= *size) return std::nullopt;
  return SentRange{false, *from, *to - *from + 1, *size};
}

bool is_node(std::string_view name) {
  return !name.empty() && name.size() <= node_bytes_max &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
}

FileLink link_of(std::string_view path) {
  if (!path.starts_with(path_prefix)) return {};
  path.remove_prefix(path_prefix.size());
  const std::string_view key = path.substr(0, path.find('/'));
  const std::string_view name = path.substr(std::min(path.size(), key.size() + 1));
  if (name.empty() || name.find('/') != std::string_view::npos) return {};
  const std::string_view secret = key.substr(0, token_digits);
  if (secret.size() < token_digits || secret.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return {};
  if (key.size() == token_digits) return {secret, {}};
  const std::string_view node = key.substr(token_digits + 1);
  return key[token_digits] == '-' && is_node(node) ? FileLink{secret, node} : FileLink{};
}

std::optional<std::string> media_type(std::string_view text) {
  text = trimmed(text.substr(0, text.find(';')));
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.size() > type_bytes_max) return std::nullopt;
  std::string type(text);
  for (char& c : type) c = lower(c);
  const std::string_view whole = type;
  if (!is_restricted_name(whole.substr(0, slash)) || !is_restricted_name(whole.substr(slash + 1)))
    return std::nullopt;
  return type;
}

bool is_shown_inline(std::string_view type) {
  // SVG is a program, and so are HTML and PDF; of the rest a browser only makes pictures and sound.
  constexpr std::array<std::string_view, 6> pictures = {"image/avif", "image/gif",  "image/jpeg",
                                                        "image/png",  "image/webp", "image/heic"};
  return std::find(pictures.begin(), pictures.end(), type) != pictures.end() || type.starts_with("audio/") ||
         type.starts_with("video/");
}

}  // namespace hotline::media_link

// The words of this module: addresses, topics, and fields that travel between homes.
#pragma once

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hotline::media_link {

constexpr std::string_view ns_upload = "urn:xmpp:http:upload:0";
constexpr std::string_view path_prefix = "/media/";
constexpr std::size_t token_bytes = 20;  // 160 random bits.
constexpr std::size_t token_digits = 2 * token_bytes;
constexpr std::size_t folder_digits = 4;
constexpr std::size_t digest_digits = 64;

// A topic's number never changes its meaning.
namespace topic {
constexpr std::uint32_t slot_wanted = 1;      // To a folder's home: make the slot's row.
constexpr std::uint32_t slot_made = 2;        // To the owner's: answer.
constexpr std::uint32_t put = 3;              // To a folder's: a PUT's head.
constexpr std::uint32_t get = 4;              // To a folder's: a GET.
constexpr std::uint32_t stored = 5;           // To the owner's: it is whole.
constexpr std::uint32_t forget = 6;           // To a folder's: its owner is gone.
constexpr std::uint32_t account_removed = 7;  // From registration.
constexpr std::uint32_t referenced =
    8;                                 // From routing and groups: a message that is kept has a link (link.h).
constexpr std::uint32_t hold = 9;      // To a folder's: it is needed by an account.
constexpr std::uint32_t held = 10;     // To the recipient's: noted.
constexpr std::uint32_t release = 11;  // To a folder's: no longer.
constexpr std::uint32_t released = 12;          // To the recipient's: noted.
constexpr std::uint32_t get_for_model = 13;     // To a folder's: a GET by a client model of the policy.
constexpr std::uint32_t variant = 14;           // To a variant's folder: it is wanted.
constexpr std::uint32_t variant_made = 15;      // To a file's folder: it has that variant.
constexpr std::uint32_t variant_unneeded = 16;  // To a variant's: that file is gone.
constexpr std::uint32_t variant_gone = 17;      // To a file's: that variant is.
}  // namespace topic

// The account at whose home the rows of a folder's files are.
inline std::string folder_account(std::string_view name) {
  return std::string(name.substr(0, folder_digits)) + "@media.invalid";
}

// A number and nothing else.
inline std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Words of a post or a row: without spaces, none of them empty ("-" stands for nothing).
inline std::string join_words(std::initializer_list<std::string_view> words) {
  std::string text;
  for (const std::string_view word : words)
    text.append(text.empty() ? "" : " ").append(word.empty() ? "-" : word);
  return text;
}

inline std::string in_digits(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return text;
}

// Nothing unless it is exactly that many.
inline std::optional<std::vector<std::string_view>> split_words(std::string_view text, std::size_t count) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t space = text.find(' ');
    if (text.empty() || space == 0 || words.size() == count) return std::nullopt;
    words.push_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  if (words.size() != count) return std::nullopt;
  return words;
}

}  // namespace hotline::media_link

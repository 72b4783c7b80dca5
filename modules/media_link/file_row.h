// A row of table "media_files" (schema 1), keyed by a file's name at its folder's account.
//
//     s SIZE EXPIRES_MS LAST_MS OWNER TYPE    a slot: nothing has come yet
//     u SIZE EXPIRES_MS LAST_MS OWNER TYPE    somebody has begun to put it there
//     c SIZE EXPIRES_MS LAST_MS SHA256 TYPE   whole, of bytes that were here: its owner has not put it yet
//     w SIZE EXPIRES_MS LAST_MS SHA256 TYPE   whole: nobody is its owner any more
//
// LAST_MS is when a whole file goes at the latest; it expires before that when all who were sent it have it.
//
// The name is the beginning of the SHA-256 of what the URL has as its secret, so whoever reads rows or
// directories learns no URL, and how long a look-up takes tells nobody anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "words.h"

namespace hotline::media_link {

struct FileRow {
  enum class State : char { slot = 's', begun = 'u', copied = 'c', whole = 'w' };
  State state = State::slot;
  std::uint64_t size = 0;
  std::uint64_t expires_ms = 0;
  std::uint64_t last_ms = 0;
  std::string detail;  // The owner's bare address, or the SHA-256 in digits.
  std::string type;    // "image/png"

  std::string encode() const {
    return join_words({std::string(1, static_cast<char>(state)), std::to_string(size),
                       std::to_string(expires_ms), std::to_string(last_ms), detail, type});
  }
  bool is_whole() const { return state == State::whole || state == State::copied; }
  void become_whole(State as, std::string_view digest, std::uint64_t until_ms) {
    state = as;
    detail = digest;
    expires_ms = last_ms = until_ms;
  }
  static std::optional<FileRow> decode(std::string_view bytes) {
    const auto words = split_words(bytes, 6);
    if (!words || (*words)[0].size() != 1 || std::string_view("sucw").find((*words)[0]) > 3)
      return std::nullopt;
    const auto size = number_of((*words)[1]), expires_ms = number_of((*words)[2]);
    const auto last_ms = number_of((*words)[3]);
    if (!size || !expires_ms || !last_ms) return std::nullopt;
    return FileRow{static_cast<State>((*words)[0][0]),
                   *size,
                   *expires_ms,
                   *last_ms,
                   std::string((*words)[4]),
                   std::string((*words)[5])};
  }
};

}  // namespace hotline::media_link

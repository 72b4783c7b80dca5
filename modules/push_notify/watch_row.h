// A row of the volatile table "push_watch", schema 1 (key: none): what push_notify knows of an account with
// devices for which something has waited. An account without a row has nothing to wait for.
//
//     w [OLDEST COUNT TOLD_MS]   a timer runs: nobody has to say that more has come
//     t OLDEST COUNT TOLD_MS     its devices were told of COUNT entries, of which OLDEST was the oldest
//
// Volatile, because so are timers: a row that says that one runs must not outlive it.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::push_notify {

constexpr std::string_view watch_table = "push_watch";

struct Told {
  std::uint64_t oldest = 0;
  std::uint64_t count = 0;
  std::uint64_t at_ms = 0;
};

struct WatchRow {
  bool has_timer = false;
  std::optional<Told> told;

  static constexpr char with_timer = 'w';
  static constexpr char without_timer = 't';

  std::string encode() const {
    std::string out(1, has_timer ? with_timer : without_timer);
    if (told)
      for (const std::uint64_t number : {told->oldest, told->count, told->at_ms})
        out.append(1, ' ').append(std::to_string(number));
    return out;
  }
  static std::optional<WatchRow> decode(std::string_view text) {
    if (text.empty() || (text.front() != with_timer && text.front() != without_timer)) return std::nullopt;
    WatchRow row{text.front() == with_timer, std::nullopt};
    text.remove_prefix(1);
    if (text.empty()) return row;
    Told told;
    for (std::uint64_t* number : {&told.oldest, &told.count, &told.at_ms}) {
      if (text.empty() || text.front() != ' ') return std::nullopt;
      text.remove_prefix(1);
      const auto read = std::from_chars(text.data(), text.data() + text.size(), *number);
      if (read.ec != std::errc{}) return std::nullopt;
      text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    }
    if (!text.empty()) return std::nullopt;
    row.told = told;
    return row;
  }
};

}  // namespace hotline::push_notify

// A row of the durable table "archive": one message of an account's archive.
//
//     key          its id (moment.h)
//     schema 1     PEER '\n' the message as it came, with its own `from` and `to`
//     schema 2     'e' for one that is encrypted end to end, else '-', ' ', and then the same
//
// PEER is whom it was from or to, a prepared address. Schema 2 is what the next version writes, for trying
// out a push that converts rows; nothing reads its mark yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::archive {

constexpr std::string_view archive_table = "archive";

struct ArchivedRow {
  std::string_view peer;
  std::string_view message;

  std::string encode() const;
  // Views into `row`. Nothing for what is no row of the schema this version writes.
  static std::optional<ArchivedRow> decode(std::string_view row);
  // Up and down. A row that was cut is refused.
  static std::optional<std::string> convert(std::uint32_t from, std::uint32_t to, std::string_view row);
};

}  // namespace hotline::archive

// History: what the archives of this home's accounts hold, within bounds: of one account as many messages, as
// many bytes, and for as many days as the configuration says. The oldest go first, so that there are no gaps
// (XEP-0313 3.2).
//
//     table "archive"         durable     archived_row.h
//     table "archive_state"   volatile, schema 1   key: "bytes"   value: how many the account's rows have.
//     Counted anew when it is missing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "archived_row.h"
#include "moment.h"

namespace hotline::archive {

constexpr std::string_view state_table = "archive_state";

struct Kept {
  std::string_view id;
  std::string_view peer;
  std::string_view message;
};

class History {
 public:
  explicit History(const hl_host* host);

  void put(std::string_view account, std::string_view id, std::string_view peer,
           std::string_view message) const;
  bool has(std::string_view account, std::string_view id) const;
  // Calls `each(kept)`, oldest first, for what lies behind `after` and before `before` (empty: to the end)
  // and is not too old, until it answers false. Views are valid until the event ends.
  template <typename Each>
  void walk(std::string_view account, std::string_view after, std::string_view before, Each each) const {
    const std::string oldest = moment_text(oldest_us());
    for (auto row = rows_.next(account, std::max<std::string_view>(after, oldest));
         row && (before.empty() || row->key < before); row = rows_.next(account, row->key)) {
      const std::optional<ArchivedRow> archived = ArchivedRow::decode(row->value);
      if (archived && !each(Kept{row->key, archived->peer, archived->message})) return;
    }
  }
  // Takes up to `most` rows that are too old or too many; how many there were.
  std::size_t trim(std::string_view account, std::size_t most) const;
  void erase_all(std::string_view account) const;
  const sdk::Table& rows() const { return rows_; }

 private:
  // Erases the oldest rows until `fresh_bytes` more fit, and in any case what is too old.
  std::size_t make_room(std::string_view account, std::uint64_t fresh_bytes, std::size_t most) const;
  std::uint64_t bytes(std::string_view account) const;
  void set_bytes(std::string_view account, std::uint64_t bytes) const;
  std::uint64_t oldest_us() const;
  std::uint64_t messages_max() const;
  std::uint64_t bytes_max() const;

  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Table rows_;
  sdk::Table state_;
  sdk::Counter kept_, refused_, dropped_;
};

}  // namespace hotline::archive

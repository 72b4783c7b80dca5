// Rows: the rows of a shard's accounts as their modules read them: counted, converted on first touch, and
// parked where no code that is loaded can convert them.
//
// A row is converted where its module does not read its schema; the same rule for whoever comes first, a call
// (capabilities/table) or the sweep (row_sweep).
//
// Invariants
// 1. A conversion is whole: the converted row takes the place of the other, in memory and on its way to the
//    disk, or nothing happens.
// 2. It is not part of a call's transaction: it changes how a row is written down, not what it says. A call
//    that fails leaves it converted. A call in a shadow run does not: what its candidate needs converted is
//    so for that call alone, and never written.
// 3. A parked row stays as it is, in memory and on disk, until a live set comes whose code converts it: it is
//    tried once in each.
//
// Threads: its shard's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/calls.h"
#include "hotline/status.h"
#include "state/account.h"
#include "state/row_census.h"
#include "state/store.h"

namespace hotline {

class Shard;

class Rows {
 public:
  // What one table holds here. `schemas` without those of no rows.
  struct Figures {
    std::uint32_t table = 0;
    std::vector<RowCensus::Count> schemas;
    std::uint64_t unread = 0;  // In a schema that its module does not read, parked ones among them.
    std::uint64_t parked = 0;
  };
  struct Parked {
    std::uint32_t table = 0;
    std::uint32_t schema = 0;
    std::string account, key, why;
  };

  explicit Rows(Shard& shard) : shard_(shard) {}

  // Before the shard runs.
  void load(StoredRow row, std::uint32_t table);

  // Converts the row where its module does not read it. HL_E_PARKED: it cannot be converted.
  hl_status make_readable(const RowReader& reader, std::uint32_t table, std::string_view account,
                          std::string_view key, Row& row) {
    return reader.reads(row.schema) ? HL_OK : convert(reader, table, account, key, row);
  }
  // What changes that row to `other` (unset: no row) and, run again, back to what it was then: for
  // Transaction::exchange_by.
  std::function<void()> exchange(std::uint32_t table, std::string_view account, std::string_view key,
                                 std::optional<Row> other);
  // A row was put (before: NULL), replaced, or erased (after: NULL).
  void changed(std::uint32_t table, const Row* before, const Row* after);

  bool is_parked(const Row& row) const;

  // Of a table that a live module owns; those no module reads wait for one that does.
  Figures figures(std::uint32_t table);
  // Those that are still parked, the first of each live set.
  std::vector<Parked> parked();
  static constexpr std::size_t parked_shown_max = 1'000;

  std::uint64_t converted() const { return converted_; }
  // Of these, how many wait for the disk: those of durable tables.
  std::uint64_t written() const { return written_; }

 private:
  hl_status convert(const RowReader& reader, std::uint32_t table, std::string_view account,
                    std::string_view key, Row& row);
  hl_status convert_for_shadow(const RowReader& reader, std::uint32_t table, std::string_view account,
                               std::string_view key, Row& row);
  void follow();

  Shard& shard_;
  RowCensus census_;
  std::uint32_t live_set_ = 0;             // The one that the three below are of.
  std::vector<std::uint64_t> parked_now_;  // By table number.
  std::vector<Parked> parked_first_;
  std::uint64_t logged_ = 0;
  std::uint64_t converted_ = 0, written_ = 0;
};

}  // namespace hotline

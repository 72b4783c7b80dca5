// RowSweep: after a push or a rollback, converts the rows that nobody touches, a slice a turn.
//
//     live set changed -> count what is unread -> [slice | turn | slice | turn ...] -> on disk -> told
//
// Nothing is converted at the barrier, so its pause does not depend on the number of rows. A slice ends when
// its time is over, when others have sent something to this shard, or when as many rows wait for the disk as
// may. A new live set, or a restart, begins it anew: what is converted already is passed over.
//
// It is told when no row is left that only a generation which is not live can read, in memory or on disk:
// before that none of those is retired.
//
// Threads: its shard's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "state/accounts.h"

namespace hotline {

class Shard;

class RowSweep {
 public:
  // A table that is being converted.
  struct Progress {
    std::uint32_t table = 0;
    std::uint64_t whole = 0;  // Rows that were unread when it began.
    std::uint64_t left = 0;   // Of those: neither converted nor parked.
  };

  explicit RowSweep(Shard& shard) : shard_(shard) {}

  // One slice, at the end of a turn. True: there is more to do at once.
  bool run();
  // Of the tables that had something to convert when the live set changed.
  std::vector<Progress> progress() const;
  // Nothing is left to convert under the live set, in memory; the disk may be behind.
  bool is_done() const { return is_done_; }
  // Rows came from another shard: they may be where it has been already.
  void look_again();

 private:
  void begin();
  bool next_row();
  bool is_there_more_in(Account& account);
  std::uint64_t left() const;
  bool has_room_on_disk();
  void finish();

  Shard& shard_;
  std::uint32_t live_set_ = 0;
  bool is_done_ = true;
  std::vector<Progress> tables_;

  // Where it is.
  Accounts::Walk walk_;
  std::string account_;    // Empty: the next one is to be taken.
  std::size_t table_ = 0;  // A place in tables_.
  std::string key_;        // The row looked at last, of `table_`.
  bool is_in_table_ = false;
  std::uint64_t converted_before_ = 0;  // When the walk began: one that finds nothing is the last.

  std::uint64_t safe_ = 0;       // Of Rows::written(): on disk.
  std::uint64_t asked_for_ = 0;  // Of those: being waited for.
};

}  // namespace hotline

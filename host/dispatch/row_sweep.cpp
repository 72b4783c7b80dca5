#include "dispatch/row_sweep.h"

#include <algorithm>

#include "base/log.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {
constexpr std::uint32_t passed_per_look =
    64;  // Rows and accounts passed over between two looks at the clock.
}

void RowSweep::begin() {
  live_set_ = shard_.calls.live().number;
  tables_.clear();
  walk_ = {};
  account_.clear();
  is_done_ = false;
  converted_before_ = shard_.rows.converted();
  const ServingSet& live = *shard_.calls.live().current;
  for (std::uint32_t table = 0; table < live.tables.size(); ++table) {
    const Rows::Figures figures = shard_.rows.figures(table);
    if (figures.unread > 0) tables_.push_back({table, figures.unread, figures.unread});
  }
}

void RowSweep::look_again() {
  if (live_set_ != shard_.calls.live().number) return;  // It is to begin anyway.
  const ServingSet& live = *shard_.calls.live().current;
  for (std::uint32_t table = 0; table < live.tables.size(); ++table) {
    const Rows::Figures figures = shard_.rows.figures(table);
    if (figures.unread > figures.parked) return begin();
  }
}

std::vector<RowSweep::Progress> RowSweep::progress() const {
  std::vector<Progress> now = tables_;
  for (Progress& one : now) {
    const Rows::Figures figures = shard_.rows.figures(one.table);
    // What a candidate could not convert is parked, and may well be read by what is current.
    one.left = figures.unread - std::min(figures.unread, figures.parked);
  }
  return now;
}

std::uint64_t RowSweep::left() const {
  std::uint64_t all = 0;
  for (const Progress& one : progress()) all += one.left;
  return all;
}

bool RowSweep::has_room_on_disk() {
  const std::uint64_t waiting = shard_.rows.written() - safe_;
  if (waiting < shard_.world.limits.sweep_rows_max) return true;
  if (asked_for_ <= safe_) {
    asked_for_ = shard_.rows.written();
    shard_.window.wait([this, written = asked_for_] { safe_ = std::max(safe_, written); });
  }
  return false;
}

bool RowSweep::run() {
  // While a push is in canary nobody knows yet which schema is to stay: what is touched is converted, no
  // more.
  if (shard_.calls.live().candidate != nullptr) return false;
  if (live_set_ != shard_.calls.live().number) begin();
  if (is_done_) return false;
  const std::uint64_t until_us = shard_.now_us() + shard_.world.limits.sweep_slice_us;
  for (std::uint32_t rows = 0; rows < shard_.world.limits.sweep_rows_max; ++rows) {
    if (!has_room_on_disk()) return false;  // The store's word begins a turn.
    if (!next_row()) {
      finish();
      return !is_done_;
    }
    if (shard_.now_us() >= until_us || shard_.inbox().size() > 0) break;
  }
  return true;
}

// Converts or parks one row, or passes some over. False: the walk has come to its end, or nothing is left.
bool RowSweep::next_row() {
  if (tables_.empty()) return false;
  for (std::uint32_t passed = 0; passed < passed_per_look; ++passed) {
    Account* account = account_.empty() ? shard_.accounts.next(walk_) : shard_.accounts.find(account_);
    if (account == nullptr) {
      // It is gone; or a partition has ended: a good moment to ask whether anything is left at all.
      if (account_.empty() && (walk_.has_ended() || left() == 0)) return false;
      account_.clear();
      continue;
    }
    if (account_.empty()) {
      account_ = account->address;
      table_ = 0;
      is_in_table_ = false;
    }
    if (is_there_more_in(*account)) return true;
    account_.clear();
  }
  return true;
}

// Goes on in the account's rows. True: one was converted or parked, or enough were passed over for now.
bool RowSweep::is_there_more_in(Account& account) {
  std::uint32_t passed = 0;
  for (; table_ < tables_.size(); ++table_, is_in_table_ = false) {
    const std::uint32_t table = tables_[table_].table;
    const RowReader reader = shard_.calls.live().current->reader(table);
    TableRows* rows = account.rows.find(table);
    if (rows == nullptr) continue;
    for (auto at = is_in_table_ ? rows->upper_bound(key_) : rows->begin(); at != rows->end(); ++at) {
      const bool is_settled = reader.reads(at->second.schema) || shard_.rows.is_parked(at->second);
      if (is_settled && ++passed < passed_per_look) continue;
      is_in_table_ = true;
      key_ = at->first;
      if (!is_settled) shard_.rows.make_readable(reader, table, account.address, at->first, at->second);
      return true;
    }
  }
  return false;
}

// The end of a walk. Rows that it missed (accounts that moved while it stood) are for another one; one that
// found nothing at all is the last, whatever the census says.
void RowSweep::finish() {
  const std::uint64_t missed = left();
  if (missed > 0 && shard_.rows.converted() != converted_before_) {
    walk_ = {};
    account_.clear();
    converted_before_ = shard_.rows.converted();
    return;
  }
  if (missed > 0) log::error("sweep.missed", {{"shard", shard_.number}, {"rows", missed}});
  is_done_ = true;
  const auto tell = [this, live_set = live_set_] {
    if (shard_.world.rows_swept) shard_.world.rows_swept(shard_.number, live_set);
  };
  if (shard_.rows.written() == safe_) return tell();
  shard_.window.wait([this, written = shard_.rows.written(), tell] {
    safe_ = std::max(safe_, written);
    tell();
  });
}

}  // namespace hotline

#include "dispatch/rows.h"

#include "base/log.h"
#include "dispatch/row_conversion.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {
constexpr std::uint64_t logged_max = 10;  // Parked rows of one live set: the rest is counted.
}

void Rows::load(StoredRow row, std::uint32_t table) {
  census_.add(table, row.schema);
  shard_.accounts.get(row.account).rows.get(table)[std::move(row.key)] = {row.schema, 0,
                                                                          std::move(row.value)};
}

bool Rows::is_parked(const Row& row) const {
  return row.parked_in != 0 && row.parked_in == shard_.calls.live().number;
}

// What was parked under another live set is no longer: the new code may know better.
void Rows::follow() {
  const std::uint32_t now = shard_.calls.live().number;
  if (live_set_ == now) return;
  live_set_ = now;
  parked_now_.clear();
  parked_first_.clear();
  logged_ = 0;
}

hl_status Rows::convert(const RowReader& reader, std::uint32_t table, std::string_view account,
                        std::string_view key, Row& row) {
  if (shard_.calls.is_shadow()) [[unlikely]]
    return convert_for_shadow(reader, table, account, key, row);
  follow();
  if (is_parked(row)) return HL_E_PARKED;
  Result<Row> converted = convert_row(shard_.calls, reader, row);
  if (!converted) {
    row.parked_in = live_set_;
    if (parked_now_.size() <= table) parked_now_.resize(table + 1u);
    ++parked_now_[table];
    if (parked_first_.size() < parked_shown_max)
      parked_first_.push_back(
          {table, row.schema, std::string(account), std::string(key), converted.error().message});
    if (logged_++ < logged_max)
      log::warning("row.parked", {{"table", reader.claim->name},
                                  {"account", account},
                                  {"schema", row.schema},
                                  {"why", converted.error().message}});
    return HL_E_PARKED;
  }
  changed(table, &row, &*converted);
  row = std::move(*converted);
  ++converted_;
  if (reader.claim->is_durable) {
    ++written_;
    shard_.window.put_row(reader.claim->name, account, key, row.schema, row.value);
  }
  return HL_OK;
}

// Whether it is parked is of no interest: the candidate may know how to convert it.
hl_status Rows::convert_for_shadow(const RowReader& reader, std::uint32_t table, std::string_view account,
                                   std::string_view key, Row& row) {
  Result<Row> converted = convert_row(shard_.calls, reader, row);
  if (!converted) return HL_E_PARKED;
  shard_.calls.transaction().exchange_by(exchange(table, account, key, row));
  changed(table, &row, &*converted);
  row = std::move(*converted);
  return HL_OK;
}

std::function<void()> Rows::exchange(std::uint32_t table, std::string_view account, std::string_view key,
                                     std::optional<Row> other) {
  return
      [this, table, bare = std::string(account), name = std::string(key), its = std::move(other)]() mutable {
        TableRows& rows = shard_.accounts.get(bare).rows.get(table);
        const auto found = rows.find(name);
        std::optional<Row> now;
        if (found != rows.end()) now = std::move(found->second);
        changed(table, now ? &*now : nullptr, its ? &*its : nullptr);
        if (!its) {
          if (found != rows.end()) rows.erase(found);
        } else if (found != rows.end()) {
          found->second = std::move(*its);
        } else {
          rows.emplace(name, std::move(*its));
        }
        its = std::move(now);
      };
}

void Rows::changed(std::uint32_t table, const Row* before, const Row* after) {
  if (before != nullptr) {
    census_.remove(table, before->schema);
    if (before->parked_in != 0 && before->parked_in == live_set_) --parked_now_[table];
  }
  if (after != nullptr) {
    census_.add(table, after->schema);
    if (after->parked_in != 0 && after->parked_in == live_set_) ++parked_now_[table];
  }
}

Rows::Figures Rows::figures(std::uint32_t table) {
  follow();
  Figures figures;
  figures.table = table;
  const RowReader reader = shard_.calls.live().current->reader(table);
  for (const RowCensus::Count& count : census_.of(table)) {
    if (count.rows == 0) continue;
    figures.schemas.push_back(count);
    if (!reader.reads(count.schema)) figures.unread += count.rows;
  }
  if (table < parked_now_.size()) figures.parked = parked_now_[table];
  return figures;
}

std::vector<Rows::Parked> Rows::parked() {
  follow();
  std::vector<Parked> still;
  for (const Parked& one : parked_first_) {
    Account* account = shard_.accounts.find(one.account);
    TableRows* rows = account == nullptr ? nullptr : account->rows.find(one.table);
    if (rows == nullptr) continue;
    const auto found = rows->find(one.key);
    if (found != rows->end() && is_parked(found->second)) still.push_back(one);
  }
  return still;
}

}  // namespace hotline

// hotline.table/1: rows. Changed at once, with a record of how to undo it; written to the store when the call
// ends well.
#include "hotline/cap/table.h"

#include <algorithm>

#include "arena/block_owner.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/shard.h"

namespace hotline {
namespace {

struct AskedTable {
  ModuleContext& context;
  Transaction* transaction;
  const ModuleContext::TableGrant* grant;
  hl_status status;
};

AskedTable ask_table(const hl_host* host, uint32_t table, hl_str bare) {
  ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  const ModuleContext::TableGrant* grant = context.grant(table);
  hl_status status = HL_OK;
  if (transaction == nullptr || grant == nullptr) {
    status = HL_E_DENIED;
  } else if (!context.shard.is_home(from_str(bare))) {
    status = HL_E_ELSEWHERE;
  }
  return {context, transaction, grant, status};
}

TableRows* rows_of(const AskedTable& asked, hl_str bare) {
  Account* account = asked.context.shard.accounts.find(from_str(bare));
  return account == nullptr ? nullptr : account->rows.find(asked.grant->number);
}

// A row is in the schema its module reads from its first touch on. Another module that asks for it gets it as
// its owner would.
hl_status make_readable(const AskedTable& asked, hl_str bare, TableRows::value_type& row) {
  const Calls& calls = asked.context.shard.calls;
  const RowReader reader = asked.grant->claim == nullptr ? calls.serving().reader(asked.grant->number)
                                                         : RowReader{calls.called(), asked.grant->claim};
  return asked.context.shard.rows.make_readable(reader, asked.grant->number, from_str(bare), row.first,
                                                row.second);
}

// The same for a row that was asked for by name.
hl_status meet(const AskedTable& asked, hl_str bare, TableRows::value_type& row) {
  const hl_status status = make_readable(asked, bare, row);
  if (status == HL_E_PARKED) asked.transaction->meet_parked();
  return status;
}

void remember(const AskedTable& asked, hl_str bare, std::string_view key, const Row* before) {
  Shard& shard = asked.context.shard;
  const std::uint32_t table = asked.grant->number;
  asked.transaction->exchange_by(shard.rows.exchange(
      table, from_str(bare), key, before == nullptr ? std::nullopt : std::optional<Row>(*before)));
  if (CallTape* tape = shard.calls.tape()) tape->deeds().touch_row(table, from_str(bare), key);
  if (asked.grant->is_durable)
    asked.transaction->touch_row({table, std::string(from_str(bare)), std::string(key)});
}

hl_status open(const hl_host* host, hl_str name, uint32_t* table) {
  ModuleContext& context = ModuleContext::of(host);
  const std::string_view text = from_str(name);
  const TableClaim* claim = context.manifest.table(text);
  const std::vector<std::string>& reads = context.manifest.reads_tables;
  if (claim == nullptr && std::find(reads.begin(), reads.end(), text) == reads.end()) return HL_E_NONE;
  TableNames& names = *context.shard.world.tables;
  const std::uint32_t number = names.number(text);
  if (claim != nullptr) names.set_durable(number, claim->is_durable);
  *table = number;
  if (context.grant(number) != nullptr) return HL_OK;
  context.tables.push_back({.number = number,
                            .writes = claim == nullptr ? 0 : claim->writes,
                            .is_durable = claim != nullptr && claim->is_durable,
                            .claim = claim,
                            .name = std::string(text)});
  return HL_OK;
}

hl_status table_get(const hl_host* host, uint32_t table, hl_str bare, hl_str key, hl_str* value) {
  const AskedTable asked = ask_table(host, table, bare);
  if (asked.status != HL_OK) return asked.status;
  TableRows* rows = rows_of(asked, bare);
  if (rows == nullptr) return HL_E_NONE;
  const auto found = rows->find(from_str(key));
  if (found == rows->end()) return HL_E_NONE;
  const hl_status status = meet(asked, bare, *found);
  if (status == HL_OK) *value = to_str(found->second.value);
  return status;
}

hl_status table_put(const hl_host* host, uint32_t table, hl_str bare, hl_str key, hl_str value) {
  const AskedTable asked = ask_table(host, table, bare);
  if (asked.status != HL_OK) return asked.status;
  if (asked.grant->claim == nullptr) return HL_E_DENIED;
  if (key.size > HL_KEY_SIZE_MAX || value.size > HL_ROW_SIZE_MAX) return HL_E_INVALID;
  TableRows& rows = asked.context.shard.accounts.get(from_str(bare)).rows.get(table);
  const auto found = rows.find(from_str(key));
  if (found == rows.end() && rows.size() >= asked.context.shard.world.limits.rows_per_account_max)
    return HL_E_FULL;
  // What could not be read is not written over: whoever takes a parked row for a missing one would lose it.
  if (found != rows.end() && meet(asked, bare, *found) == HL_E_PARKED) return HL_E_PARKED;
  remember(asked, bare, from_str(key), found == rows.end() ? nullptr : &found->second);
  Row after{asked.grant->writes, 0, std::string(from_str(value))};
  asked.context.shard.rows.changed(table, found == rows.end() ? nullptr : &found->second, &after);
  Row& row = found == rows.end() ? rows[std::string(from_str(key))] : found->second;
  row = std::move(after);
  return HL_OK;
}

hl_status erase(const hl_host* host, uint32_t table, hl_str bare, hl_str key) {
  const AskedTable asked = ask_table(host, table, bare);
  if (asked.status != HL_OK) return asked.status;
  if (asked.grant->claim == nullptr) return HL_E_DENIED;
  Account* const account = asked.context.shard.accounts.find(from_str(bare));
  TableRows* rows = account == nullptr ? nullptr : account->rows.find(asked.grant->number);
  if (rows == nullptr) return HL_E_NONE;
  const auto found = rows->find(from_str(key));
  if (found == rows->end()) return HL_E_NONE;
  // The caller may have taken `key`, or `bare`, from the row itself.
  const std::string name = found->first;
  remember(asked, bare, name, &found->second);
  asked.context.shard.rows.changed(table, &found->second, nullptr);
  rows->erase(found);
  account->rows.drop_if_empty(asked.grant->number);
  return HL_OK;
}

hl_status next(const hl_host* host, uint32_t table, hl_str bare, hl_str after, hl_str* key, hl_str* value) {
  const AskedTable asked = ask_table(host, table, bare);
  if (asked.status != HL_OK) return asked.status;
  TableRows* rows = rows_of(asked, bare);
  if (rows == nullptr) return HL_E_NONE;
  auto found = after.data == nullptr ? rows->begin() : rows->upper_bound(from_str(after));
  while (found != rows->end() && make_readable(asked, bare, *found) != HL_OK) ++found;
  if (found == rows->end()) return HL_E_NONE;
  *key = to_str(found->first);
  *value = to_str(found->second.value);
  return HL_OK;
}

hl_status table_count(const hl_host* host, uint32_t table, hl_str bare, uint64_t* number) {
  const AskedTable asked = ask_table(host, table, bare);
  if (asked.status != HL_OK) return asked.status;
  const TableRows* rows = rows_of(asked, bare);
  *number = rows == nullptr ? 0 : rows->size();
  return HL_OK;
}

hl_status next_account(const hl_host* host, uint32_t table, hl_str after, hl_str* bare) {
  const ModuleContext& context = ModuleContext::of(host);
  if (open_transaction(context) == nullptr || context.grant(table) == nullptr) return HL_E_DENIED;
  for (Account* account = context.shard.accounts.next(from_str(after)); account != nullptr;
       account = context.shard.accounts.next(account->address)) {
    const TableRows* rows = account->rows.find(table);
    if (rows == nullptr || rows->empty()) continue;
    *bare = to_str(account->address);
    return HL_OK;
  }
  return HL_E_NONE;
}

constexpr hl_cap_table table_table{sizeof(hl_cap_table),   0,
                                   host_side<open>,        host_side<table_get>,
                                   host_side<table_put>,   host_side<erase>,
                                   host_side<next>,        host_side<table_count>,
                                   host_side<next_account>};

}  // namespace

const Capability table_capability{HL_CAP_TABLE, &table_table};

}  // namespace hotline

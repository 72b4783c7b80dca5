#include "preflight/rehearsed_rows.h"

#include <algorithm>

#include "hotline/cap/table.h"
#include "hotline/sdk.hpp"
#include "preflight/call_bound.h"

namespace hotline::preflight {

namespace {

std::string way_of(const std::string& table, std::uint32_t from, std::uint32_t to) {
  return "convert of table `" + table + "` from schema " + std::to_string(from) + " to " + std::to_string(to);
}

}  // namespace

std::string RehearsedRows::run(std::span<const SampleRow> live, std::span<const SampleRow> written) {
  if (generation_.entry().convert == nullptr) return {};
  for (const SampleRow& row : live) {
    const TableClaim* const claim = generation_.manifest().table(row.table);
    // Down from a schema that is newer than it: the newer code converts those.
    if (claim == nullptr || row.schema >= claim->writes) continue;
    if (std::string wrong = try_live(row, *claim, count_of(row)); !wrong.empty()) return wrong;
  }
  for (const SampleRow& row : written) try_written(row);
  return {};
}

RehearsedSchema& RehearsedRows::count_of(const SampleRow& row) {
  const auto found = std::ranges::find_if(schemas_, [&row](const RehearsedSchema& each) {
    return each.table == row.table && each.schema == row.schema;
  });
  if (found != schemas_.end()) return *found;
  return schemas_.emplace_back(RehearsedSchema{.table = row.table, .schema = row.schema});
}

std::string RehearsedRows::try_live(const SampleRow& row, const TableClaim& claim, RehearsedSchema& count) {
  ++count.rows;
  std::string value = row.value, wrong;
  for (std::uint32_t schema = row.schema; schema < claim.writes; ++schema) {
    std::optional<std::string> next = convert(row.table, schema, schema + 1, value, wrong);
    if (!wrong.empty()) return wrong;
    if (!next) {
      if (!claim.reads_schema(row.schema)) ++count.parked;  // What it reads as it is needs no conversion.
      return {};
    }
    value = std::move(*next);
  }
  for (std::uint32_t schema = claim.writes; schema > row.schema; --schema) {
    std::optional<std::string> next = convert(row.table, schema, schema - 1, value, wrong);
    if (!wrong.empty()) return wrong;
    if (!next)
      return way_of(row.table, schema, schema - 1) +
             " does not work for a live row that it has converted up, so a rollback would lose it";
    value = std::move(*next);
  }
  if (value != row.value)
    return "a live row of table `" + row.table + "` is not the same after convert from schema " +
           std::to_string(row.schema) + " to " + std::to_string(claim.writes) +
           " and back, so a rollback would lose something; keep in the new row all that the old one had";
  ++count.proved;
  return {};
}

void RehearsedRows::try_written(const SampleRow& row) {
  if (row.schema < 2) return;
  std::string wrong;
  (void)convert(row.table, row.schema, row.schema - 1, row.value, wrong);
}

std::string RehearsedRows::run_own(std::span<const SampleRow> written, std::size_t cuts_max) {
  for (const SampleRow& row : written) {
    const TableClaim* const claim = generation_.manifest().table(row.table);
    if (claim == nullptr || row.schema < 2) continue;
    if (std::string wrong = try_own(row, *claim); !wrong.empty()) return wrong;
    if (std::string wrong = try_cuts(row, row.schema - 1, cuts_max); !wrong.empty()) return wrong;
  }
  return {};
}

// As far down as it converts: below its oldest schema there is nothing to go back to.
std::string RehearsedRows::try_own(const SampleRow& row, const TableClaim& claim) {
  SampleRow older = row;
  while (older.schema > 1) {
    std::string wrong;
    std::optional<std::string> value = convert(row.table, older.schema, older.schema - 1, older.value, wrong);
    if (!wrong.empty()) return wrong;
    if (!value) {
      if (older.schema < row.schema) return {};
      return way_of(row.table, row.schema, row.schema - 1) +
             " does not work for a row that it wrote itself, so a rollback would park it";
    }
    older = {row.table, older.schema - 1, std::move(*value)};
    RehearsedSchema own;
    if (wrong = try_live(older, claim, own); !wrong.empty()) return wrong;
  }
  return {};
}

std::string RehearsedRows::try_cuts(const SampleRow& row, std::uint32_t to, std::size_t cuts_max) {
  const std::size_t step = row.value.size() / cuts_max + 1;
  for (std::size_t size = 0; size < row.value.size(); size += step)
    for (const auto& [from, into] : {std::pair(row.schema, to), std::pair(to, row.schema)}) {
      std::string wrong;
      (void)convert(row.table, from, into, row.value.substr(0, size), wrong);
      if (!wrong.empty()) return wrong;
    }
  return {};
}

std::optional<std::string> RehearsedRows::convert(const std::string& table, std::uint32_t from,
                                                  std::uint32_t to, const std::string& value,
                                                  std::string& wrong) {
  step_(way_of(table, from, to));
  const CallBound bound(generation_.code().hard_us);
  const auto convert = generation_.entry().convert;
  std::string out(value.size() + 256, '\0');
  std::uint64_t size = out.size();
  const auto call = [&] { return convert(sdk::str(table), from, to, sdk::str(value), out.data(), &size); };
  hl_status status = call();
  if (status == HL_E_FULL && size > out.size() && size <= HL_ROW_SIZE_MAX) {
    out.resize(size);
    status = call();
  }
  if (status != HL_OK) return std::nullopt;
  if (size > out.size()) {
    wrong = way_of(table, from, to) + " says that it wrote more than it was given room for";
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

}  // namespace hotline::preflight

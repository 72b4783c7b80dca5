#include "preflight/rehearsed_rows.h"

#include "hotline/cap/table.h"
#include "hotline/sdk.hpp"
#include "preflight/call_bound.h"

namespace hotline::preflight {

namespace {

// So many, and not one that can be converted: that is no matter of single rows.
constexpr std::uint64_t all_parked_min = 16;

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
    if (std::string wrong = try_live(row, *claim); !wrong.empty()) return wrong;
  }
  if (went_and_came_ == 0 && parked_ >= all_parked_min)
    return "convert works for none of the " + std::to_string(parked_) +
           " live rows that it was tried on; they would all be parked";
  for (const SampleRow& row : written) try_written(row);
  return {};
}

std::string RehearsedRows::try_live(const SampleRow& row, const TableClaim& claim) {
  std::string value = row.value, wrong;
  for (std::uint32_t schema = row.schema; schema < claim.writes; ++schema) {
    std::optional<std::string> next = convert(row.table, schema, schema + 1, value, wrong);
    if (!wrong.empty()) return wrong;
    if (!next) {
      if (!claim.reads_schema(row.schema)) ++parked_;  // What it reads as it is needs no conversion.
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
  ++went_and_came_;
  return {};
}

void RehearsedRows::try_written(const SampleRow& row) {
  if (row.schema < 2) return;
  std::string wrong;
  (void)convert(row.table, row.schema, row.schema - 1, row.value, wrong);
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

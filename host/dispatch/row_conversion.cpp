#include "dispatch/row_conversion.h"

#include <algorithm>
#include <vector>

#include "hotline/cap/table.h"

namespace hotline {

namespace {

// The generations that know the step between two schemas of a table, the one that brought it first.
std::vector<const Generation*> converters(const CalledModule& module, const std::string& table,
                                          std::uint32_t higher) {
  std::vector<std::pair<std::uint32_t, const Generation*>> found;
  for (const Generation* generation : module.resident) {
    const TableClaim* claim = generation->manifest().table(table);
    if (claim != nullptr && claim->writes >= higher && generation->entry().convert != nullptr)
      found.emplace_back(claim->writes, generation);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const Generation*> sorted;
  sorted.reserve(found.size());
  for (const auto& [writes, generation] : found) sorted.push_back(generation);
  return sorted;
}

// Empty: it cannot. A fault of its code is charged to it.
std::string converted_by(Calls& calls, const Generation& by, const std::string& table, std::uint32_t from,
                         std::uint32_t to, const std::string& value, bool& is_done) {
  std::string out(value.size() + 256, '\0');
  std::uint64_t size = out.size();
  FaultCause cause;
  const auto convert = [&] {
    return guarded(by.code(), EventKind::convert, cause, [&] {
      return by.entry().convert(to_str(table), from, to, to_str(value), out.data(), &size);
    });
  };
  hl_status status = convert();
  if (status == HL_E_FULL && size > out.size() && size <= HL_ROW_SIZE_MAX) {
    out.resize(size);
    status = convert();
  }
  if (cause.kind != FaultCause::Kind::status) calls.charge(by, EventKind::convert, cause);
  is_done = status == HL_OK && size <= out.size();
  out.resize(is_done ? size : 0);
  return out;
}

Result<std::string> step(Calls& calls, const CalledModule& module, const std::string& table,
                         std::uint32_t from, std::uint32_t to, const std::string& value) {
  const std::string way =
      "schema " + std::to_string(from) + " to " + std::to_string(to) + " of table " + table;
  std::string refused;
  for (const Generation* generation : converters(module, table, std::max(from, to))) {
    bool is_done = false;
    std::string out = converted_by(calls, *generation, table, from, to, value, is_done);
    if (is_done) return out;
    refused += (refused.empty() ? "" : ", ") + generation->manifest().label();
  }
  if (refused.empty()) return Error{"no generation that is loaded converts " + way};
  return Error{refused + " cannot convert it from " + way};
}

}  // namespace

Result<Row> convert_row(Calls& calls, const RowReader& reader, const Row& row) {
  const TableClaim& claim = *reader.claim;
  Row converted{row.schema, 0, row.value};
  while (converted.schema != claim.writes) {
    const std::uint32_t to = converted.schema < claim.writes ? converted.schema + 1 : converted.schema - 1;
    Result<std::string> value =
        step(calls, *reader.module, claim.name, converted.schema, to, converted.value);
    if (!value) return value.error();
    converted.value = std::move(*value);
    converted.schema = to;
  }
  return converted;
}

}  // namespace hotline

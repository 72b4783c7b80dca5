#include "dispatch/row_conversion.h"

#include "hotline/cap/table.h"

namespace hotline {

namespace {

using Convert = hl_status (*)(hl_str, std::uint32_t, std::uint32_t, hl_str, char*, std::uint64_t*);

Result<std::string> step(Convert convert, const std::string& table, std::uint32_t from, std::uint32_t to,
                         const std::string& value) {
  const std::string way =
      "schema " + std::to_string(from) + " to " + std::to_string(to) + " of table " + table;
  if (convert == nullptr) return Error{"no generation that is loaded converts " + way};
  std::string out(value.size() + 256, '\0');
  std::uint64_t size = out.size();
  hl_status status = convert(to_str(table), from, to, to_str(value), out.data(), &size);
  if (status == HL_E_FULL && size > out.size() && size <= HL_ROW_SIZE_MAX) {
    out.resize(size);
    status = convert(to_str(table), from, to, to_str(value), out.data(), &size);
  }
  if (status != HL_OK || size > out.size()) return Error{"a row can not be converted from " + way};
  out.resize(size);
  return out;
}

}  // namespace

Result<Row> convert_row(const CalledModule& module, const TableClaim& claim, const Row& row) {
  Row converted = row;
  while (converted.schema != claim.writes) {
    const bool is_up = converted.schema < claim.writes;
    const std::uint32_t to = is_up ? converted.schema + 1 : converted.schema - 1;
    Result<std::string> value = step(is_up ? module.entry.convert : module.newer_convert, claim.name,
                                     converted.schema, to, converted.value);
    if (!value) return value.error();
    converted.value = std::move(*value);
    converted.schema = to;
  }
  return converted;
}

}  // namespace hotline

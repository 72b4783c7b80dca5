#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"

namespace hotline::cli {

namespace {}  // namespace

std::string converting_text(const TableReport& table) {
  if (table.converting_left == 0) return {};
  std::string from;
  for (const SchemaReport& one : table.schemas)
    if (one.schema != table.writes) from += (from.empty() ? "" : ", ") + std::to_string(one.schema);
  return from + " -> " + std::to_string(table.writes) + ": " +
         count_text(table.converting - table.converting_left) + " of " + count_text(table.converting);
}

Exit show_tables(Context& context) {
  return context.ask<TablesReport>("tables", nlohmann::json::object(), [&](const TablesReport& report) {
    Table table({{"table", left},
                 {"module", left},
                 {"kept", left},
                 {"writes", right},
                 {"rows", right},
                 {"by schema", left},
                 {"parked", right},
                 {"converting", left}});
    for (const TableReport& one : report.tables) {
      std::uint64_t rows = 0;
      std::string by_schema;
      for (const SchemaReport& schema : one.schemas) {
        rows += schema.rows;
        by_schema +=
            (by_schema.empty() ? "" : ", ") + std::to_string(schema.schema) + ": " + count_text(schema.rows);
      }
      table.add({one.name, one.module, one.is_durable ? "durable" : "volatile",
                 one.module.empty() ? "" : std::to_string(one.writes), count_text(rows), by_schema,
                 count_text(one.parked), converting_text(one)});
    }
    table.print(context.out);
  });
}

Exit list_parked(Context& context) {
  return context.ask<ParkedReport>("parked.list", nlohmann::json::object(), [&](const ParkedReport& report) {
    if (report.parked == 0) {
      context.out << "no row is parked\n";
      return;
    }
    Table table({{"table", left}, {"account", left}, {"key", left}, {"schema", right}, {"why", left}});
    for (const ParkedRowReport& row : report.rows)
      table.add({row.table, row.account, row.key, std::to_string(row.schema), row.why});
    table.print(context.out);
    if (report.parked > report.rows.size())
      context.out << "and " << count_text(report.parked - report.rows.size()) << " more\n";
  });
}

}  // namespace hotline::cli

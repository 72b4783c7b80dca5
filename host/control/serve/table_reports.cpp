#include "control/serve/table_reports.h"

#include <map>
#include <memory>
#include <mutex>

namespace hotline {

namespace {

void add_rows(TableReport& report, const Rows::Figures& figures) {
  for (const RowCensus::Count& count : figures.schemas) {
    auto at = report.schemas.begin();
    while (at != report.schemas.end() && at->schema < count.schema) ++at;
    if (at == report.schemas.end() || at->schema != count.schema)
      at = report.schemas.insert(at, {count.schema, 0});
    at->rows += count.rows;
  }
  report.parked += figures.parked;
}

}  // namespace

void gather_tables(Host& host, std::function<void(std::vector<TableReport>)> done) {
  struct Sheet {
    std::mutex mutex;
    std::map<std::string, TableReport> tables;
  };
  auto sheet = std::make_shared<Sheet>();
  host.ask(
      [sheet](Shard& shard) {
        TableNames& names = *shard.world.tables;
        const ServingSet& live = *shard.calls.live().current;
        const std::lock_guard lock(sheet->mutex);
        for (std::uint32_t table = 0; table < names.size(); ++table) {
          const RowReader owner = live.reader(table);
          const Rows::Figures figures = shard.rows.figures(table);
          if (owner.claim == nullptr && figures.schemas.empty()) continue;
          TableReport& report = sheet->tables[names.table(table).name];
          report.name = names.table(table).name;
          report.is_durable = names.table(table).is_durable;
          if (owner.claim != nullptr) {
            report.module = owner.module->generation->manifest().name;
            report.writes = owner.claim->writes;
            report.is_durable = owner.claim->is_durable;
          }
          add_rows(report, figures);
        }
        for (const RowSweep::Progress& progress : shard.row_sweep.progress()) {
          TableReport& report = sheet->tables[names.table(progress.table).name];
          report.converting += progress.whole;
          report.converting_left += progress.left;
        }
      },
      [sheet, done = std::move(done)] {
        std::vector<TableReport> reports;
        for (auto& [name, report] : sheet->tables) reports.push_back(std::move(report));
        done(std::move(reports));
      });
}

void gather_parked(Host& host, std::function<void(ParkedReport)> done) {
  struct Sheet {
    std::mutex mutex;
    ParkedReport report;
  };
  auto sheet = std::make_shared<Sheet>();
  host.ask(
      [sheet](Shard& shard) {
        TableNames& names = *shard.world.tables;
        const std::lock_guard lock(sheet->mutex);
        for (std::uint32_t table = 0; table < names.size(); ++table)
          sheet->report.parked += shard.rows.figures(table).parked;
        for (Rows::Parked& row : shard.rows.parked())
          sheet->report.rows.push_back({names.table(row.table).name, std::move(row.account),
                                        std::move(row.key), row.schema, std::move(row.why)});
      },
      [sheet, done = std::move(done)] { done(std::move(sheet->report)); });
}

}  // namespace hotline

// `hotline partition`: where each share of the accounts is at home, and moving one to another shard.
#include <map>

#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"

namespace hotline::cli {

namespace {

void print_partitions(const PartitionsReport& report, std::ostream& out) {
  Table table({{"partition", right},
               {"shard", right},
               {"accounts", right},
               {"sessions", right},
               {"connections", right},
               {"mailbox entries", right}});
  std::uint64_t empty = 0;
  for (const PartitionReport& one : report.partitions) {
    if (one.accounts == 0) {
      ++empty;
      continue;
    }
    table.add({std::to_string(one.partition), std::to_string(one.shard), count_text(one.accounts),
               count_text(one.sessions), count_text(one.connections), count_text(one.mailbox_entries)});
  }
  table.print(out);
  if (empty > 0) out << counted(empty, "partition") << " without an account (--json has them)\n";
}

}  // namespace

Exit list_partitions(Context& context) {
  return context.ask<PartitionsReport>(
      "partitions", nlohmann::json::object(),
      [&](const PartitionsReport& report) { print_partitions(report, context.out); });
}

Exit move_partition(Context& context, std::uint32_t partition, std::uint32_t shard) {
  return context.ask<PartitionMoveReport>(
      "partition.move", {{"partition", partition}, {"shard", shard}}, [&](const PartitionMoveReport& moved) {
        context.out << "partition " << moved.partition << " went from shard " << moved.from << " to "
                    << moved.to << ": " << counted(moved.accounts, "account") << ", "
                    << counted(moved.sessions, "session") << ", " << counted(moved.connections, "connection")
                    << ", " << counted(moved.mailbox_entries, "message") << " waiting; served by nobody for "
                    << micros_text(static_cast<double>(moved.pause_us)) << " of "
                    << micros_text(static_cast<double>(moved.whole_us)) << '\n';
      });
}

}  // namespace hotline::cli

#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"
#include "control/protocol.h"

namespace hotline::cli {

Exit show_quarantine(Context& context) {
  return context.ask<QuarantineReport>(
      "quarantine.list", nlohmann::json::object(), [&](const QuarantineReport& report) {
        if (report.entries.empty()) context.out << "no event is in the quarantine\n";
        Table table({{"number", Table::Align::right},
                     {"when", left},
                     {"module", left},
                     {"call", left},
                     {"account", left},
                     {"content", left}});
        for (const QuarantineEntry& entry : report.entries)
          table.add({std::to_string(entry.number), time_text(entry.wall_ms), entry.module, entry.call,
                     entry.account, entry.has_content ? "kept" : "dropped"});
        table.print(context.out);
      });
}

Exit drop_quarantined(Context& context, std::uint64_t number) {
  return context.ask<nlohmann::json>(
      "quarantine.drop", {{"number", number}}, [&](const nlohmann::json& answer) {
        context.out << "dropped: " << counted(answer.value("dropped", std::uint64_t{0}), "event") << '\n';
      });
}

Exit retry_quarantined(Context& context, std::uint64_t number) {
  return context.ask<nlohmann::json>("quarantine.retry", {{"number", number}}, [&](const nlohmann::json&) {
    context.out << "event " << number
                << " is offered again; should it fail, it comes back into the quarantine\n";
  });
}

}  // namespace hotline::cli

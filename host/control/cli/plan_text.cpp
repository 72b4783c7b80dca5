// How a plan reads: a paragraph a module, then whether it is hot and what stops it.
#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"

namespace hotline::cli {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : ", ").append(part);
  return text;
}

void print_line(std::ostream& out, std::string_view word, const std::string& text) {
  if (text.empty()) return;
  std::string line = "  " + std::string(word);
  line.resize(12, ' ');
  out << printable(line + text) << '\n';
}

std::string table_text(const PlannedTableReport& table) {
  const std::string schema = table.from == 0
                                 ? "schema " + std::to_string(table.to)
                                 : "schema " + std::to_string(table.from) + " -> " + std::to_string(table.to);
  return table.name + ": " + schema + (table.way.empty() ? "" : ", " + table.way);
}

std::string keys_text(const std::vector<PlannedKeyReport>& keys) {
  std::vector<std::string> texts;
  texts.reserve(keys.size());
  for (const PlannedKeyReport& key : keys)
    texts.push_back(key.name + (!key.is_set ? " (default)" : key.is_read ? " (set)" : " (set, not read)"));
  return joined(texts);
}

void print_module(std::ostream& out, const PlannedModuleReport& module) {
  std::string title =
      module.name + " " + (module.from.empty() ? "" : module.from + " -> ") + module.to + ": " + module.kind;
  title += module.signer.empty() ? ", not signed" : ", signed by " + module.signer;
  out << printable(title) << '\n';
  print_line(out, "gains", joined(module.gained));
  print_line(out, "loses", joined(module.lost));
  print_line(out, "needs", joined(module.needs));
  print_line(out, "drops", joined(module.needs_no_more));
  for (const PlannedTableReport& table : module.tables) print_line(out, "table", table_text(table));
  print_line(out, "config", keys_text(module.config));
}

}  // namespace

void print_plan(std::ostream& out, const PlanReport& report) {
  for (const PlannedModuleReport& module : report.modules) print_module(out, module);
  for (const std::string& note : report.notes) out << "note: " << printable(note) << '\n';
  for (const RefusalReport& blocker : report.blockers)
    out << "blocked: " << printable(blocker.file + ": " + blocker.reason) << '\n';
  if (report.is_hot) {
    out << "hot: live without a restart; pause "
        << (report.barriers == 0 ? std::string("below a millisecond (none was measured yet)")
                                 : "about " + micros_text(static_cast<double>(report.pause_us)) +
                                       " (the longest of the last barriers)")
        << '\n';
  } else {
    out << "not as it is: nothing would change\n";
  }
}

}  // namespace hotline::cli

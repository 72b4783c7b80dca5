#include "cli/table.h"
#include "cli/verbs.h"
#include "control/config.h"
#include "control/config_files.h"
#include "control/config_keys.h"
#include "control/json_text.h"

namespace hotline::cli {

Exit check_config(Context& context, const std::string& file) {
  const Result<Config> config = Config::read(file);
  if (!config) {
    if (context.wants_json) context.print_json({{"error", {{"message", config.error().message}}}});
    context.err << config.error().message << '\n';  // One line for each thing that is wrong, as compilers do.
    return Exit::failed;
  }
  std::string missing;
  for (const std::string& each : missing_for(*config))
    missing += (missing.empty() ? "" : "\n") + file + ": " + each;
  if (!missing.empty()) {
    if (context.wants_json) context.print_json({{"error", {{"message", missing}}}});
    context.err << missing << '\n';
    return Exit::failed;
  }
  if (context.wants_json) {
    context.print_json(config_report(*config));
  } else {
    context.out << printable(file) << " is valid\n";
  }
  return Exit::done;
}

Exit show_config(Context& context) {
  return context.ask<nlohmann::json>(
      "config.show", nlohmann::json::object(), [&](const nlohmann::json& report) {
        Table table({{"key", Table::Align::left},
                     {"value", Table::Align::left},
                     {"unit", Table::Align::left},
                     {"default", Table::Align::left},
                     {"changes", Table::Align::left}});
        for (const nlohmann::json& key : report.at("keys")) {
          const nlohmann::json& value = key.at("value");
          table.add({key.at("path").get<std::string>(), json_line(value), key.value("unit", ""),
                     value == key.at("default") ? "" : json_line(key.at("default")),
                     key.value("applies", "")});
        }
        table.print(context.out);
      });
}

Exit print_config_reference(Context& context, bool as_markdown) {
  context.out << (as_markdown ? config_reference_markdown() : config_reference_text());
  return Exit::done;
}

}  // namespace hotline::cli

// The reference of all configuration keys, as text and as Markdown.
#include "control/config_keys.h"
#include "control/json_text.h"

namespace hotline {
namespace {

std::string_view applies_text(const ConfigKey& key) {
  return key.applies == ConfigKey::Applies::live ? "live" : "restart";
}

std::string default_text(const ConfigKey& key) {
  const nlohmann::json value = config_default(key);
  if (value.is_null()) return "none: must be given";
  if (key.path == "listen") return "see below";
  return json_line(value);
}

void wrap(std::string_view text, std::string_view indent, std::string& out) {
  constexpr std::size_t width = 90;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (column != 0 && column + 1 + word.size() > width) {
      out += '\n';
      column = 0;
    }
    if (column == 0) {
      out += indent;
      column = indent.size();
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += '\n';
}

// A default that is a list of addresses, one a line.
std::string listen_lines(std::string_view indent) {
  Config config;
  std::string text;
  for (const nlohmann::json& item : config_field_value(&config.listen)) {
    text.append(indent).append(json_line(item)).append("\n");
  }
  return text;
}

}  // namespace

std::string config_reference_text() {
  std::string text =
      "The configuration is a JSON object; // and /* */ comments are allowed. A dot is a nested object:\n"
      "`log.level` is { \"log\": { \"level\": … } }. Everything has a default.\n\n";
  for (const ConfigKey& key : config_keys()) {
    text.append(key.path).append("\n");
    wrap(key.about, "    ", text);
    text.append("    ").append(config_type_text(key)).append("; default ").append(default_text(key));
    text.append("; changed by ")
        .append(key.applies == ConfigKey::Applies::live ? "a command, live" : "a restart");
    text.append("\n");
    if (key.path == "listen") text += listen_lines("      ");
    text += '\n';
  }
  return text;
}

std::string config_reference_markdown() {
  std::string text = "| key | value | default | changes | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const ConfigKey& key : config_keys()) {
    text.append("| `").append(key.path).append("` | ").append(config_type_text(key)).append(" | ");
    const nlohmann::json value = config_default(key);
    if (value.is_null() || key.path == "listen") {
      text += default_text(key);
    } else {
      text.append("`").append(default_text(key)).append("`");
    }
    text.append(" | ").append(applies_text(key)).append(" | ").append(key.about).append(" |\n");
  }
  text += "\nThe default of `listen`:\n\n```\n" + listen_lines("") + "```\n";
  return text;
}

}  // namespace hotline

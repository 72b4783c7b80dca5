// The one table that describes the configuration, and what is made from it.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "control/config.h"

namespace hotline {

// A value that is one of a few words.
struct Choice {
  std::span<const std::string_view> words;
  std::function<std::size_t()> get;  // The index of the word.
  std::function<void(std::size_t)> set;
};

// Where a key's value lies in a Config.
using ConfigField =
    std::variant<bool*, std::uint32_t*, std::uint64_t*, std::string*, Choice, std::vector<std::string>*,
                 std::vector<ListenAddress>*, Config::ModuleValues*>;

struct ConfigKey {
  // What it takes to change the value.
  enum class Applies {
    live,     // A command changes it while the host runs; `about` names it.
    restart,  // The next start reads it.
  };

  std::string_view path;          // "limits.idle_seconds"; "listen[].port" for a member of a list's elements.
  ConfigField (*field)(Config&);  // Null for "listen[].…".
  ConfigField (*element)(ListenAddress&);  // Null but for "listen[].…".
  std::uint64_t min, max;                  // Numbers; the length of strings and lists.
  std::string_view unit;                   // "bytes", "seconds"; empty: a plain number or none.
  Applies applies;
  std::string_view about;  // One sentence.
};

// In the order of the reference: sections together.
std::span<const ConfigKey> config_keys();

// What a member of "modules", "outbox" or "nodes" is.
std::string_view config_section_member(std::string_view section);

// "a whole number from 1 to 86400 (seconds)", "one of `required`, `optional`, `off`".
std::string config_type_text(const ConfigKey& key);
nlohmann::json config_field_value(const ConfigField& field);
// Sets the field; what is wrong otherwise: "must be …, not a string".
Result<void> set_config_field(const ConfigKey& key, const ConfigField& field, const nlohmann::json& value);
// The value with nothing configured. Null for "listen[].kind" and "listen[].port", which have none.
nlohmann::json config_default(const ConfigKey& key);

// The reference, for a terminal (`hotlined --help-config`) and for docs/operations.md.
std::string config_reference_text();
std::string config_reference_markdown();

// What `config.show` answers: {"keys": [{"path", "value", "default", "unit", "applies", "about"}]}.
nlohmann::json config_report(const Config& config);

}  // namespace hotline

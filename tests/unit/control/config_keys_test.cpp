#include "control/config_keys.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

using hotline::Config;
using hotline::ConfigKey;
using nlohmann::json;

namespace {

// { "limits": { "idle_seconds": value } } for "limits.idle_seconds".
json nested(std::string_view path, json value) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return {{std::string(path), std::move(value)}};
  return nested(path.substr(0, dot), {{std::string(path.substr(dot + 1)), std::move(value)}});
}

bool is_element(const ConfigKey& key) {
  return key.field == nullptr;
}

}  // namespace

TEST_CASE("config keys: each is accepted with its default, and the result is the default") {
  const json defaults = hotline::config_report(Config{});
  for (const ConfigKey& key : hotline::config_keys()) {
    if (is_element(key)) continue;
    CAPTURE(key.path);
    const auto config = Config::parse(nested(key.path, hotline::config_default(key)).dump(), "keys.json");
    REQUIRE_MESSAGE(config.has_value(), (config ? "" : config.error().message));
    CHECK(hotline::config_report(*config) == defaults);
  }
}

TEST_CASE("config keys: a number's bounds are accepted and set, what lies beyond is refused") {
  for (const ConfigKey& key : hotline::config_keys()) {
    if (is_element(key) || !hotline::config_default(key).is_number()) continue;
    CAPTURE(key.path);
    Config config;
    for (const std::uint64_t value : {key.min, key.max}) {
      REQUIRE(hotline::set_config_field(key, key.field(config), value).has_value());
      CHECK(hotline::config_field_value(key.field(config)) == value);
    }
    CHECK(!hotline::set_config_field(key, key.field(config), key.max + 1));
    CHECK(!hotline::set_config_field(key, key.field(config), -1));
    CHECK(!hotline::set_config_field(key, key.field(config), "1"));
    if (key.min > 0) CHECK(!hotline::set_config_field(key, key.field(config), key.min - 1));
  }
}

TEST_CASE("config keys: no two describe the same value, and each says what it is") {
  std::set<std::string_view> paths;
  std::set<const void*> places;
  Config config;
  for (const ConfigKey& key : hotline::config_keys()) {
    CAPTURE(key.path);
    CHECK(paths.insert(key.path).second);
    CHECK(key.about.ends_with("."));
    CHECK((key.field == nullptr) == key.path.starts_with("listen[]."));
    CHECK((key.field == nullptr) == (key.element != nullptr));
    if (is_element(key)) continue;
    const void* place = std::visit(
        [](const auto& field) -> const void* {
          if constexpr (std::is_pointer_v<std::decay_t<decltype(field)>>) return field;
          return nullptr;
        },
        key.field(config));
    if (place != nullptr) CHECK(places.insert(place).second);
  }
}

TEST_CASE("config keys: the reference names every key with its default") {
  const std::string text = hotline::config_reference_text();
  const std::string markdown = hotline::config_reference_markdown();
  for (const ConfigKey& key : hotline::config_keys()) {
    CAPTURE(key.path);
    CHECK(text.find("\n" + std::string(key.path) + "\n") != std::string::npos);
    CHECK(markdown.find("| `" + std::string(key.path) + "` | ") != std::string::npos);
  }
  CHECK(text.find("idle_seconds\n    After so long without a byte from a client the host asks it for a sign "
                  "of life.\n"
                  "    a whole number from 10 to 86400 (seconds); default 300; changed by a restart\n") !=
        std::string::npos);
  CHECK(markdown.find("| `log.level` | one of `debug`, `info`, `warning`, `error` | `\"info\"` | live | ") !=
        std::string::npos);
}

TEST_CASE("config keys: docs/operations.md has the reference as it is") {
  std::ifstream file(HOTLINE_SOURCE_DIR "/docs/operations.md");
  REQUIRE(file.good());
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string begins = "<!-- reference begins -->\n";
  const std::size_t begin = text.find(begins);
  const std::size_t end = text.find("<!-- reference ends -->");
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  // It differs: replace the part by what `hotline config reference --markdown` prints.
  CHECK(text.substr(begin + begins.size(), end - begin - begins.size()) ==
        hotline::config_reference_markdown());
}

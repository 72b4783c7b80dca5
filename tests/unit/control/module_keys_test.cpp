// docs/operations.md has the keys below `modules` that the modules in modules/ read, and no others.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>

namespace {

namespace fs = std::filesystem;

using Keys = std::map<std::string, std::string>;  // "groups rooms_max": its default, where that is a literal.

std::string whole(const fs::path& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string literal(std::string text) {
  std::erase_if(text, [](char c) { return c == '\'' || c == ',' || c == '"' || c == '`'; });
  return text;
}

// A key stands behind a Config: `config_.number("days", 30)`, `setting(config, "days", 30)`.
Keys keys_of_sources() {
  const std::regex call(
      R"re(\b(?:config_?|Config\(host\))(?:\.(?:number|text)\(|,\s*)"([a-z_]+)",\s*([\d']+[,)]|"[^"]*")?)re");
  Keys keys;
  for (const fs::directory_entry& each : fs::recursive_directory_iterator(HOTLINE_SOURCE_DIR "/modules")) {
    const std::string extension = each.path().extension().string();
    const std::string module = (*fs::relative(each.path(), HOTLINE_SOURCE_DIR "/modules").begin()).string();
    if ((extension != ".cpp" && extension != ".h") || module == "template") continue;
    const std::string text = whole(each.path());
    for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) {
      std::string otherwise = (*at)[2];
      if (otherwise.ends_with(')')) otherwise.pop_back();
      keys[module + " " + (*at)[1].str()] = literal(otherwise);
    }
  }
  return keys;
}

// | `groups` | `rooms_max` | 50 | ... |
Keys keys_of_manual() {
  const std::string text = whole(HOTLINE_SOURCE_DIR "/docs/operations.md");
  const std::size_t begin = text.find("<!-- modules' keys begin -->");
  const std::size_t end = text.find("<!-- modules' keys end -->");
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::string table = text.substr(begin, end - begin);
  const std::regex row(R"(\n\| `(\w+)` \| `(\w+)` \| ([^|]*) \|)");
  Keys keys;
  for (std::sregex_iterator at(table.begin(), table.end(), row), last; at != last; ++at) {
    const std::string key = (*at)[1].str() + " " + (*at)[2].str();
    CHECK_MESSAGE(keys.emplace(key, literal((*at)[3])).second, key << " stands there twice");
  }
  return keys;
}

}  // namespace

TEST_CASE("module keys: docs/operations.md names each that a module reads, with its default, and no other") {
  const Keys read = keys_of_sources(), told = keys_of_manual();
  CHECK(read.size() > 30);
  for (const auto& each : read) {
    const auto& key = each.first;
    const auto& otherwise = each.second;
    CHECK_MESSAGE(told.contains(key), key << " is read, and not in docs/operations.md");
    if (!otherwise.empty() && told.contains(key)) CHECK_MESSAGE(told.at(key) == otherwise, key);
  }
  for (const auto& each : told) {
    const auto& key = each.first;
    CHECK_MESSAGE(read.contains(key), key << " is in docs/operations.md, and no module reads it");
  }
}

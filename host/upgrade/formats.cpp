#include "upgrade/formats.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"

namespace hotline {

namespace {

constexpr std::size_t formats_max = 100;

std::string range_text(const Format& format) {
  if (format.min == format.max) return std::to_string(format.min);
  return std::to_string(format.min) + " to " + std::to_string(format.max);
}

}  // namespace

const Format* Formats::find(std::string_view name) const {
  const auto found = std::ranges::find(formats, name, &Format::name);
  return found == formats.end() ? nullptr : &*found;
}

std::string formats_text(const Formats& formats) {
  nlohmann::json json = {{"program", "hotlined"}, {"version", formats.version}};
  json["formats"] = nlohmann::json::array();
  for (const Format& format : formats.formats)
    json["formats"].push_back({{"name", format.name}, {"min", format.min}, {"max", format.max}});
  return json.dump() + "\n";
}

Result<Formats> read_formats(std::string_view text) {
  const Error none{"does not say which formats it knows: it is no hotlined, or one from before upgrades"};
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return none;
  Formats formats;
  try {
    if (json.at("program").get<std::string>() != "hotlined") return none;
    formats.version = json.at("version").get<std::string>();
    if (json.at("formats").size() > formats_max) return none;
    for (const nlohmann::json& each : json.at("formats")) {
      Format format{each.at("name").get<std::string>(), each.at("min").get<std::uint32_t>(),
                    each.at("max").get<std::uint32_t>()};
      if (format.min > format.max || formats.find(format.name) != nullptr) return none;
      formats.formats.push_back(std::move(format));
    }
  } catch (const nlohmann::json::exception&) {
    return none;
  }
  return formats;
}

std::vector<std::string> clashes(const Formats& ours, const Formats& theirs) {
  std::vector<std::string> all;
  for (const Format& our : ours.formats) {
    const Format* const their = theirs.find(our.name);
    if (their != nullptr && their->min <= our.max && our.min <= their->max) continue;
    const std::string known = their == nullptr ? "nothing of" : "version " + range_text(*their) + " of";
    all.push_back("it knows " + known + " the " + our.name + ", and this host version " + range_text(our) +
                  ": what one writes the other could not read; stop this host and start that one");
  }
  return all;
}

std::uint32_t common_version(const Formats& ours, const Formats& theirs, std::string_view name) {
  const Format* const our = ours.find(name);
  const Format* const their = theirs.find(name);
  check(our != nullptr && their != nullptr, "both know a format that did not clash");
  return std::min(our->max, their->max);
}

}  // namespace hotline

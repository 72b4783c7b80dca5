#include "control/config_node.h"

#include <algorithm>

#include "control/config_gateway.h"

namespace hotline {

namespace {

constexpr std::size_t node_name_bytes_max = 32;
constexpr std::int64_t node_seconds_max = 300;

bool is_node_name(const std::string& name) {
  return !name.empty() && name.size() <= node_name_bytes_max &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

}  // namespace

Result<ConfiguredNode> read_node(const std::string& name,
                                 const std::map<std::string, Config::ModuleValue>& values) {
  const std::string path = "`nodes." + name + "`";
  if (!is_node_name(name)) return Error{path + " is not a node's name: up to 32 of a-z and 0-9"};
  ConfiguredNode node;
  node.name = name;
  for (const auto& [key, value] : values) {
    const auto* text = std::get_if<std::string>(&value);
    const auto* number = std::get_if<std::int64_t>(&value);
    if (key == "url" && text != nullptr) {
      node.url = *text;
    } else if (key == "timeout_seconds" && number != nullptr && *number >= 1 && *number <= node_seconds_max) {
      node.timeout_seconds = static_cast<std::uint32_t>(*number);
    } else {
      return Error{path + "." + key +
                   " is none of what a node has: `url`, a string, and `timeout_seconds`, from 1 to " +
                   std::to_string(node_seconds_max)};
    }
  }
  const std::size_t host = node.url.find("://");
  if (!is_safe_url(node.url) || node.url.find('/', host + 3) != std::string::npos)
    return Error{path +
                 ".url must be https:// and a host, or http:// and an address of this machine, with a port "
                 "and without a path"};
  return node;
}

}  // namespace hotline

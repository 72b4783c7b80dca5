#include "dispatch/stanza_comparison.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace hotline {

namespace {

constexpr std::size_t name_bytes_max = 40;

// The attributes of the root, by name, from its canonical bytes: values in single quotes, escaped.
std::map<std::string_view, std::string_view> attributes(const Stanza& stanza) {
  std::map<std::string_view, std::string_view> found;
  const std::string_view bytes = stanza.bytes();
  const std::string_view tag = bytes.substr(0, bytes.find('>'));
  for (std::size_t at = tag.find(' '); at < tag.size();) {
    const std::size_t equals = tag.find('=', at);
    const std::size_t open = tag.find('\'', at);
    if (equals == std::string_view::npos || open == std::string_view::npos) break;
    const std::size_t close = tag.find('\'', open + 1);
    if (close == std::string_view::npos) break;
    found.emplace(tag.substr(at + 1, equals - at - 1), tag.substr(open + 1, close - open - 1));
    at = tag.find(' ', close);
  }
  return found;
}

// Children of the same name and namespace, in their order.
using Children = std::map<std::pair<std::string_view, std::string_view>, std::vector<std::string_view>>;
Children children(const Stanza& stanza) {
  Children found;
  for (Stanza::Node node = stanza.first_child(0); node != Stanza::none; node = stanza.next_sibling(node))
    found[{stanza.ns(node), stanza.name(node)}].push_back(stanza.xml(node));
  return found;
}

// What both maps have under each key, to `differ`; where only one has it: which.
template <typename Map, typename Tell>
void walk(const Map& live, const Map& candidate, const Tell& tell) {
  for (const auto& [key, value] : live) {
    const auto other = candidate.find(key);
    if (other == candidate.end()) {
      tell(key, " is missing");
    } else if (other->second != value) {
      tell(key, "");
    }
  }
  for (const auto& [key, value] : candidate)
    if (!live.contains(key)) tell(key, " only the candidate");
}

}  // namespace

std::string shown_name(std::string_view name) {
  std::string shown(name.substr(0, name_bytes_max));
  std::replace_if(
      shown.begin(), shown.end(),
      [](unsigned char c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return !is_letter && c != '-' && c != '_' && c != ':' && c != '.';
      },
      '?');
  return shown;
}

std::vector<std::string> stanza_differences(const Stanza& live, const Stanza& candidate) {
  std::vector<std::string> found;
  if (live.name(0) != candidate.name(0) || live.ns(0) != candidate.ns(0)) return {"name"};
  walk(attributes(live), attributes(candidate), [&found](std::string_view name, const char* how) {
    found.push_back("attribute '" + shown_name(name) + "'" + how);
  });
  if (live.text(0) != candidate.text(0)) found.emplace_back("text");
  walk(children(live), children(candidate), [&found](const auto& name, const char* how) {
    found.push_back("child '" + shown_name(name.second) + "'" + how);
  });
  if (found.empty() && live.inner() != candidate.inner()) found.emplace_back("order of children");
  return found;
}

}  // namespace hotline

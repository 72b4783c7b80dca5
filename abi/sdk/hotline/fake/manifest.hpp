// What the fake host reads from a manifest (hotline/manifest.h has the lines).
#pragma once

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hotline/jid.hpp"
#include "hotline/str.hpp"
#include "hotline/types.h"

namespace hotline::sdk::fake {

class Manifest {
 public:
  explicit Manifest(const char* text) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
      std::istringstream in(line);
      std::vector<std::string> words;
      for (std::string word; in >> word;) words.push_back(word);
      if (words.empty()) continue;
      if (words[0] == "table" && (words.size() < 7 || words[3] != "writes" || words[5] != "reads"))
        throw std::invalid_argument("a table is said as `table NAME durable|volatile writes N reads N...`: " +
                                    line);
      lines_.push_back(std::move(words));
    }
  }

  // Whether a line begins with these words.
  bool has(const std::vector<std::string>& words) const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const auto& line) {
      return line.size() >= words.size() && std::equal(words.begin(), words.end(), line.begin());
    });
  }
  // The word behind `key` on its first line, or of all its lines.
  std::string word(const std::string& key) const {
    const std::vector<std::string> all = words(key);
    return all.empty() ? "" : all.front();
  }
  std::vector<std::string> words(const std::string& key) const {
    std::vector<std::string> found;
    for (const auto& line : lines_)
      if (line[0] == key && line.size() > 1) found.push_back(line[1]);
    return found;
  }

  // How long the path is by which this module claims the request; 0: it does not.
  std::size_t http_score(std::string_view method, std::string_view path) const {
    std::size_t best = 0;
    for (const auto& line : lines_) {
      if (line[0] != "http" || line.size() < 3 || line[1] != method || !path.starts_with(line[2])) continue;
      if (path.size() == line[2].size() || path[line[2].size()] == '/') best = std::max(best, line[2].size());
    }
    return best;
  }

  struct Where {
    bool is_logged_in = false;
    bool is_bound = false;
    std::string_view account;  // Empty before login.
    std::string_view domain;
  };
  // How strong this module's claim on the stanza is; 0: it has none. A service goes before any route.
  int score(const hl_stanza& stanza, const Where& where) const {
    const std::optional<Jid> to = Jid::parse(view(stanza.to));
    if (where.is_bound && to && to->domain.size() > where.domain.size() + 1 &&
        to->domain.ends_with("." + std::string(where.domain)) &&
        has({"service", std::string(to->domain.substr(0, to->domain.size() - where.domain.size() - 1))}))
      return 100;
    return route_score(stanza, where);
  }

 private:
  // How specific its best route is.
  int route_score(const hl_stanza& stanza, const Where& where) const {
    constexpr const char* kinds[] = {"message", "presence", "iq", "nonza"};
    int best = 0;
    for (const auto& line : lines_) {
      if (line[0] != "route" || line.size() < 3 || line[1] != kinds[stanza.kind]) continue;
      const bool has_ns = stanza.kind == HL_STANZA_IQ || stanza.kind == HL_STANZA_NONZA;
      if (line.size() < (has_ns ? 4u : 3u)) continue;
      const std::string_view ns = view(stanza.kind == HL_STANZA_IQ ? stanza.payload_ns : stanza.ns);
      if (has_ns && line[2] != "*" && line[2] != ns) continue;
      // A route is for one stage of the stream alone.
      const std::string_view stage = where.is_bound       ? ""
                                     : where.is_logged_in ? "before-bind"
                                                          : "before-login";
      const std::string_view last = line.back();
      const bool is_early = last == "before-login" || last == "before-bind";
      if ((is_early ? last : std::string_view{}) != stage) continue;
      const int address = address_score(line[has_ns ? 3 : 2], stanza, where);
      if (address > 0) best = std::max(best, address + (has_ns && line[2] != "*" ? 10 : 0));
    }
    return best;
  }

  static int address_score(const std::string& wanted, const hl_stanza& stanza, const Where& where) {
    const std::string_view to = view(stanza.to);
    if (wanted == "any") return 1;
    if (wanted == "none") return is_absent(stanza.to) ? 4 : 0;
    if (wanted == "self") return is_absent(stanza.to) || to == where.account ? 3 : 0;
    if (is_absent(stanza.to)) return 0;
    const std::optional<Jid> jid = Jid::parse(to);
    if (!jid) return 0;
    if (wanted == "domain") return to == where.domain ? 3 : 0;
    if (wanted == "bare") return jid->is_bare() && !jid->local.empty() ? 2 : 0;
    return wanted == "full" && !jid->is_bare() ? 2 : 0;
  }

  std::vector<std::vector<std::string>> lines_;
};

}  // namespace hotline::sdk::fake

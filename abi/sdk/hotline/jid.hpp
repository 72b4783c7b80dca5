// Jid: an address cut into its parts (RFC 6122 2), without preparing them.
//
// The parts are views into the text that was parsed. Two spellings of one address differ until
// crypto.prepare has been over each part (capabilities.hpp: Crypto::prepare_jid).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::sdk {

constexpr std::size_t jid_part_size_max = 1023;  // RFC 6122 2.2 to 2.4, bytes.

struct Jid {
  std::string_view text;
  std::string_view local;  // Empty when there is none.
  std::string_view domain;
  std::string_view resource;  // Empty when there is none.

  // Nothing for an empty part that was announced by its '@' or '/', or a part above its limit.
  static constexpr std::optional<Jid> parse(std::string_view text) {
    Jid jid{text, {}, {}, {}};
    const std::size_t slash = text.find('/');
    const std::string_view bare = text.substr(0, slash);
    if (slash != std::string_view::npos) {
      jid.resource = text.substr(slash + 1);
      if (jid.resource.empty()) return std::nullopt;
    }
    const std::size_t at = bare.find('@');
    if (at != std::string_view::npos) {
      jid.local = bare.substr(0, at);
      if (jid.local.empty()) return std::nullopt;
    }
    jid.domain = at == std::string_view::npos ? bare : bare.substr(at + 1);
    if (jid.domain.empty() || jid.domain.find('@') != std::string_view::npos) return std::nullopt;
    if (jid.local.size() > jid_part_size_max || jid.domain.size() > jid_part_size_max ||
        jid.resource.size() > jid_part_size_max)
      return std::nullopt;
    return jid;
  }

  // "local@domain" or "domain": the beginning of `text`.
  constexpr std::string_view bare() const {
    return resource.empty() ? text : text.substr(0, text.size() - resource.size() - 1);
  }
  constexpr bool is_bare() const { return resource.empty(); }
};

// The text of an address from its parts; an empty local or resource is left out.
inline std::string compose_jid(std::string_view local, std::string_view domain,
                               std::string_view resource = {}) {
  std::string text;
  text.reserve(local.size() + domain.size() + resource.size() + 2);
  if (!local.empty()) text.append(local).append(1, '@');
  text.append(domain);
  if (!resource.empty()) text.append(1, '/').append(resource);
  return text;
}

}  // namespace hotline::sdk

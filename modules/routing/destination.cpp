#include "destination.h"

#include <array>

namespace hotline::routing {

namespace {

enum Allowed : unsigned char { in_local = 1, in_domain = 2, in_resource = 4 };

constexpr std::array<unsigned char, 256> allowed = [] {
  std::array<unsigned char, 256> table{};
  for (unsigned c = 0x20; c < 0x7f; ++c) table[c] = in_resource;
  for (unsigned c = 0x21; c < 0x7f; ++c) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_forbidden =
        std::string_view("\"&'/:<>@").find(static_cast<char>(c)) != std::string_view::npos;
    if (!is_upper && !is_forbidden) table[c] |= in_local;  // RFC 6122, appendix A.5.
    const bool is_name = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (is_name) table[c] |= in_domain;
  }
  return table;
}();

bool is_all(std::string_view text, Allowed where) {
  for (const char c : text)
    if ((allowed[static_cast<unsigned char>(c)] & where) == 0) return false;
  return true;
}

}  // namespace

bool is_prepared_ascii(const sdk::Jid& jid) {
  return is_all(jid.local, in_local) && is_all(jid.domain, in_domain) && is_all(jid.resource, in_resource);
}

Destination::Destination(const sdk::Crypto& crypto, std::string_view domain, std::string_view to,
                         std::string_view own_account) {
  if (sdk::is_absent(to)) {
    kind = Kind::account;
    is_respelled = true;
    bare = own_account;
    text = own_account;
    return;
  }
  const std::optional<sdk::Jid> jid = sdk::Jid::parse(to);
  if (!jid) return;
  if (is_prepared_ascii(*jid)) {
    read(*jid, domain);
    return;
  }
  std::optional<std::string> prepared = crypto.prepare_jid(to);
  if (!prepared) return;
  text = *std::move(prepared);
  is_respelled = text != to;
  if (const std::optional<sdk::Jid> again = sdk::Jid::parse(text)) read(*again, domain);
}

void Destination::read(const sdk::Jid& jid, std::string_view domain) {
  bare = jid.bare();
  resource = jid.resource;
  if (jid.domain != domain)
    kind = Kind::elsewhere;
  else
    kind = jid.local.empty() ? Kind::domain : Kind::account;
}

}  // namespace hotline::routing

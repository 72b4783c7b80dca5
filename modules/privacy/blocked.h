// Blocked: whom an account does not want to hear from (XEP-0191), as everybody sees it who passes a stanza
// on.
//
//     table "blocked"   durable, schema 1   key: a prepared address, in one of four forms   value: nothing
//
// Written by privacy. Read by routing before a message is queued, by presence and by groups; the rows are the
// host's, so all go on when privacy is not there, and neither asks the other.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace hotline::blocking {

constexpr std::string_view table_name = "blocked";

class Blocked {
 public:
  explicit Blocked(const hl_host* host) : rows_(sdk::Tables(host).open(table_name)) {}

  // Whether `address`, a prepared one, falls under the list of `account`. Nobody blocks themselves. At the
  // account's home.
  bool covers(std::string_view account, std::string_view address) const {
    if (rows_.count(account) == 0) return false;  // Most block nobody: one look, and no more.
    const std::optional<sdk::Jid> jid = sdk::Jid::parse(address);
    if (!jid || jid->bare() == account) return false;
    // XEP-0191 2: the full address, the bare one, the domain with the resource, the domain.
    return has(account, jid->text) || has(account, jid->bare()) || has(account, jid->domain) ||
           (!jid->resource.empty() && !jid->local.empty() &&
            has(account, sdk::compose_jid({}, jid->domain, jid->resource)));
  }
  // The same of one address of the list, for who was told that it has changed.
  static bool matches(std::string_view listed, std::string_view address) {
    const std::optional<sdk::Jid> jid = sdk::Jid::parse(address);
    return jid && (listed == jid->text || listed == jid->bare() || listed == jid->domain);
  }

 private:
  bool has(std::string_view account, std::string_view key) const {
    return rows_.get(account, key).has_value();
  }

  sdk::Table rows_;
};

// What the user's own server says to a stanza for somebody whom the user blocks (XEP-0191 3.3).
inline std::string blocked_error(const hl_stanza& stanza) {
  return sdk::stanza_error(stanza, "cancel", "not-acceptable", "you block this address: unblock it first",
                           "<blocked xmlns='urn:xmpp:blocking:errors'/>");
}

}  // namespace hotline::blocking

// Features: what a stream that is logged in offers (RFC 6120 4.3.2), and how much waits for its account.
//
// <pending xmlns='urn:hotline:pending:0' count='67'/> says how many messages are in the account's mailbox, so
// that a client can show how far it is when they come, with its first presence. A stream feature, since a
// client passes over those it does not know; XEP-0013 has a count too, and takes the draining from the server
// for it.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace hotline::session {

constexpr std::string_view bind_ns = "urn:ietf:params:xml:ns:xmpp-bind";
constexpr std::string_view legacy_session_ns = "urn:ietf:params:xml:ns:xmpp-session";
constexpr std::string_view pending_ns = "urn:hotline:pending:0";

class Features {
 public:
  explicit Features(const hl_host* host) : config_(host), mailboxes_(host) {}

  enum class Stream { unbound, bound, managed };  // The last: bound, with stream management.
  std::string after_login(std::string_view account, Stream stream) const;
  // Whether a live module has this feature.
  bool has(std::string_view feature) const;

 private:
  sdk::Config config_;
  sdk::Mailboxes mailboxes_;
};

}  // namespace hotline::session

// Welcome: what follows a login by SASL2 (XEP-0388 2.6.1), in the same call: an old session is taken up
// (XEP-0198), or a resource bound with all that was wished for (XEP-0386), and a token given for the next
// time (XEP-0484). The client gets one <success/> that says all of it.
//
//     resumed          success with <resumed/>, then what it has not had; no features
//     not resumed      success with <failed/>, and on with its wish to bind
//     bound            success with <bound/>, then features
//     neither          success, then features, and a bind by RFC 6120 7 to follow
//
// Whoever has as many sessions as it may is logged in and not bound: the bind that it then tries is refused
// with the reason.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "session/fast.h"
#include "session/features.h"
#include "session/secret.h"
#include "session/stream_management.h"
#include "session/unbound.h"
#include "session/wishes.h"

namespace hotline::session {

constexpr std::string_view sasl2_ns = "urn:xmpp:sasl:2";

class Welcome {
 public:
  Welcome(const hl_host* host, FastTokens& tokens);

  // False where the host has nothing by which a stream goes on after its login: no SASL2 then.
  bool is_possible() const { return logins_.has_value(); }
  // <inline/>: what may be wished for. `fast`: the mechanisms that a token may be for, as XML.
  void write_inline(sdk::Xml& xml, std::string_view fast) const;

  struct Guest {
    hl_stream stream = 0;
    std::string_view account;
    std::string_view data;  // The mechanism's last word, in Base64; empty: none.
    std::string_view account_row;
    const Wishes& wishes;
  };
  // HL_E_GONE: the stream is.
  sdk::Status receive(const Guest& guest);

 private:
  std::string token_for(const Guest& guest);
  sdk::Status bind(const Guest& guest, std::string_view failed, std::string_view token);
  // Binds by RFC 6120 7, or not at all.
  sdk::Status leave_unbound(const Guest& guest, std::string_view failed, std::string_view token);
  std::string own_part(const Guest& guest);
  std::string resource_of(const Guest& guest, std::string_view own) const;
  void end_earlier(const Guest& guest, std::string_view own, std::string_view resource) const;
  void set_wishes(hl_session session, const Wishes& wishes) const;

  sdk::Streams streams_;
  sdk::Sessions sessions_;
  sdk::Crypto crypto_;
  sdk::Random random_;
  std::optional<sdk::Logins> logins_;
  FastTokens& tokens_;
  Features features_;
  StreamManagement stream_management_;
  Secret secret_;
  Unbound unbound_;
  sdk::Field carbons_;
  sdk::Field client_state_;
};

}  // namespace hotline::session

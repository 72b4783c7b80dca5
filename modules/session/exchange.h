// Exchange: a login between two of the client's elements, as it is kept in the stream's scratch.
//
//     '1' state fields          SASL (RFC 6120 6)
//     '2' state fields wishes   SASL2 (XEP-0388)
//
// Another generation may read it. One that does not know a form has the client try again: an answer in the
// other profile's words would mislead it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "session/fields.h"

namespace hotline::session {

// Which words a login is made in.
enum class Profile : char { sasl = '1', sasl2 = '2' };

struct Exchange {
  enum class State : char {
    none = '0',
    chosen = 'c',    // The mechanism is; its first data is awaited.
    scram = 's',     // The client's final message is awaited.
    password = 'p',  // The password's key is being computed.
  };
  Profile profile = Profile::sasl;
  State state = State::none;
  std::string_view mechanism;
  std::string_view account;
  std::string_view gs2_header, client_first_bare, server_first, nonce;  // SCRAM.
  std::string_view token;                                               // PLAIN.
  std::string_view wishes;  // SASL2: what goes with the login (wishes.h).

  std::string encode() const {
    std::string out(1, static_cast<char>(profile));
    out.append(1, static_cast<char>(state));
    for (const std::string_view field :
         {mechanism, account, gs2_header, client_first_bare, server_first, nonce, token})
      append_field(out, field);
    if (profile == Profile::sasl2) append_field(out, wishes);
    return out;
  }
  // Views into `bytes`. Nothing when they are another generation's that we do not know.
  static std::optional<Exchange> decode(std::string_view bytes) {
    Exchange exchange;
    if (bytes.empty()) return exchange;
    if (bytes.size() < 2 || (bytes[0] != '1' && bytes[0] != '2')) return std::nullopt;
    exchange.profile = static_cast<Profile>(bytes[0]);
    exchange.state = static_cast<State>(bytes[1]);
    bytes.remove_prefix(2);
    for (std::string_view* field :
         {&exchange.mechanism, &exchange.account, &exchange.gs2_header, &exchange.client_first_bare,
          &exchange.server_first, &exchange.nonce, &exchange.token}) {
      const auto taken = take_field(bytes);
      if (!taken) return std::nullopt;
      *field = *taken;
    }
    if (exchange.profile == Profile::sasl) return exchange;
    const auto wishes = take_field(bytes);
    if (!wishes) return std::nullopt;
    exchange.wishes = *wishes;
    return exchange;
  }
};

}  // namespace hotline::session

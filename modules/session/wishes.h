// Wishes: what a client asks for together with its login (XEP-0388 2.6): a resource and what goes with it
// (XEP-0386), an old session (XEP-0198), a token for the next time (XEP-0484).
//
// They are kept with the exchange until it has succeeded, so each is bounded. A wish that cannot be read is
// refused with the login; elements that nobody here knows are passed over.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "session/fast_row.h"

namespace hotline::session {

constexpr std::string_view bind2_ns = "urn:xmpp:bind:0";
constexpr std::string_view fast_ns = "urn:xmpp:fast:0";
constexpr std::string_view carbons_ns = "urn:xmpp:carbons:2";
constexpr std::string_view client_state_ns = "urn:xmpp:csi:0";

struct Wishes {
  std::string_view client;  // Of <user-agent id=''/>: one installation of a client. Empty: it did not say.

  bool binds = false;
  std::string_view tag;  // For the resource. Empty: none, or none that a resource may have.
  bool wants_carbons = false;
  bool is_inactive = false;  // XEP-0352.
  bool wants_sm = false;
  bool wants_resumption = false;
  std::uint32_t resume_s = 0;  // At most.

  bool resumes = false;
  std::string_view previous;  // The session's id.
  std::uint32_t handled = 0;  // h.

  std::optional<fast::Kind> wants_token;
  bool has_token = false;   // It logs in with one.
  bool ends_token = false;  // And is done with it.

  // Views into `authenticate`'s stanza. Nothing when it cannot be read.
  static std::optional<Wishes> read(const sdk::Element& authenticate);
  std::string encode() const;
  // Views into `bytes`.
  static std::optional<Wishes> decode(std::string_view bytes);
};

}  // namespace hotline::session

// Queries: what anybody may ask the host itself or its own account: XEP-0199 ping, XEP-0030 disco, XEP-0092
// version, XEP-0202 time.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace hotline::session {

class Queries {
 public:
  explicit Queries(const hl_host* host);

  // An iq of one of their namespaces. HL_E_NONE when it is of none.
  sdk::Status on_iq(const hl_stanza_event& event);
  // Asks a client for a sign of life (XEP-0199 4.1). Whatever it answers will do, an error too.
  sdk::Status ping(hl_session session);

 private:
  bool is_to_domain(const hl_stanza& iq) const { return sdk::view(iq.to) == config_.domain(); }
  sdk::Status reply(const hl_stanza_event& event, const std::string& answer);
  // A client's answer to what profile has asked it: which events it wants (XEP-0163 4.2).
  void tell_profile(const hl_stanza_event& event) const;
  std::string disco_info(const hl_stanza& iq) const;
  std::string disco_items(const hl_stanza& iq) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Config config_;
  sdk::Clock clock_;
};

}  // namespace hotline::session

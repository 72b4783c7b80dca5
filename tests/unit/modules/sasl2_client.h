// The client's side of a login by SASL2 (XEP-0388), for the session module's tests.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "session_client.h"

namespace hotline::session::test {

inline constexpr std::string_view client_id = "d4565fa7-4d72-4749-b3d3-740edbf87770";

inline std::string sasl2(std::string_view name, std::string_view data) {
  return "<" + std::string(name) + " xmlns='urn:xmpp:sasl:2'>" + base64_encode(data) + "</" +
         std::string(name) + ">";
}

inline std::string user_agent(std::string_view id = client_id) {
  return "<user-agent id='" + std::string(id) + "'><software>Play</software></user-agent>";
}

// <authenticate/>, with `wishes` (XML) beside the initial response.
inline std::string authenticate(std::string_view mechanism, std::string_view initial,
                                std::string_view wishes = {}) {
  return "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='" + std::string(mechanism) +
         "'><initial-response>" + base64_encode(initial) + "</initial-response>" + std::string(wishes) +
         "</authenticate>";
}

// What stands between two texts; empty when they are not there.
inline std::string between(std::string_view text, std::string_view before, std::string_view behind) {
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return {};
  const std::size_t end = text.find(behind, at + before.size());
  return std::string(text.substr(at + before.size(), end - at - before.size()));
}

// A whole login by SCRAM-SHA-256 with its wishes; all that the host sent behind the challenge.
inline std::vector<std::string> log_in2(sdk::FakeHost& host, hl_stream stream, ScramClient& client,
                                        std::string_view wishes = {}) {
  const std::string challenge = answer(host, stream, authenticate("SCRAM-SHA-256", client.first(), wishes));
  if (!challenge.starts_with("<challenge xmlns='urn:xmpp:sasl:2'>")) return {challenge};
  host.receive(stream, sasl2("response", client.final(decoded(challenge))));
  return host.stream_sent(stream);
}

inline std::string token_in(const std::string& success) {
  return between(success, "token='", "'");
}

// The client's one message with a token.
inline std::string token_message(std::string_view user, std::string_view token,
                                 std::string_view channel_data = {}) {
  return std::string(user) + '\0' +
         fake::hmac(HL_DIGEST_SHA256, token, "Initiator" + std::string(channel_data));
}

inline std::string failure2(std::string_view condition) {
  return "<failure xmlns='urn:xmpp:sasl:2'><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
}

}  // namespace hotline::session::test

// Outgoing: what a room says to people, at their homes. What does not fit into a home that is full is not
// worth an error, but for messages: those are refused (spread() and send() answer HL_E_FULL).
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hotline::groups {

// A stanza error: its type, its condition, and words for people.
struct Refusal {
  std::string_view type, condition;
  std::string text = {};
};

inline Refusal overloaded() {
  return {"wait", "resource-constraint", "the server is overloaded: try again later"};
}

// What somebody gives as the reason for what they do, and others are told with it. Refused, not cut: half a
// character would end the stream of everybody who gets it.
inline std::optional<Refusal> refusal_of_reason(std::string_view reason) {
  constexpr std::size_t reason_size_max = 1024;
  if (reason.size() <= reason_size_max) return std::nullopt;
  return Refusal{"modify", "policy-violation", "a reason has at most 1024 bytes"};
}

std::string error_of(const hl_stanza& stanza, const Refusal& why);
// For who blocks whom the stanza is for.
std::string blocked_error_of(const hl_stanza& stanza);

class Outgoing {
 public:
  explicit Outgoing(const hl_host* host) : posts_(host), stanzas_(host) {}

  // The result of an iq, or why a stanza is refused, to the session that sent it.
  void answer(const hl_stanza& iq, std::string_view inner = {}) const;
  void refuse(const hl_stanza& stanza, const Refusal& why) const;
  // A stanza with its address, to one session.
  void give(std::string_view account, std::string_view resource, std::string_view xml) const;
  // That session is in the room from now on, or no longer; with what it is told at that moment.
  void entered(std::string_view account, std::string_view resource, std::string_view room,
               const std::vector<std::string>& stanzas) const;
  void departed(std::string_view account, std::string_view resource, std::string_view room,
                std::string_view xml) const;
  // One stanza without `to`, parsed once: kept for some accounts until they have accepted it, live for
  // others. HL_E_FULL: nobody gets it. HL_E_INVALID: the stanza has grown beyond what the host takes.
  using Accounts = std::vector<std::string_view>;
  [[nodiscard]] sdk::Status spread(const Accounts& staying, const Accounts& others,
                                   std::string_view xml) const;
  // Bytes to any home.
  void tell(std::string_view account, std::uint32_t topic, std::string_view bytes) const {
    static_cast<void>(posts_.bytes(account, topic, bytes));
  }
  // An invitation or what declines it, with its address: from its receiver's home on it is routing's, and
  // like one from a person there: kept, blocked, copied as such.
  [[nodiscard]] sdk::Status route(std::string_view account, std::string_view xml) const;

 private:
  sdk::Posts posts_;
  sdk::Stanzas stanzas_;
};

}  // namespace hotline::groups

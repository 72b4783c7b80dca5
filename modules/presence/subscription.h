// The state of a presence subscription, and how the four stanzas change it: RFC 6121 appendix A, as tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hotline::presence {

// As the account sees its contact. "Out": it has asked; "in": the contact has asked.
enum class State : std::uint8_t {
  none,
  none_out,
  none_in,
  none_out_in,
  to,
  to_in,
  from,
  from_out,
  both,
};
constexpr int state_count = 9;

enum class Request : std::uint8_t { subscribe, unsubscribe, subscribed, unsubscribed };

struct Step {
  bool passes;  // Outbound: it is sent on to the contact. Inbound: it is delivered to the user.
  State next;
};

Step outbound(State state, Request request);  // A.2
Step inbound(State state, Request request);   // A.3

// Nothing for a type of presence that is none of the four.
std::optional<Request> request_of(std::string_view type);
std::string_view text(Request request);

constexpr bool has_to(State s) {
  return s == State::to || s == State::to_in || s == State::both;
}
constexpr bool has_from(State s) {
  return s == State::from || s == State::from_out || s == State::both;
}
constexpr bool is_pending_out(State s) {
  return s == State::none_out || s == State::none_out_in || s == State::from_out;
}
constexpr bool is_pending_in(State s) {
  return s == State::none_in || s == State::none_out_in || s == State::to_in;
}
// The roster's word for it: none, to, from, both.
std::string_view subscription_text(State state);

}  // namespace hotline::presence

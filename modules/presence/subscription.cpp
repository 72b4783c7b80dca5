#include "subscription.h"

#include <array>

namespace hotline::presence {

namespace {

using enum State;
using Row = std::array<Step, state_count>;  // By State.
using Table = std::array<Row, 4>;           // By Request.

// In each row: none, none_out, none_in, none_out_in, to, to_in, from, from_out, both.

// Who says `unsubscribed` and who hears `unsubscribe` forget the same: the contact sees them no more (A.2.4,
// A.3.2).
constexpr Row contact_sees_no_more = {{{false, none},
                                       {false, none_out},
                                       {true, none},
                                       {true, none_out},
                                       {false, to},
                                       {true, to},
                                       {true, none},
                                       {true, none_out},
                                       {true, to}}};

constexpr Table outbound_steps = {{
    // subscribe, A.2.1
    {{{true, none_out},
      {true, none_out},
      {true, none_out_in},
      {true, none_out_in},
      {true, to},
      {true, to_in},
      {true, from_out},
      {true, from_out},
      {true, both}}},
    // unsubscribe, A.2.2
    {{{true, none},
      {true, none},
      {true, none_in},
      {true, none_in},
      {true, none},
      {true, none_in},
      {true, from},
      {true, from},
      {true, from}}},
    // subscribed, A.2.3
    {{{false, none},
      {false, none_out},
      {true, from},
      {true, from_out},
      {false, to},
      {true, both},
      {false, from},
      {false, from_out},
      {false, both}}},
    contact_sees_no_more,
}};

constexpr Table inbound_steps = {{
    // subscribe, A.3.1
    {{{true, none_in},
      {true, none_out_in},
      {false, none_in},
      {false, none_out_in},
      {true, to_in},
      {false, to_in},
      {false, from},
      {false, from_out},
      {false, both}}},
    contact_sees_no_more,
    // subscribed, A.3.3
    {{{false, none},
      {true, to},
      {false, none_in},
      {true, to_in},
      {false, to},
      {false, to_in},
      {false, from},
      {true, both},
      {false, both}}},
    // unsubscribed, A.3.4
    {{{false, none},
      {true, none},
      {false, none_in},
      {true, none_in},
      {true, none},
      {true, none_in},
      {false, from},
      {true, from},
      {true, from}}},
}};

Step step(const Table& table, State state, Request request) {
  return table[static_cast<std::size_t>(request)][static_cast<std::size_t>(state)];
}

constexpr std::string_view words[] = {"subscribe", "unsubscribe", "subscribed", "unsubscribed"};

}  // namespace

Step outbound(State state, Request request) {
  return step(outbound_steps, state, request);
}

Step inbound(State state, Request request) {
  return step(inbound_steps, state, request);
}

std::optional<Request> request_of(std::string_view type) {
  for (int i = 0; i < 4; ++i)
    if (type == words[i]) return static_cast<Request>(i);
  return std::nullopt;
}

std::string_view text(Request request) {
  return words[static_cast<int>(request)];
}

std::string_view subscription_text(State state) {
  if (state == both) return "both";
  if (has_to(state)) return "to";
  return has_from(state) ? "from" : "none";
}

}  // namespace hotline::presence

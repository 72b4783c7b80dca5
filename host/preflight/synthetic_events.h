// Synthetic events: one or more for everything a manifest claims, so that each callback of a module is called
// before a client calls it.
//
// They are well formed and mean nothing: a module may ignore them, refuse them to the peer, or answer them;
// it may not fail. What a module does with meaningful events is its own tests' business.
//
// [child]
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hotline/fake_host.hpp"
#include "push/manifest.h"

namespace hotline::preflight {

struct SyntheticEvent {
  std::string name;  // "on_stanza for iq jabber:iq:roster self"
  std::function<sdk::Status(sdk::FakeHost&)> offer;
};

// The streams and sessions that the events come from. Made anew for each rehearsal.
struct Cast {
  hl_stream stranger = 0;  // Before login.
  hl_stream newcomer = 0;  // Logged in, nothing bound.
  hl_session anna = 0;     // Bound, as are
  hl_session bert = 0;     // these two: anna writes to bert.
  static Cast on(sdk::FakeHost& host);
};

// What reaches a service: every stanza to its domain and the addresses in it.
std::vector<Route> service_routes();
std::vector<std::string> service_addresses(const std::string& service);

// As a client of that stage of a stream sends it.
sdk::Status offer_element(sdk::FakeHost& host, const Cast& cast, When when, const std::string& xml);

// As the host gives it to the module that claims it.
sdk::Status offer_request(sdk::FakeHost& host, const sdk::FakeHost::HttpAsk& ask);

std::vector<SyntheticEvent> synthetic_events(const Manifest& manifest, const Cast& cast);

}  // namespace hotline::preflight

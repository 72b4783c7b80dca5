// Stage: the fake host with one instance of the module in it, and the state that every event begins with.
//
// [child]
#pragma once

#include <string>
#include <vector>

#include "hotline/fake_host.hpp"
#include "preflight/synthetic_events.h"
#include "push/live_target.h"

namespace hotline::preflight {

void configure(sdk::FakeHost& host, const ModuleFacts& facts);
// What the module logged last, in words that follow others: an SDK's entry writes there what an exception
// said.
std::string logged(const sdk::FakeHost& host);

class Stage {
 public:
  Stage(const Manifest& manifest, const ModuleFacts& facts) : manifest_(manifest) { configure(host, facts); }

  // Streams and sessions come, as they do: on_stream is called. After the module was loaded.
  void set();
  // Everything as it was then.
  void rewind();
  // The event and what follows from it; the first answer that is a fault, else the event's own.
  sdk::Status offer(const SyntheticEvent& event);
  const Cast& cast() const { return cast_; }

  sdk::FakeHost host;
  std::vector<SyntheticEvent> events;

 private:
  const Manifest& manifest_;
  Cast cast_;
  sdk::fake::State begin_;
};

}  // namespace hotline::preflight

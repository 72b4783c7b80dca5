// Places of requests that are passed on. (What goes over sockets is in tests/push/nodes.py.)
#include "outbox/relay.h"

#include <doctest/doctest.h>

#include <future>

#include "base/log.h"

using namespace hotline;

TEST_CASE("relay: one peer gets an eighth of the places, and has them again when its requests are over") {
  constexpr std::size_t share = Relay::transfers_max / 8;
  std::promise<void> is_held, may_go_on, all_ended;
  std::atomic<std::size_t> ended{0};
  SystemClock clock;
  log::set_level(log::Level::warning);  // Each end is a line.
  // Where nobody listens. What is said of the first request holds up the relay, and all others with it.
  Relay relay({{"two", "http://127.0.0.1:1"}}, clock);
  const auto begin = [&](std::uint64_t number, const char* peer) {
    return relay.begin(number, {.node = "two", .method = "GET", .path = "/", .taker = {peer}},
                       {.wants = [] {},
                        .answer = [](RelayAnswer) {},
                        .part = [](std::string) {},
                        .ended =
                            [&, number](RelayEnd end) {
                              CHECK(end == RelayEnd::unreachable);
                              if (number == 0) {
                                is_held.set_value();
                                may_go_on.get_future().wait();
                              } else if (++ended == share + 1) {
                                all_ended.set_value();
                              }
                            }});
  };
  CHECK(begin(0, "192.0.2.9") == FairPlaces::Outcome::taken);
  is_held.get_future().wait();
  for (std::size_t number = 1; number <= share; ++number)
    CHECK(begin(number, "192.0.2.1") == FairPlaces::Outcome::taken);
  CHECK(begin(1'000, "192.0.2.1") == FairPlaces::Outcome::share_used_up);
  CHECK(begin(1'001, "192.0.2.2") == FairPlaces::Outcome::taken);
  may_go_on.set_value();
  all_ended.get_future().wait();
  CHECK(begin(1'002, "192.0.2.1") == FairPlaces::Outcome::taken);
  log::set_level(log::Level::info);
}

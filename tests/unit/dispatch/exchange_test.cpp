// Two clients exchange messages while connections are cut and resumed, the disk dawdles, code is swapped, and
// people come and go, and their partitions from shard to shard: exactly once and in order to whoever resumes,
// or still in the mailbox.
//
// A failing seed prints itself; HOTLINE_SEED=<seed> runs it alone, and it does the same again.
#include <doctest/doctest.h>

#include "unit/dispatch/play.h"

namespace hotline::test {
namespace {

constexpr int exchange_steps = 400;

TEST_CASE("exchange: whatever happens short of a crash, each message comes exactly once and in order") {
  std::uint64_t swaps = 0, messages = 0, resumed = 0, annotated = 0, moves = 0;
  const std::vector<std::uint64_t> seeds = sim::seeds(200);
  for (const std::uint64_t seed : seeds) {
    sim::Play play(seed, sim::Play::Kind::exchange);
    const std::string wrong = play.run(exchange_steps);
    INFO("HOTLINE_SEED=" << seed);
    CHECK(wrong == "");
    swaps += play.swaps();
    messages += play.messages();
    resumed += play.resumed();
    annotated += play.annotated();
    moves += play.moves();
  }
  // The histories are about something.
  MESSAGE(messages << " messages, " << resumed << " resumptions, " << swaps << " swaps, " << annotated
                   << " messages through the pushed routing, " << moves << " moves");
  if (seeds.size() == 1) return;
  CHECK(messages > 15 * seeds.size());
  CHECK(2 * resumed > 3 * seeds.size());
  CHECK(2 * swaps > seeds.size());
  CHECK(2 * annotated > seeds.size());
  CHECK(moves > seeds.size());
}

// The checks can fail.
TEST_CASE("exchange: a message that is accepted and then forgotten is noticed") {
  int noticed = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    sim::Play play(seed, sim::Play::Kind::exchange);
    play.client(1).become_forgetful();
    if (play.run(exchange_steps).find("is lost") != std::string::npos) ++noticed;
  }
  CHECK(noticed >= 5);
}

TEST_CASE("exchange: a seed is a history: run again, it is the same") {
  const auto history = [](std::uint64_t seed) {
    sim::Play play(seed, sim::Play::Kind::exchange);
    play.run(exchange_steps);
    return std::tuple(play.messages(), play.resumed(), play.swaps(), play.annotated(),
                      play.world().clock.mono_us());
  };
  CHECK(history(11) == history(11));
  CHECK(history(11) != history(12));
}

}  // namespace
}  // namespace hotline::test

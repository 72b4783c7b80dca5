// Both machines on a simulated pair of processes: messages in order, deeds that take their time, deaths and
// second thoughts at any step. After each step no partition's keys are used by two; at the end the survivor
// serves all of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <bitset>
#include <deque>
#include <random>

#include "upgrade/giving.h"
#include "upgrade/taking.h"

using namespace hotline;
using namespace hotline::upgrade;

namespace {

// What one process has of the partitions, as shards would.
struct Process {
  bool is_dead = false, has_ended = false, has_store = false, accepts = false;
  bool gave_up = false, has_failed = false, is_alone = false, has_paid = false;
  std::bitset<partition_count> lives, has_frozen, has_bytes;
  std::deque<Deed> doing;    // Begun, and not done.
  std::deque<Message> said;  // On its way to the other.
  explicit Process(bool has_all) {
    if (has_all) lives.set();
  }
  bool is_up() const { return !is_dead && !has_ended; }
};

class World {
 public:
  explicit World(std::uint32_t seed) : chance_(seed) {
    a.has_store = a.accepts = true;
    do_all(a, giving.begin());
  }

  // False: nothing is left to do.
  bool step() {
    std::vector<int> can;
    if (b.is_up() && !a.said.empty()) can.push_back(0);
    if (a.is_up() && !b.said.empty()) can.push_back(1);
    const bool only_waits = is_patient && !a.doing.empty() && a.doing.front().act == Act::await_debts;
    if (a.is_up() && !a.doing.empty() && !only_waits) can.push_back(2);
    if (b.is_up() && !b.doing.empty()) can.push_back(3);
    if (can.empty()) {
      if (a.is_up() && !b.is_up() && giving.phase() != Giving::Phase::over) {
        do_all(a, giving.died("its socket ended"));
        return true;
      }
      if (b.is_up() && !a.is_up() && !b_knows_) {
        b_knows_ = true;
        do_all(b, taking.died("its socket ended"));
        return true;
      }
      return false;
    }
    switch (can[chance_() % can.size()]) {
      case 0: do_all(b, taking.heard(take(a.said))); break;
      case 1: do_all(a, giving.heard(take(b.said))); break;
      case 2: done(a, giving); break;
      case 3: done(b, taking); break;
    }
    if (a.is_up() && b.is_up() && (a.lives & b.lives).any()) FAIL("a partition is used by two");
    return true;
  }
  void run() {
    for (int steps = 0; step(); ++steps) REQUIRE(steps < 100'000);
  }
  void kill(Process& process) {
    process.is_dead = true;
    process.doing.clear();  // What it had said still arrives.
  }
  void go_back() { do_all(a, giving.go_back("the operator stays")); }

  static void serves_all(const Process& process) {
    CHECK(process.lives.all());
    CHECK(process.has_store);
    CHECK(process.accepts);
    CHECK(process.has_bytes.none());
    CHECK(process.has_frozen.none());
  }

  Process a{true}, b{false};
  Giving giving{Offer{}};
  Taking taking{Hello{}};
  std::string fails_at_unpack;   // Not empty: the next one does.
  bool fails_to_close = false;   // The store.
  bool fails_to_freeze = false;  // The next one.
  bool is_patient = false;       // The old process waits for what it is owed as long as it takes.

 private:
  static Message take(std::deque<Message>& from) {
    Message first = std::move(from.front());
    from.pop_front();
    return first;
  }

  void do_all(Process& who, const Deeds& deeds) {
    for (const Deed& deed : deeds) {
      switch (deed.act) {
        case Act::say: who.said.push_back(deed.message); break;
        case Act::carry: carry(who, deed.partition); break;
        case Act::give:
          REQUIRE(who.has_frozen[deed.partition]);
          who.has_frozen[deed.partition] = false;
          who.said.emplace_back(Go{deed.partition});
          break;
        case Act::load:
          REQUIRE(who.has_store);
          REQUIRE_FALSE(who.lives[deed.partition]);
          who.lives[deed.partition] = true;
          break;
        case Act::expect_no_more: who.has_bytes[deed.partition] = false; break;
        case Act::reap: kill(&who == &a ? b : a); break;
        case Act::end: who.has_ended = true; break;
        case Act::give_up: who.has_ended = who.gave_up = true; break;
        case Act::failed:
          REQUIRE(std::ranges::none_of(
              who.doing, [](const Deed& its) { return its.act == Act::freeze || its.act == Act::resume; }));
          who.has_failed = true;
          break;
        case Act::serve_alone: who.is_alone = true; break;
        case Act::take_doors_back: who.accepts = true; break;
        case Act::hand_doors:
          who.accepts = false;
          who.said.emplace_back(Doors{0, 3, 5, "keys"});
          who.said.emplace_back(Doors{3, 2, 5, ""});
          break;
        default: who.doing.push_back(deed);
      }
    }
  }
  static void carry(Process& who, std::uint16_t partition) {
    REQUIRE(who.has_frozen[partition]);
    who.said.emplace_back(Carry{partition, false, "some"});
    who.said.emplace_back(Carry{partition, true, "rest"});
  }

  template <typename Machine>
  void done(Process& who, Machine& machine) {
    const std::size_t which = chance_() % who.doing.size();
    const Deed deed = who.doing[which];
    who.doing.erase(who.doing.begin() + static_cast<std::ptrdiff_t>(which));
    const std::uint16_t p = deed.partition;
    switch (deed.act) {
      case Act::freeze:
        REQUIRE(who.lives[p]);
        if (std::exchange(fails_to_freeze, false))
          return do_all(who, machine.could_not(deed.act, p, "another one moves"));
        who.lives[p] = false;
        who.has_frozen[p] = true;
        break;
      case Act::resume:
        REQUIRE(who.has_frozen[p]);
        who.has_frozen[p] = false;
        who.lives[p] = true;
        break;
      case Act::unpack:
        if (!fails_at_unpack.empty())
          return do_all(who, machine.could_not(deed.act, p, std::exchange(fails_at_unpack, {})));
        // Given up meanwhile: then what comes of it is dropped at once.
        who.has_bytes[p] = machine.crossing().place(p) == Place::unpacking;
        break;
      case Act::put_in:
        REQUIRE(who.has_bytes[p]);
        who.has_bytes[p] = false;
        who.lives[p] = true;
        break;
      case Act::close_store:
        if (fails_to_close) return do_all(who, machine.could_not(deed.act, p, "the store is slow"));
        who.has_store = false;
        break;
      case Act::open_store:
        REQUIRE_FALSE((a.is_up() && a.has_store));
        who.has_store = true;
        break;
      case Act::open_doors: who.accepts = true; break;
      case Act::pay_debts: who.has_paid = true; break;
      default: break;
    }
    do_all(who, machine.did(deed.act, p));
  }

  std::minstd_rand chance_;
  bool b_knows_ = false;
};

// Whoever is left after a death at that step.
void ends_well(World& world) {
  world.run();
  if (world.a.is_up()) {
    CHECK(world.giving.phase() == Giving::Phase::over);
    CHECK(world.a.has_failed);
    CHECK_FALSE(world.b.is_up());
    World::serves_all(world.a);
  } else if (world.b.is_up()) {
    CHECK(world.b.is_alone);
    World::serves_all(world.b);
  } else {
    // Neither: the supervisor starts anew. Only before B could serve, or when the store was on its way.
    CHECK((world.taking.phase() == Taking::Phase::ended || world.a.gave_up || world.a.has_ended));
  }
}

}  // namespace

TEST_CASE("upgrade: the new process ends with all partitions, the store and the doors") {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    World world(seed);
    world.run();
    CHECK(world.giving.has_succeeded());
    CHECK(world.a.has_ended);
    CHECK(world.b.is_alone);
    CHECK(world.a.lives.none());
    World::serves_all(world.b);
  }
}

TEST_CASE("upgrade: whoever dies at any step, the other one serves all of it") {
  // The first partitions take every kind of step; the last ones, and the store, come behind some 3,000.
  for (const bool a_dies : {true, false}) {
    for (std::uint32_t at = 0; at < 140; at += 2) {
      CAPTURE(a_dies);
      CAPTURE(at);
      World world(at + 1);
      for (std::uint32_t steps = 0; steps < at; ++steps) world.step();
      world.kill(a_dies ? world.a : world.b);
      ends_well(world);
    }
    for (std::uint32_t left = 0; left < 40; left += 2) {
      CAPTURE(a_dies);
      CAPTURE(left);
      World world(left + 1);
      while (world.giving.given() < partition_count - 1) world.step();
      for (std::uint32_t steps = 0; steps < left; ++steps) world.step();
      if (!(a_dies ? world.a : world.b).is_up()) continue;
      world.kill(a_dies ? world.a : world.b);
      ends_well(world);
    }
  }
}

TEST_CASE(
    "upgrade: the operator's second thoughts bring every partition back while the old process has the "
    "store") {
  for (std::uint32_t at = 0; at < 100; at += 3) {
    CAPTURE(at);
    World world(at + 1);
    for (std::uint32_t steps = 0; steps < at * 3; ++steps) world.step();
    world.go_back();
    world.run();
    REQUIRE(world.a.is_up());
    CHECK(world.a.has_failed);
    CHECK(world.giving.why() == "the operator stays");
    CHECK_FALSE(world.b.is_up());
    World::serves_all(world.a);
  }
}

TEST_CASE("upgrade: what comes back is followed by what the new process still owes, before that ends") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    World world(seed);
    world.is_patient = true;
    while (world.giving.given() < seed * 12) world.step();
    world.go_back();
    world.run();
    CHECK(world.a.has_failed);
    CHECK(world.b.has_paid);
    World::serves_all(world.a);
  }
}

TEST_CASE("upgrade: all comes back when the store cannot be closed, however long that took") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    World world(seed);
    world.is_patient = true;
    world.fails_to_close = true;
    while (world.giving.phase() != Giving::Phase::returning) world.step();
    // Whoever runs it looks at a clock that has run out by now.
    CHECK(world.giving.did(Act::await_debts, 0).empty());
    world.run();
    CHECK(world.giving.why() == "the store is slow");
    CHECK(world.b.has_paid);
    World::serves_all(world.a);
  }
}

TEST_CASE("upgrade: one that cannot be frozen while all is to come back holds up nothing") {
  for (std::uint32_t at = 0; at < 40; ++at) {
    CAPTURE(at);
    World world(at + 1);
    while (world.giving.given() < 9) world.step();
    for (std::uint32_t steps = 0; steps < at; ++steps) world.step();
    world.fails_to_freeze = true;
    world.go_back();
    world.run();
    CHECK(world.a.has_failed);
    CHECK(world.giving.why() == "the operator stays");
    World::serves_all(world.a);
  }
}

TEST_CASE("upgrade: a new process knows whether the old one can have lost what it was to write") {
  World before(1), after(1);
  while (before.giving.given() < partition_count) before.step();
  before.kill(before.a);
  ends_well(before);
  CHECK(before.taking.is_unlike_store());
  while (after.giving.phase() != Giving::Phase::storing) after.step();
  after.kill(after.a);
  ends_well(after);
  CHECK_FALSE(after.taking.is_unlike_store());
}

TEST_CASE("upgrade: a death on the way back leaves all with the other one") {
  for (const bool a_dies : {true, false}) {
    for (std::uint32_t at = 0; at < 60; at += 2) {
      CAPTURE(a_dies);
      CAPTURE(at);
      World world(at + 1);
      while (world.giving.given() < 4) world.step();
      world.go_back();
      for (std::uint32_t steps = 0; steps < at; ++steps) world.step();
      if (world.giving.phase() == Giving::Phase::over || world.giving.phase() == Giving::Phase::settling)
        continue;  // It is back.
      world.kill(a_dies ? world.a : world.b);
      ends_well(world);
    }
  }
}

TEST_CASE("upgrade: a partition that cannot be read over there stays, and what was given comes back") {
  for (const std::size_t given : {std::size_t{0}, std::size_t{1}, std::size_t{200}}) {
    World world(7);
    while (world.giving.given() < given) world.step();
    world.fails_at_unpack = "schema 9 is not known";
    world.run();
    REQUIRE(world.a.is_up());
    CHECK(world.a.has_failed);
    CHECK(world.giving.why() == "schema 9 is not known");
    World::serves_all(world.a);
  }
}

TEST_CASE("upgrade: what does not fit is not believed") {
  Giving giving{Offer{}};
  (void)giving.begin();
  const Deeds deeds = giving.heard(Ready{3});
  REQUIRE(deeds.size() == 2);
  CHECK(deeds[0].act == Act::reap);
  CHECK(deeds[1].act == Act::failed);
  CHECK(giving.why() == "it said READY where that means nothing");

  Taking taking{Hello{}};
  const Deeds told = taking.heard(Go{3});
  REQUIRE(told.size() == 2);
  CHECK(told[1].act == Act::end);
  CHECK(taking.phase() == Taking::Phase::ended);
}

TEST_CASE("upgrade: versions of the protocol that differ part before anything stopped") {
  Giving giving{Offer{}};
  (void)giving.begin();
  const Deeds deeds = giving.heard(Hello{upgrade_protocol + 1, 1, "9", ""});
  CHECK(deeds.back().act == Act::failed);
  CHECK(giving.why().find("version 2 of the upgrade's protocol, and 1 is wanted") != std::string::npos);
}

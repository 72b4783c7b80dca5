// The one rule: what has waited in a mailbox for wait_seconds is told to the account's devices.
#include "unit/modules/push_notify_world.h"

using namespace hotline::push_notify_test;

namespace {

struct Asleep : World {
  hl_session alice = online("alice");
  Asleep() { enable(alice, "token"); }
};

}  // namespace

TEST_CASE("push_notify: what has waited long enough is told, with a count and nothing of what it is") {
  Asleep world;
  world.put("alice");
  world.host.advance(wait_ms - 1);
  CHECK(world.notified().empty());
  world.host.renew();
  world.host.advance(1);
  const auto sent = world.only_notified();
  CHECK(sent.gateway == "push");
  CHECK(sent.body == R"({"service":"push.localhost","node":"token","badge":1,"options":{}})");
  CHECK(world.host.state().counters["push_notify.notifications"] == 1);
}

TEST_CASE("push_notify: how long is the operator's to say, and so is the gateway") {
  Asleep world;
  world.host.numbers["wait_seconds"] = 2;
  world.host.texts["gateway"] = "fcm";
  world.put("alice");
  world.host.advance(2'000);
  CHECK(world.only_notified().gateway == "fcm");
}

TEST_CASE("push_notify: what was accepted in time is not told, and nothing is kept of it") {
  Asleep world;
  world.accept("alice", world.put("alice"));
  world.host.advance(wait_ms);
  CHECK(world.notified().empty());
  CHECK(world.watch("alice").empty());
}

TEST_CASE("push_notify: steady traffic that is accepted is never told, though something always waits") {
  Asleep world;
  hl_entry last = world.put("alice");
  for (int i = 0; i < 100; ++i) {
    world.host.advance(500);
    const hl_entry next = world.put("alice");
    world.accept("alice", std::exchange(last, next));
  }
  CHECK(world.notified().empty());
}

TEST_CASE("push_notify: many messages are one notification") {
  Asleep world;
  for (int i = 0; i < 50; ++i) {
    world.put("alice");
    world.host.advance(100);
  }
  world.host.advance(wait_ms);
  CHECK(has(world.only_notified().body, R"("badge":50,)"));
  world.host.advance(10 * repeat_ms);
  CHECK(world.notified().empty());
}

TEST_CASE("push_notify: while nothing is accepted, more is told after repeat_seconds and not before") {
  Asleep world;
  world.put("alice");
  world.host.advance(wait_ms);
  world.notified();
  for (int i = 0; i < 5; ++i) {
    world.put("alice");
    world.host.advance(wait_ms);
  }
  CHECK(world.notified().empty());
  world.host.renew();
  world.host.advance(repeat_ms - 5 * wait_ms);
  CHECK(has(world.only_notified().body, R"("badge":6,)"));
}

TEST_CASE(
    "push_notify: a device that came, took what waited and slept again is told as soon as the first time") {
  Asleep world;
  world.put("alice");
  world.put("alice");
  world.host.advance(wait_ms);
  world.notified();
  world.accept_all("alice");
  world.host.advance(1'000);
  world.put("alice");
  world.host.advance(wait_ms);
  CHECK(has(world.only_notified().body, R"("badge":1,)"));
}

TEST_CASE("push_notify: every device of the account is told, and nobody else's") {
  Asleep world;
  world.enable(world.alice, "tablet");
  world.enable(world.online("bob"), "other");
  world.put("alice");
  world.host.advance(wait_ms);
  const auto sent = world.notified();
  REQUIRE(sent.size() == 2);
  CHECK(has(sent[0].body, R"("node":"tablet")"));
  CHECK(has(sent[1].body, R"("node":"token")"));
}

TEST_CASE("push_notify: an account without devices is not watched") {
  World world;
  world.put("alice");
  CHECK(world.watch("alice").empty());
  CHECK(world.host.state().timers["push_notify"].empty());
}

TEST_CASE("push_notify: a device that the gateway says is no more is dropped, and others are not") {
  for (const char* words : {"404\nnot found", "410\ngone", "65\n"}) {
    Asleep world;
    world.enable(world.alice, "tablet");
    world.put("alice");
    world.host.advance(wait_ms);
    const auto sent = world.notified();
    REQUIRE(sent.size() == 2);
    CHECK(world.host.work_done(sent[1], HL_E_DENIED, words) == HL_OK);
    CHECK(world.host.work_done(sent[0], HL_OK, "200\n") == HL_OK);
    REQUIRE(world.devices("alice").size() == 1);
    CHECK(world.devices("alice").contains("push.localhost\ntablet"));
    CHECK(world.host.state().counters["push_notify.devices_dropped"] == 1);
  }
}

TEST_CASE("push_notify: a refusal that says nothing of the device leaves it") {
  Asleep world;
  world.put("alice");
  world.host.advance(wait_ms);
  CHECK(world.host.work_done(world.only_notified(), HL_E_DENIED, "403\n") == HL_OK);
  CHECK(world.devices("alice").size() == 1);
  CHECK(world.host.state().counters["push_notify.notifications_refused"] == 1);
}

TEST_CASE(
    "push_notify: a device that asked again meanwhile is not dropped for what was said of the one before") {
  Asleep world;
  world.put("alice");
  world.host.advance(wait_ms);
  const auto sent = world.only_notified();
  world.enable(world.alice, "token");
  CHECK(world.host.work_done(sent, HL_E_DENIED, "410\n") == HL_OK);
  CHECK(world.devices("alice").size() == 1);
}

TEST_CASE("push_notify: with the last device what is known of the account goes") {
  Asleep world;
  world.put("alice");
  world.host.advance(wait_ms);
  CHECK(world.host.work_done(world.only_notified(), HL_E_DENIED, "410\n") == HL_OK);
  CHECK(world.devices("alice").empty());
  CHECK(world.watch("alice").empty());
}

TEST_CASE("push_notify: a gateway that could not be reached is tried again while something waits") {
  Asleep world;
  const hl_entry entry = world.put("alice");
  world.host.advance(wait_ms);
  CHECK(world.host.work_done(world.only_notified(), HL_E_GONE, "0\nno route") == HL_OK);
  world.host.advance(repeat_ms);
  CHECK(world.host.work_done(world.only_notified(), HL_E_GONE, "0\nno route") == HL_OK);
  world.accept("alice", entry);
  world.host.advance(repeat_ms);
  CHECK(world.notified().empty());
  CHECK(world.watch("alice").empty());
}

TEST_CASE("push_notify: a gateway with too much to do is asked again, one that is not there is not") {
  Asleep world;
  world.host.numbers["fake.outbox_max"] = 0;
  world.put("alice");
  world.host.advance(wait_ms);
  world.host.numbers.erase("fake.outbox_max");
  world.host.advance(repeat_ms);
  CHECK(world.notified().size() == 1);

  Asleep other;
  other.host.texts["fake.gateways"] = "sms";
  other.put("alice");
  other.host.advance(wait_ms);
  CHECK(other.host.log.size() == 1);
  other.host.advance(2 * repeat_ms);
  CHECK(other.host.log.size() == 1);
}

TEST_CASE("push_notify: where no timer can be had the next message is another chance") {
  Asleep world;
  world.host.failing.let(2);  // Its row is read before.
  world.put("alice");
  CHECK(world.host.failing.call == "timer.set");
  CHECK(world.watch("alice").empty());
  world.put("alice");
  world.host.advance(wait_ms);
  CHECK(world.notified().size() == 1);
}

TEST_CASE("push_notify: a clock that is set back makes a wait longer, and nothing worse") {
  Asleep world;
  world.put("alice");
  world.host.wall_ms -= 3'600'000;
  world.host.advance(wait_ms);
  CHECK(world.notified().empty());
  world.host.wall_ms += 3'600'000;
  world.host.advance(wait_ms);
  CHECK(world.notified().size() == 1);
}

TEST_CASE("push_notify: rows that are none are taken for none") {
  Asleep world;
  world.host.state().tables["push_watch"]["alice@localhost"]["watch"] = "t 1";
  world.host.state().tables["push_devices"]["alice@localhost"]["push.localhost\nbad"] = "no row";
  world.put("alice");
  world.host.advance(wait_ms);
  CHECK(has(world.only_notified().body, R"("node":"token")"));
}

TEST_CASE("push_notify: words it does not know are not its") {
  World world;
  CHECK(world.host.post("push_notify", "alice@localhost", 99, "x") == HL_E_NONE);
  CHECK(world.host.self_test(hl_module) == HL_OK);
}

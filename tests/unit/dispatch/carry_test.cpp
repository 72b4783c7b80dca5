// Partitions from one host to another beside it, as bytes and descriptors, and back: under messages, with
// sessions that are on, away, and behind.
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>

#include "unit/dispatch/sim_client.h"

namespace hotline::test {
namespace {

std::vector<std::string> modules() {
  return {sim::module_file("session-1.1.0.so"), sim::module_file("routing-1.0.0.so"),
          sim::module_file("presence-1.0.0.so"), sim::module_file("registration-1.1.0.so")};
}

struct TwoHosts {
  TwoHosts()
      : a({.seed = 1, .shards = 2, .accounts = {"anna@localhost", "bert@localhost"}, .modules = modules()}),
        b({.seed = 2, .shards = 3, .modules = modules(), .beside = &a}),
        anna(a, "anna@localhost", "bert@localhost"),
        bert(a, "bert@localhost", "anna@localhost") {}

  void exchange(int rounds = 20) {
    for (int i = 0; i < rounds; ++i) {
      for (sim::SimClient* client : {&anna, &bert})
        if (client->wire() != nullptr) a.deliver(*client->wire(), std::string::npos);
      a.settle();
      a.clock.advance_us(5'000);
      a.settle();
      if (!is_store_held) a.store.commit_all();
      a.settle();
      for (sim::SimClient* client : {&anna, &bert}) client->receive(std::string::npos);
    }
  }
  CarriedPartition freeze(sim::SimWorld& from, std::uint32_t partition) {
    std::optional<Result<CarriedPartition>> carried;
    from.host().partitions().freeze(partition, carry_version, [&](Result<CarriedPartition> frozen) {
      carried.emplace(std::move(frozen));
    });
    a.settle();
    REQUIRE(carried.has_value());
    REQUIRE(carried->has_value());
    return std::move(**carried);
  }
  // The whole way of one, without a step that fails.
  void carry(sim::SimWorld& from, sim::SimWorld& to, std::uint32_t partition, std::uint32_t shard) {
    to.host().partitions().expect(partition, shard, [] {});
    a.settle();
    Result<std::unique_ptr<HeldPartition>> held = to.host().partitions().unpack(freeze(from, partition));
    REQUIRE_MESSAGE(held.has_value(), (held ? "" : held.error().message));
    bool is_forgotten = false, is_in = false;
    from.host().partitions().forget(partition, [&] { is_forgotten = true; });
    a.settle();
    to.host().partitions().put_in(std::move(*held), [&] { is_in = true; });
    a.settle();
    CHECK(is_forgotten);
    CHECK(is_in);
  }
  bool has_all(const sim::SimClient& from, const sim::SimClient& to) const {
    std::vector<std::uint64_t> all;
    for (std::uint64_t number = 1; number <= from.sent(); ++number) all.push_back(number);
    return to.received() == all && from.complaint().empty() && to.complaint().empty();
  }

  sim::SimWorld a, b;
  sim::SimClient anna, bert;
  bool is_store_held = false;
};

const std::uint32_t annas = partition_of("anna@localhost"), berts = partition_of("bert@localhost");

TEST_CASE(
    "carry: two who write to each other go to another process one after the other, and notice nothing") {
  TwoHosts hosts;
  hosts.anna.connect(0);
  hosts.bert.connect(1);
  hosts.exchange();
  REQUIRE(hosts.anna.is_ready());
  REQUIRE(hosts.bert.is_ready());
  const auto talk = [&] {
    for (int i = 0; i < 10; ++i) {
      hosts.anna.send_message();
      hosts.bert.send_message();
    }
  };
  talk();
  hosts.carry(hosts.a, hosts.b, annas, 2);  // With all of that still on its way.
  talk();
  hosts.exchange();
  hosts.carry(hosts.a, hosts.b, berts, 0);
  talk();
  hosts.exchange();
  hosts.carry(hosts.b, hosts.a, annas, 1);  // And one back.
  talk();
  hosts.exchange(40);
  CHECK(hosts.has_all(hosts.anna, hosts.bert));
  CHECK(hosts.has_all(hosts.bert, hosts.anna));
  CHECK(hosts.anna.is_all_acknowledged());
  CHECK(hosts.bert.is_all_acknowledged());
  CHECK(hosts.anna.resumed() + hosts.bert.resumed() == 0);
  CHECK(hosts.a.mailbox("anna@localhost").empty());
}

TEST_CASE(
    "carry: what waits for one who is away goes along, on disk or not, and his session can be resumed") {
  TwoHosts hosts;
  hosts.anna.connect(0);
  hosts.bert.connect(0);
  hosts.exchange();
  hosts.bert.cut(true);
  hosts.exchange();
  for (int i = 0; i < 5; ++i) hosts.anna.send_message();
  hosts.exchange();  // These are on disk.
  hosts.is_store_held = true;
  for (int i = 0; i < 5; ++i) hosts.anna.send_message();
  hosts.exchange(4);
  CHECK_FALSE(hosts.anna.is_all_acknowledged());
  hosts.carry(hosts.a, hosts.b, berts, 1);
  for (int i = 0; i < 5; ++i) hosts.anna.send_message();  // And these find him over there.
  hosts.exchange(4);
  CHECK(hosts.b.mailbox("bert@localhost").size() == 15);
  hosts.is_store_held = false;
  hosts.exchange();
  CHECK(hosts.anna.is_all_acknowledged());
  // He comes back to the other host, as one does whose connection was not carried.
  sim::SimClient& bert = hosts.bert;
  bert.connect_to(hosts.b, 2);
  hosts.exchange(40);
  CHECK(bert.resumed() == 1);
  CHECK(hosts.has_all(hosts.anna, bert));
  CHECK(hosts.b.mailbox("bert@localhost").empty());
}

TEST_CASE("carry: what modules keep in a session goes along, small numbers and large ones") {
  TwoHosts hosts;
  hosts.anna.connect(0);
  hosts.exchange();
  // Whose home is that shard.
  const auto session_in = [](sim::SimWorld& world, std::uint32_t shard) {
    Account* account = world.host().shard(shard).accounts.find("anna@localhost");
    REQUIRE(account != nullptr);
    REQUIRE(account->sessions.size() == 1);
    return account->sessions.front();
  };
  const auto numbered = [](sim::SimWorld& world, const char* name) {
    std::uint32_t number = 0;
    REQUIRE(world.host().world().field_names->number(name, &number));
    return number;
  };
  const std::uint32_t home = hosts.a.host().world().home_of("anna@localhost");
  Session& before = *session_in(hosts.a, home);
  before.fields.set(numbered(hosts.a, "test.small"), -7);
  const std::string sm_id = before.sm_id.text();
  hosts.carry(hosts.a, hosts.b, annas, 2);
  Session& between = *session_in(hosts.b, 2);
  CHECK(between.fields.get(numbered(hosts.b, "test.small")) == -7);
  CHECK(between.sm_id.text() == sm_id);
  between.fields.set(numbered(hosts.b, "test.large"), INT64_MIN);
  hosts.carry(hosts.b, hosts.a, annas, 0);
  const Session& after = *session_in(hosts.a, 0);
  CHECK(after.fields.get(numbered(hosts.a, "test.small")) == -7);
  CHECK(after.fields.get(numbered(hosts.a, "test.large")) == INT64_MIN);
  CHECK(after.sm_id.text() == sm_id);
}

TEST_CASE("carry: how long a client has said nothing goes along, and that it was asked") {
  TwoHosts hosts;
  hosts.anna.connect(0);
  hosts.exchange();
  const sim::Wire* const wire = hosts.anna.wire();
  const auto pass_s = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      hosts.a.clock.advance_us(1'000'000);
      hosts.a.settle();
    }
  };
  const auto was_asked = [&] { return wire->to_client.find("<r ") != std::string::npos; };
  pass_s(200);
  hosts.carry(hosts.a, hosts.b, annas, 2);
  pass_s(95);
  CHECK_FALSE(was_asked());
  pass_s(10);
  CHECK(was_asked());
  hosts.carry(hosts.b, hosts.a, annas, 1);
  pass_s(45);
  CHECK(wire->events != nullptr);
  pass_s(20);
  CHECK(wire->events == nullptr);
}

// The old process of an upgrade ends as soon as it says that it has given all away. From that moment on it
// has no turn here, and what was still in it would be lost: at whatever moment it says so.
TEST_CASE("carry: a host that says it has given all away has no word left of what is safe") {
  const std::vector<std::uint64_t> seeds = sim::seeds(40);
  std::uint64_t asked = 0;
  for (const std::uint64_t seed : seeds) {
    CAPTURE(seed);
    TwoHosts hosts;
    SeededRandom random(seed);
    // To shards of their own, so that one shard has to tell the other.
    hosts.carry(hosts.a, hosts.b, berts, 0);
    hosts.carry(hosts.b, hosts.a, berts, 0);
    REQUIRE(hosts.a.host().world().homes.of(annas) == 1);
    hosts.anna.connect(0);
    hosts.bert.connect(1);
    hosts.exchange();
    for (std::uint32_t partition = 0; partition < partitions; ++partition)
      if (partition != annas && partition != berts) hosts.carry(hosts.a, hosts.b, partition, partition % 3);
    for (int i = 0; i < 5; ++i) {
      hosts.anna.send_message();
      hosts.bert.send_message();
    }
    for (sim::SimClient* client : {&hosts.anna, &hosts.bert})
      hosts.a.deliver(*client->wire(), std::string::npos);
    hosts.a.settle();
    hosts.a.clock.advance_us(400'000);  // Longer than the host waits for clients to accept.
    hosts.a.settle();
    // Word that they are safe comes before, between or after the two leave, and is told within moments.
    const std::uint64_t safe_at = random.next_u64() % 3;
    const auto maybe_safe = [&](std::uint64_t at) {
      if (at == safe_at) hosts.a.store.commit_all();
      for (std::uint64_t turns = random.next_u64() % 4; turns > 0; --turns)
        hosts.a.turn(static_cast<std::uint32_t>(random.next_u64() % 2));
    };
    maybe_safe(0);
    hosts.carry(hosts.a, hosts.b, berts, 1);
    maybe_safe(1);
    hosts.carry(hosts.a, hosts.b, annas, 0);
    bool is_done = false, is_asking = false;
    const auto turn = [&] {
      if (!is_asking && !is_done) {
        is_asking = true;
        ++asked;
        hosts.a.host().partitions().ask_whether_done([&](bool answer) {
          is_done = answer;
          is_asking = false;
        });
      }
      const std::uint64_t which = random.next_u64();
      if (which % 5 < 2) {
        if (is_done) return;
        Shard& its = hosts.a.host().shard(which % 5);
        if (which % 3 == 0) its.take_inbox();  // It may be asked between two steps of its turn.
        if (which % 3 == 1) its.run_timers();
        if (which % 3 == 2) its.end_turn();
      } else {
        hosts.b.turn(which % 3);
      }
      hosts.a.clock.advance_us(random.next_u64() % 400);
    };
    if (safe_at == 2) {
      for (int i = 0; i < 40; ++i) turn();
      hosts.a.store.commit_all();
    }
    for (int i = 0; i < 20'000 && !is_done; ++i) {
      if (random.next_u64() % 50 == 0) hosts.a.store.commit_all();
      turn();
    }
    REQUIRE(is_done);
    for (int i = 0; i < 200; ++i) {
      for (std::uint32_t shard = 0; shard < 3; ++shard) hosts.b.turn(shard);
      for (sim::SimClient* client : {&hosts.anna, &hosts.bert}) {
        if (client->wire() != nullptr) hosts.b.deliver(*client->wire(), std::string::npos);
        client->receive(std::string::npos);
      }
      hosts.a.clock.advance_us(5'000);
      hosts.a.store.commit_all();
    }
    CHECK(hosts.has_all(hosts.anna, hosts.bert));
    CHECK(hosts.has_all(hosts.bert, hosts.anna));
    CHECK(hosts.anna.is_all_acknowledged());
    CHECK(hosts.bert.is_all_acknowledged());
  }
  CHECK(asked > seeds.size());  // It has said "not yet" as well.
}

TEST_CASE("carry: a hand-over that fails leaves all as it was") {
  TwoHosts hosts;
  hosts.anna.connect(0);
  hosts.bert.connect(1);
  hosts.exchange();
  for (int i = 0; i < 5; ++i) hosts.anna.send_message();
  hosts.b.host().partitions().expect(berts, 0, [] {});
  hosts.a.settle();
  {
    CarriedPartition carried = hosts.freeze(hosts.a, berts);
    carried.bytes.resize(carried.bytes.size() - 1);
    const Result<std::unique_ptr<HeldPartition>> held =
        hosts.b.host().partitions().unpack(std::move(carried));
    REQUIRE_FALSE(held.has_value());
    CHECK(held.error().message.find("is not whole") != std::string::npos);
  }
  for (int i = 0; i < 5; ++i) hosts.anna.send_message();
  hosts.exchange(4);  // They wait for him there.
  hosts.b.host().partitions().expect_no_more(berts);
  bool is_back = false;
  hosts.a.host().partitions().resume(berts, [&](const Result<void>& done) { is_back = done.has_value(); });
  hosts.exchange(40);
  CHECK(is_back);
  CHECK(hosts.has_all(hosts.anna, hosts.bert));
  CHECK(hosts.bert.is_ready());
  CHECK(hosts.bert.resumed() == 0);
}

TEST_CASE("carry: what was posted to a partition that does not come after all keeps its order") {
  TwoHosts hosts;
  hosts.anna.connect(0);
  hosts.bert.connect(1);
  hosts.exchange();
  hosts.carry(hosts.a, hosts.b, annas, 2);
  // One message waits for him over there, and the next is posted in the moment in which it is said that he
  // does not come.
  hosts.b.host().partitions().expect(berts, 0, [] {});
  hosts.a.settle();
  const CarriedPartition carried = hosts.freeze(hosts.a, berts);
  hosts.anna.send_message();
  hosts.a.deliver(*hosts.anna.wire(), std::string::npos);
  hosts.b.turn(2);
  hosts.b.host().partitions().expect_no_more(berts);
  hosts.anna.send_message();
  hosts.a.deliver(*hosts.anna.wire(), std::string::npos);
  hosts.b.turn(2);
  hosts.a.host().partitions().resume(berts, [](const Result<void>&) {});
  hosts.exchange(40);
  CHECK(hosts.has_all(hosts.anna, hosts.bert));
}

TEST_CASE("carry: who has connected to a host that gets nothing any more is told to come again") {
  TwoHosts hosts;
  hosts.anna.connect_to(hosts.b, 1);  // Whose account is with the other host, and does not come.
  hosts.exchange();
  CHECK_FALSE(hosts.anna.is_ready());
  bool has_given = true;
  hosts.b.host().partitions().ask_whether_done([&](bool is_done) { has_given = is_done; });
  hosts.exchange(4);
  CHECK_FALSE(has_given);
  hosts.b.host().partitions().expect_none();
  hosts.exchange(4);
  hosts.b.host().partitions().ask_whether_done([&](bool is_done) { has_given = is_done; });
  hosts.exchange(4);
  CHECK(has_given);
}

TEST_CASE("carry: a format that is not written, and a partition that is not here, are refused") {
  TwoHosts hosts;
  std::string wrong;
  const auto told = [&](const Result<CarriedPartition>& carried) {
    wrong = carried ? "" : carried.error().message;
  };
  hosts.a.host().partitions().freeze(annas, carry_version + 1, told);
  CHECK(wrong.find("cannot be carried in format") != std::string::npos);
  hosts.b.host().partitions().freeze(annas, carry_version, told);
  CHECK(wrong.find("it is not here") != std::string::npos);
  {
    const CarriedPartition once = hosts.freeze(hosts.a, annas);
    hosts.a.host().partitions().freeze(annas, carry_version, told);
    hosts.a.settle();
    CHECK(wrong.find("it is frozen already") != std::string::npos);
  }
  hosts.a.host().partitions().resume(annas, [](const Result<void>&) {});
  hosts.a.settle();
  hosts.anna.connect(0);
  hosts.exchange();
  CHECK(hosts.anna.is_ready());
}

}  // namespace
}  // namespace hotline::test

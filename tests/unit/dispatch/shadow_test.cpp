// Copies of live events go to a candidate that serves nobody, in a whole host: what is compared, what is
// told, and that nothing of the candidate's calls remains.
#include <doctest/doctest.h>

#include <algorithm>

#include "dispatch/live_set.h"
#include "dispatch/shadow_comparison.h"
#include "dispatch/stanza_comparison.h"
#include "net/xml_parser.h"
#include "unit/dispatch/sim_world.h"

namespace hotline::test {
namespace {

struct Shadowed {
  sim::SimWorld world{{.seed = 1,
                       .shards = 2,
                       .accounts = {},
                       .modules = {HOTLINE_SERVED_DIR "/shadowed-1.0.0.so"},
                       .limits = {},
                       .listener = {.name = "lines", .framer = FramerKind::lines, .needs_tls = false}}};
  std::vector<PushOutcome> ended;
  std::vector<std::string> progress;
  const std::vector<std::string> people = {"u1@localhost", "u2@localhost", "u3@localhost", "bert@localhost"};

  PushOutcome push(const std::string& name, const CanaryPlan& plan) {
    return world.pipeline().push({.files = {std::string(HOTLINE_SERVED_DIR) + "/" + name + ".so"},
                                  .by = {.user = "test"},
                                  .canary = plan},
                                 {.progress =
                                      [this](const std::string& step, const std::string& detail, double) {
                                        if (step == "shadow") progress.push_back(detail);
                                      },
                                  .ended = [this](const PushOutcome& outcome) { ended.push_back(outcome); }});
  }
  std::string ask(const std::string& command, const std::string& account) {
    const std::vector<Host::Answer> answers = world.command(command, account, "{}");
    return answers.size() == 1 ? answers.front().json : "no answer";
  }
  void act() {
    for (const std::string& name : people) ask("shadowed.do", name);
  }
  void pass_ms(std::uint64_t ms) {
    world.clock.advance_us(ms * 1'000);
    world.settle();
    world.pipeline().tick();
  }
  std::string rows() {
    std::string text;
    for (const std::string& name : people) text += ask("shadowed.told", name) + "\n";
    return text;
  }
  bool says(const std::string& line) {
    const std::vector<std::string> all = world.pipeline().canary().says;
    return std::find(all.begin(), all.end(), line) != all.end();
  }
  std::string current() {
    for (const GenerationReport& report : world.pipeline().generations())
      if (report.state == "current") return report.version;
    return {};
  }
  std::uint64_t rows_in_schema(std::uint32_t schema) {
    std::uint64_t rows = 0;
    const std::uint32_t table = world.host().world().tables->number("shadowed");
    for (std::uint32_t i = 0; i < world.host().shard_count(); ++i)
      for (const RowCensus::Count& count : world.host().shard(i).rows.figures(table).schemas)
        if (count.schema == schema) rows += count.rows;
    return rows;
  }
  // Counters of the shards and of the module, what a leak would show in.
  std::string counted() {
    std::uint64_t calls = 0, posts = 0, faults = 0, accounts = 0;
    std::int64_t done = 0;
    for (std::uint32_t i = 0; i < world.host().shard_count(); ++i) {
      Shard& shard = world.host().shard(i);
      calls += shard.counters.calls.get();
      posts += shard.counters.posts_local.get() + shard.counters.posts_out.get();
      faults += shard.counters.faults.get();
      accounts += shard.accounts.size();
      done += shard.calls.counters(world.host().world().modules->number("shadowed")).values[0];
    }
    return std::to_string(calls) + " calls " + std::to_string(posts) + " posts " + std::to_string(faults) +
           " faults " + std::to_string(accounts) + " accounts " + std::to_string(done) + " done";
  }
};

// The same history without a push and with one in its shadow run leaves the same.
std::string left_after(Shadowed& history) {
  history.act();
  history.act();
  history.act();
  return history.counted() + "\n" + history.rows();
}

TEST_CASE("shadow: nothing of a candidate's calls remains, whatever it did") {
  Shadowed alone;
  const std::string expected = left_after(alone);
  for (const char* candidate : {"shadowed-1.1.0", "shadowed-1.2.0", "shadowed-2.0.0", "shadowed-1.3.0"}) {
    CAPTURE(candidate);
    Shadowed shadowed;
    REQUIRE(shadowed.push(candidate, {.shadow_ms = 10'000}).outcome == "shadow");
    CHECK(left_after(shadowed) == expected);
    CHECK(shadowed.rows_in_schema(2) == 0);
    // Nor on the disk, where a restart would find it.
    shadowed.world.crash(SIZE_MAX);
    alone.world.crash(SIZE_MAX);
    CHECK(shadowed.rows() == alone.rows());
  }
}

TEST_CASE_FIXTURE(Shadowed, "shadow: a candidate that does the same shows no difference, and goes live") {
  act();  // So that there are rows to begin with.
  CHECK(push("shadowed-1.1.0", {.shadow_ms = 10'000}).outcome == "shadow");
  CHECK(world.pipeline().canary().state == "shadow");
  act();
  act();
  CHECK(says("16 events compared, none differs"));  // Eight commands, and the posts of each.
  pass_ms(2'000);
  CHECK(progress.back() == "2 s  16 events compared, none differs");
  CHECK(current() == "1.0.0");
  pass_ms(8'000);
  CHECK(current() == "1.1.0");
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].outcome == "live");
  const auto step = std::find_if(ended[0].steps.begin(), ended[0].steps.end(),
                                 [](const PushStep& its) { return its.name == "shadow"; });
  REQUIRE(step != ended[0].steps.end());
  CHECK(step->detail == "10 s  16 events compared, none differs");
  CHECK(world.pipeline().canary().state == "none");
}

TEST_CASE_FIXTURE(Shadowed, "shadow: what differs is told by kind and field") {
  act();
  push("shadowed-1.2.0", {.shadow_ms = 10'000});
  act();
  for (const char* line : {"reply text 4", "timer delay 4", "post topic 4", "post only the candidate 4",
                           "counter done is missing 4", "log level 4", "row shadowed is missing 4",
                           "row shadowed only the candidate 4"}) {
    CAPTURE(line);
    CHECK(says(line));
  }
  CHECK(says("8 events compared, 4 differ"));  // What was posted was the same to both.
  pass_ms(10'000);
  CHECK(current() == "1.2.0");  // A change of behaviour differs: that refuses nothing.
}

TEST_CASE_FIXTURE(Shadowed, "shadow: more differences than were allowed refuse the push") {
  push("shadowed-1.2.0", {.shadow_ms = 10'000, .shadow_max = 499});
  act();
  pass_ms(10'000);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].outcome == "refused");
  CHECK(ended[0].refusals[0].reason.find("at most 499 of 1,000 were to differ") != std::string::npos);
  CHECK(push("shadowed-1.2.0", {.shadow_ms = 10'000, .shadow_max = 500}).outcome == "shadow");
  act();
  pass_ms(10'000);
  CHECK(current() == "1.2.0");
}

TEST_CASE_FIXTURE(Shadowed, "shadow: rows of another schema are converted for the candidate's calls alone") {
  act();
  const std::uint64_t before = rows_in_schema(1);
  push("shadowed-2.0.0", {.shadow_ms = 10'000});
  act();
  CHECK(rows_in_schema(1) + rows_in_schema(2) <= before);  // "old" is erased by those who had it.
  CHECK(rows_in_schema(2) == 0);
  CHECK(says("8 events compared, none differs"));
  // Nothing of that schema was written, so who does not know it may still go live.
  REQUIRE(world.pipeline().abort({.user = "test"}).has_value());
  CHECK(push("shadowed-1.1.0", {}).outcome == "live");
}

TEST_CASE_FIXTURE(Shadowed, "faults: what a module threw and caught is told, and nothing else that it logs") {
  std::vector<std::string> faults;
  world.host().world().fault_seen = [&](const Fault& fault) { faults.push_back(fault.cause.text()); };
  REQUIRE(push("shadowed-1.3.0", {}).outcome == "live");
  ask("shadowed.do", "u1@localhost");
  REQUIRE(!faults.empty());
  CHECK(faults.front() == "answered HL_E_FAULT (it threw cannot)");
  CHECK(thrown_in(EventKind::stanza, "on_stanza threw: no") == "no");
  CHECK(thrown_in(EventKind::stanza, "on_line threw: no").empty());
  CHECK(thrown_in(EventKind::stanza, "on_stanza of anna@localhost threw: no").empty());
  CHECK(thrown_in(EventKind::stanza, "no row for anna@localhost").empty());
}

TEST_CASE_FIXTURE(Shadowed, "shadow: a candidate whose calls fail is refused, and nobody else notices") {
  push("shadowed-1.3.0", {.shadow_ms = 60'000});
  CHECK(ask("shadowed.do", "u1@localhost") != "no answer");
  CHECK(ask("shadowed.do", "u2@localhost") != "no answer");
  CHECK(says("fault 2"));
  act();  // It is not called any more.
  CHECK(says("fault 2"));
  pass_ms(1);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].outcome == "refused");
  CHECK(ended[0].refusals[0].reason.find(
            "2 of its calls failed in the shadow run; shadowed 1.3.0 answered HL_E_FAULT "
            "(it threw cannot)") != std::string::npos);
  CHECK(counted().find(" 0 faults ") != std::string::npos);
  CHECK(current() == "1.0.0");
  CHECK(world.pipeline().canary().state == "none");
}

TEST_CASE_FIXTURE(Shadowed, "shadow: promoted it goes on to its canary, aborted it is taken back") {
  push("shadowed-1.1.0", {.shares = {5'000}, .shadow_ms = 60'000});
  CHECK(push("shadowed-1.2.0", {}).outcome == "refused");  // One at a time.
  REQUIRE(world.pipeline().promote({.user = "test"}).has_value());
  CHECK(world.pipeline().canary().state == "canary");
  REQUIRE(world.pipeline().abort({.user = "test"}).has_value());
  push("shadowed-1.1.0", {.shadow_ms = 60'000});
  REQUIRE(world.pipeline().abort({.user = "test"}).has_value());
  REQUIRE(ended.size() == 2);
  CHECK(ended[1].outcome == "aborted");
  CHECK(current() == "1.0.0");
  push("shadowed-1.1.0", {.shadow_ms = 60'000});
  CHECK(world.pipeline().rollback("shadowed", "", {.user = "test"}).outcome == "aborted");
  act();
  CHECK(current() == "1.0.0");
}

TEST_CASE_FIXTURE(Shadowed, "shadow: a new module has nothing to be compared with, and says so") {
  CHECK(push("served-1.0.0", {.shadow_ms = 60'000}).outcome == "live");
  CHECK(progress == std::vector<std::string>{"served is new: nothing to compare it with"});
}

TEST_CASE("shadow: the candidate's calls take a tenth of the time at the most") {
  ShadowSet shadow(std::make_unique<ServingSet>(), std::make_shared<ShadowTally>());
  std::uint64_t now_ns = 1'000'000'000;
  std::uint64_t spent_ns = 0;
  constexpr std::uint64_t call_ns = 50'000, event_ns = 10'000, events = 100'000;
  for (std::uint64_t i = 0; i < events; ++i) {
    now_ns += event_ns;
    if (!shadow.takes_part(now_ns)) continue;
    now_ns += call_ns;
    spent_ns += call_ns;
    shadow.spent(call_ns);
  }
  CHECK(spent_ns * 10 <= events * event_ns + spent_ns + 10 * ShadowSet::burst_ns + 10 * call_ns);
  CHECK(spent_ns * 11 >= events * event_ns);
  CHECK(shadow.take_seen() == events);
}

// Two parsed stanzas, and what is told of them.
struct Stanzas {
  SeededRandom random{1};
  XmlParser parser{random};
  std::vector<std::string> compare(const char* live, const char* candidate) {
    const XmlParser::Outcome a = parser.parse_composed(live, ShardLimits().after_login);
    const XmlParser::Outcome b = parser.parse_composed(candidate, ShardLimits().after_login);
    REQUIRE(a.stanza);
    REQUIRE(b.stanza);
    return stanza_differences(*a.stanza, *b.stanza);
  }
};
using Fields = std::vector<std::string>;

TEST_CASE_FIXTURE(Stanzas, "stanza comparison: what differs is named, what is in it is not") {
  CHECK(compare("<message to='a' id=\"1\"><body>x</body></message>",
                "<message id='1' to='a'><body>x</body></message>") == Fields{});
  CHECK(compare("<message to='a'/>", "<iq to='a'/>") == Fields{"name"});
  CHECK(compare("<message to='a' type='chat' id='1'/>", "<message to='b' id='1' from='c'/>") ==
        Fields{"attribute 'to'", "attribute 'type' is missing", "attribute 'from' only the candidate"});
  CHECK(compare("<message><body>secret</body><thread>1</thread></message>",
                "<message><body>other</body><x xmlns='urn:x'/></message>") ==
        Fields{"child 'body'", "child 'thread' is missing", "child 'x' only the candidate"});
  CHECK(compare("<message><a xmlns='urn:x'/><b xmlns='urn:x'/></message>",
                "<message><b xmlns='urn:x'/><a xmlns='urn:x'/></message>") == Fields{"order of children"});
  CHECK(compare("<message>one</message>", "<message>two</message>") == Fields{"text"});
  CHECK(shown_name("body\n<script>") == "body??script?");
  CHECK(shown_name(std::string(1'000, 'n')).size() == 40);
}

// Effects made by hand, and what is told of them.
struct Effects : Shadowed {
  std::vector<Effect> live, candidate;

  static Effect send(std::uint64_t session, const char* xml) {
    Effect effect;
    effect.kind = Effect::Kind::session_send;
    effect.handle = session;
    effect.bytes = Buffer::copy(xml);
    return effect;
  }
  std::vector<Difference> found(hl_status live_status = HL_OK, hl_status status = HL_OK) {
    std::vector<Difference> all;
    const CallDeeds none;
    ShadowComparison(world.host().shard(0), 0, all)
        .compare({live_status, live, none}, {status, candidate, none});
    return all;
  }
};
using Found = std::vector<Difference>;

TEST_CASE_FIXTURE(Effects,
                  "shadow comparison: effects are paired with those that are the same, else in their order") {
  live = {send(1, "<message id='1'/>"), send(2, "<message id='2'/>")};
  candidate = live;
  CHECK(found() == Found{});
  candidate = {live[1], live[0]};
  CHECK(found() == Found{{"effects", "order"}});
  candidate = {live[1]};
  CHECK(found() == Found{{"stanza message", "is missing"}});
  candidate = {send(7, "<message id='9'/>"), live[1]};
  CHECK(found() == Found{{"stanza message", "session"}, {"stanza message", "attribute 'id'"}});
  candidate = {live[0], send(3, "<iq/>"), live[1]};
  CHECK(found() == Found{{"stanza iq", "only the candidate"}});
  candidate = {live[0], send(2, "<message")};
  CHECK(found() == Found{{"stanza message", "that is no XML"}});
}

TEST_CASE_FIXTURE(Effects,
                  "shadow comparison: a call that turns an event away differs from one that takes it") {
  CHECK(found(HL_OK, HL_E_NONE) == Found{{"answer", "of the call"}});
  CHECK(found(HL_E_NONE, HL_E_NONE) == Found{});
}

}  // namespace
}  // namespace hotline::test

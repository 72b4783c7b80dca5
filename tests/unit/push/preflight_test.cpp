// Preflight: what each wrong module is refused for, in words, while nothing of it ran in this process.
#include "push/preflight.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>

#include "push/symbols.h"
#include "unit/push/pushed_world.h"

using namespace hotline;
using namespace hotline::test;

namespace {

// Why it was refused, in preflight; or where it got to.
std::string stopped(PushedWorld& world, const std::string& file) {
  const std::size_t staged_before = world.target.staged;
  const PushOutcome out = world.push(file);
  if (out.outcome == "live") return "live";
  REQUIRE(out.refusals.size() == 1);
  CHECK(world.target.staged == staged_before);
  if (out.steps.back().name != "preflight") return out.steps.back().name + ": " + out.refusals.front().reason;
  return out.refusals.front().reason;
}
std::string stopped(const std::string& wrong) {
  PushedWorld world;
  return stopped(world, faulty(wrong));
}

std::string module_file(const std::string& name, const std::string& version) {
  return std::string(HOTLINE_MODULE_DIR) + "/" + name + "-" + version + ".so";
}

Image image() {
  return *Image::read(faulty("right"));
}
Result<PreflightVerdict> verdict_of(const std::string& said, int wait_status = 0) {
  return verdict_on({.said = said, .wait_status = wait_status, .is_late = false, .deadline_ms = 5}, image());
}

}  // namespace

TEST_CASE("preflight: what is right goes through, and says what it did") {
  PushedWorld world;
  const PushOutcome out = world.push(faulty("right"));
  REQUIRE_MESSAGE(out.outcome == "live", (out.refusals.empty() ? "" : out.refusals.front().reason));
  REQUIRE(out.steps.size() > 1);
  CHECK(out.steps[1].name == "preflight");
  CHECK(has(out.steps[1].detail, "3 events, the slowest"));
  CHECK(has(world.history.front(), R"("name":"preflight")"));
  CHECK(has(world.history.front(), "3 events"));
}

TEST_CASE("preflight: the modules of this host go through, with nothing to note") {
  struct Module {
    const char *name, *version;
  };
  for (const Module& module : {Module{"session", "1.1.0"}, Module{"routing", "1.0.0"},
                               Module{"presence", "1.0.0"}, Module{"registration", "1.1.0"}}) {
    CAPTURE(module.name);
    PushedWorld world;
    const PushOutcome out = world.push(module_file(module.name, module.version));
    CHECK_MESSAGE(out.outcome == "live", (out.refusals.empty() ? "" : out.refusals.front().reason));
    for (const std::string& note : out.notes) CHECK_MESSAGE(!has(note, "preflight"), note);
  }
}

TEST_CASE("preflight: a module that dies is refused, with what it died of and where") {
  if (is_sanitized) return;
  struct Death {
    const char *wrong, *why, *where;
  };
  for (const Death& death : {
           Death{"crash_in_self_test", "died of SIGSEGV, at self_test", "in self_test"},
           Death{"crash_in_create", "died of SIGSEGV, at create", "in create"},
           Death{"crash_in_destroy", "died of SIGSEGV, at destroy", "in destroy"},
           Death{"null_write", "died of SIGSEGV, at on_stanza for iq urn:example:faulty self",
                 "in misbehave"},
           Death{"null_call", "died of SIGSEGV, at on_stanza", "in misbehave"},
           Death{"division", "died of SIGFPE", "in misbehave"},
           Death{"stack_overflow", "died of SIGSEGV", "in deeper"},
           Death{"aborts", "died of SIGABRT", "in misbehave"},
           Death{"double_free", "died of SIGABRT", "in misbehave"},
           Death{"throws_out_of_noexcept", "died of SIGABRT", "promise"},
           Death{"endless_loop", "used up its hard budget of processor time, at on_stanza", "in misbehave"},
           Death{"forbidden_call", "made a system call that no module has any business with", "in misbehave"},
       }) {
    CAPTURE(death.wrong);
    const std::string why = stopped(death.wrong);
    CAPTURE(why);
    CHECK(has(why, "faulty 2.0.0 refused: in preflight it "));
    CHECK(has(why, death.why));
    CHECK(has(why, death.where));
  }
}

TEST_CASE("preflight: what does not work is refused, though it kills nobody") {
  CHECK(has(stopped("throws_in_call"), "it threw not today, at on_stanza for iq urn:example:faulty self"));
  CHECK(has(stopped("throws_in_constructor"), "it threw I would rather not, at create"));
  CHECK(has(stopped("foreign_table"), "on_stanza for iq urn:example:faulty self answered HL_E_"));
  if (is_sanitized) return;
  CHECK(has(stopped("slow_call"), "its budget is 50000 us"));
  CHECK(has(stopped("leaks"), "kept about 65"));
  CHECK(has(stopped("huge_reply"), "bytes to a client for one event, more than the 4194304"));
}

TEST_CASE("preflight: what hangs is ended at the deadline, and said to be where it is") {
  if (is_sanitized) return;
  PushedWorld world({.deadline_ms = 2'000});
  const auto from = std::chrono::steady_clock::now();
  const std::string why = stopped(world, faulty("hangs"));
  CAPTURE(why);
  CHECK(has(why, "did not come back from on_stanza for iq urn:example:faulty self within 2000 ms"));
  CHECK(has(why, "in misbehave"));
  CHECK(std::chrono::steady_clock::now() - from < std::chrono::seconds(60));
}

TEST_CASE("preflight: nobody's files can be read") {
  CHECK(stopped("reads_files") == "live");
}

TEST_CASE("preflight: rows that come back as they were go through, and are counted") {
  PushedWorld world;
  REQUIRE(world.push(fixture("good")).outcome == "live");
  world.target.rows = {{"good_rows", 1, "one"}, {"good_rows", 1, std::string("\0\xff", 2)}};
  const PushOutcome out = world.push(fixture("good_next", "good-2.0.0"));
  REQUIRE_MESSAGE(out.outcome == "live", (out.refusals.empty() ? "" : out.refusals.front().reason));
  CHECK(has(out.steps[1].detail, "2 live rows up and down"));
}

TEST_CASE("preflight: a conversion that loses something on the way back is refused, without saying what") {
  PushedWorld world;
  world.target.rows = {{"faulty", 1, "a secret"}};
  const std::string why = stopped(world, faulty("down_is_lossy"));
  CAPTURE(why);
  CHECK(has(why, "a live row of table `faulty` is not the same after convert from schema 1 to 2 and back"));
  CHECK_FALSE(has(why, "secret"));
}

TEST_CASE("preflight: a conversion that dies is refused") {
  if (is_sanitized) return;
  PushedWorld world;
  world.target.rows = {{"faulty", 1, "1.0.0"}};
  CHECK(has(stopped(world, faulty("crash_in_convert")),
            "died of SIGSEGV, at convert of table `faulty` from schema 1 to 2 in convert"));
}

TEST_CASE("preflight: a conversion is tried on what the module writes itself where no row is live") {
  if (is_sanitized) return;
  CHECK(has(stopped("crash_in_convert"), "died of SIGSEGV, at convert of table `faulty` from schema 2 to 1"));
}

TEST_CASE("preflight: rows that cannot be converted are noted; more than half of them are a refusal") {
  PushedWorld world;
  REQUIRE(world.push(fixture("good")).outcome == "live");
  const std::string next = fixture("good_next", "good-2.0.0");
  world.target.rows = std::vector<SampleRow>(9, SampleRow{"good_rows", 1, "stuck"});
  CHECK(has(stopped(world, next), "its convert refuses 9 of 9 sampled live rows of table `good_rows`"));
  const PushPlan plan = world.plan(next);
  CHECK_FALSE(plan.is_hot);
  REQUIRE(plan.modules.size() == 1);
  REQUIRE(plan.modules[0].tables.size() == 1);
  CHECK(plan.modules[0].tables[0].way == "convert refuses 9 of 9 sampled rows");
  world.target.rows.resize(17, SampleRow{"good_rows", 1, "moves"});
  CHECK(has(stopped(world, next), "from schema 1 to 2, a step at a time and back, or say `reads 1` too"));
  world.target.rows.push_back({"good_rows", 1, "moves"});
  CHECK(world.plan(next).modules[0].tables[0].way ==
        "up and down proved on 9 live rows; convert refuses 9 of 18 sampled rows");
  const PushOutcome out = world.push(next);
  REQUIRE(out.outcome == "live");
  CHECK(std::ranges::any_of(out.notes, [](const std::string& note) {
    return has(note, "9 of 18 sampled live rows cannot be converted and would be parked");
  }));
}

TEST_CASE("preflight: rows that what is live cannot read either stop no push") {
  PushedWorld world;
  REQUIRE(world.push(fixture("good")).outcome == "live");
  // Schema 0 has no conversion.
  world.target.rows = std::vector<SampleRow>(20, SampleRow{"good_rows", 0, "stuck"});
  CHECK(world.push(fixture("good_next", "good-2.0.0")).outcome == "live");
}

TEST_CASE("preflight: it can be switched off, and then it says so") {
  PushedWorld world({.is_on = false});
  const PushOutcome out = world.push(faulty("crash_in_self_test"));
  CHECK(out.outcome == "live");
  CHECK(out.steps[1].detail == "off (push.preflight)");
}

TEST_CASE("preflight: without its program nothing is pushed") {
  PushedWorld world({.program = "/nowhere/hotline-preflight"});
  CHECK(has(stopped(world, faulty("right")), "preflight cannot be run: /nowhere/hotline-preflight"));
}

TEST_CASE("preflight: a program that is not ours is no verdict on the module") {
  PushedWorld world({.program = "/bin/true"});
  CHECK(has(stopped(world, faulty("right")), "is it of this host's version?"));
}

TEST_CASE("preflight: what a child says is taken for what it is, however it ends") {
  CHECK_FALSE(verdict_of("").has_value());
  CHECK_FALSE(verdict_of("nonsense\n").has_value());
  CHECK(verdict_of("step create\n")->refusal == "in preflight it ended the process at create");
  CHECK(has(verdict_of("step create\n", SIGKILL)->refusal, "it was killed"));
  CHECK(verdict_of("step create\n!signal 8\n")->refusal == "in preflight it died of SIGFPE, at create");
  CHECK(has(verdict_of("step create\nverdict {\"refusal\":\"\"}\n")->refusal, "ended the process"));
  const PreflightVerdict said{.refusal = "", .notes = {"a note"}, .config_read = {"key"}, .events = 3};
  const Result<PreflightVerdict> heard = verdict_of("step unload\nverdict " + line_of(said) + "\n");
  REQUIRE(heard);
  CHECK(heard->refusal.empty());
  CHECK(heard->notes == said.notes);
  CHECK(heard->config_read == said.config_read);
  CHECK(heard->events == 3);
  // Dead after it has said that all is well: something of it ran at the end.
  CHECK(has(verdict_of("step unload\nverdict " + line_of(said) + "\n!signal 11\n")->refusal, "SIGSEGV"));
}

TEST_CASE("preflight: of where a module died its own functions are told, without the SDK's around them") {
  const Result<Image> image = Image::read(module_file("registration", "1.1.0"));
  REQUIRE(image);
  std::uintptr_t own = 0, sdk = 0;
  for (std::uintptr_t at = 0; (own == 0 || sdk == 0) && at < image->bytes().size(); at += 64) {
    const std::string name = function_at(image->bytes(), at);
    if (sdk == 0 && is_of_sdk(name)) sdk = at;
    if (own == 0 && name.starts_with("hotline::registration::")) own = at;
  }
  REQUIRE(own != 0);
  REQUIRE(sdk != 0);
  const auto why = [&](std::uintptr_t inner, std::uintptr_t outer) {
    char said[160];
    std::snprintf(said, sizeof said,
                  "step create\nmapped 1000000 2000000\n!signal 11\n!frame %zx\n!frame %zx\n",
                  0x1000000 + inner, 0x1000000 + outer + 1);
    return verdict_on({.said = said, .wait_status = 0, .is_late = false, .deadline_ms = 1'000}, *image)
        ->refusal;
  };
  CHECK(why(own, sdk).ends_with(" in " + function_at(image->bytes(), own)));
  CHECK(has(why(sdk, own), " in " + function_at(image->bytes(), sdk) + " < hotline::registration::"));

  CHECK(is_of_sdk(
      "hotline::sdk::entry<polls::Polls>(char const*)::{lambda(hl_instance*)#2}::_FUN(hl_instance*)"));
  CHECK(is_of_sdk("int hotline::sdk::detail::guarded<polls::Polls>(hl_instance*, char const*)"));
  CHECK_FALSE(is_of_sdk("polls::Polls::find(hotline::sdk::Xml&)"));
  CHECK_FALSE(is_of_sdk("hotline::registration::(anonymous namespace)::open_form(hotline::sdk::Xml&)"));
  CHECK_FALSE(is_of_sdk("std::vector<hotline::sdk::Element>::at(unsigned long)"));
  CHECK_FALSE(is_of_sdk(""));
}

TEST_CASE("preflight: a request comes across as it was sent") {
  PreflightRequest request;
  request.format = preflight_format;
  request.manifest = "name x\n";
  request.facts = {"example.org", {{"key", std::string("\xff\0", 2)}}};
  request.rows = {{"t", 7, std::string("\0\x80\xff", 3)}};
  request.pins.unique_symbols = {"u"};
  const Result<PreflightRequest> heard = preflight_request_of(bytes_of(request));
  REQUIRE(heard);
  CHECK(heard->manifest == request.manifest);
  CHECK(heard->facts.domain == "example.org");
  CHECK(heard->facts.settings == request.facts.settings);
  REQUIRE(heard->rows.size() == 1);
  CHECK(heard->rows[0].schema == 7);
  CHECK(heard->rows[0].value == request.rows[0].value);
  CHECK(heard->pins.unique_symbols == request.pins.unique_symbols);
  const std::string whole = bytes_of(request);
  for (std::size_t cut = 0; cut < whole.size(); ++cut)
    CHECK_FALSE(preflight_request_of(whole.substr(0, cut)));
  request.format = "hotline-preflight 0";
  CHECK_FALSE(preflight_request_of(bytes_of(request)));
}

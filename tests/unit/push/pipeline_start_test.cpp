// A start after a crash: it comes back without the build that was being called, where that goes, and serves
// in any case.
#include <algorithm>

#include "unit/push/pushed_world.h"

using namespace hotline;
using namespace hotline::test;

namespace {

// `good` 1.0.0, over which another one was pushed; then the process died.
struct Crashed {
  explicit Crashed(const std::string& file) {
    PushedWorld before;
    REQUIRE(before.push(fixture("good")).outcome == "live");
    const PushOutcome pushed = before.push(file);
    REQUIRE(pushed.outcome == "live");
    crash = {.signal = 6,
             .module = "good",
             .version = pushed.modules.front().to,
             .build_id = pushed.modules.front().build_id,
             .call = "on_stanza",
             .pc = {}};
    directory = before.directory;
  }
  static std::string next() { return fixture("good_next", "good-2.0.0"); }

  // What a start comes back on, when the last process died in `call` of the build that was pushed.
  std::string started(const std::string& call, bool has_newer_rows) {
    PushedWorld world({}, directory);
    if (has_newer_rows) world.target.stored = {{"good_rows", {1, 2}}};
    crash.call = call;
    const Result<PushOutcome> out = world.pipeline.start({}, crash);
    told = world.told;
    if (!out) return out.error().message;
    CHECK(out->outcome == "live");
    served = world.target.served;
    // Nothing of an attempt that was refused is left: what is loaded is all that was staged.
    const auto loaded = world.generations();
    CHECK(world.target.staged - world.target.unstaged == loaded.size());
    CHECK(world.pipeline.totals().refused == 0);
    return world.loaded();
  }

  std::shared_ptr<ScratchDirectory> directory;
  Crash crash;
  std::vector<std::string> told;
  ObedientTarget::Served served;
};

}  // namespace

TEST_CASE("start: a build that died and changed no schema is left out") {
  Crashed host(fixture("good_patch", "good-1.0.1"));
  CHECK(host.started("on_stanza", false) == "good 1.0.0 current");
  CHECK(host.told == std::vector<std::string>{"start live"});
}

TEST_CASE("start: one that wrote a newer schema stays beside the one before it, for its convert") {
  Crashed host(Crashed::next());
  const std::string back = "good 2.0.0 left, good 1.0.0 current";
  CHECK(host.started("on_stanza", true) == back);
  CHECK(host.told == std::vector<std::string>{"start live"});
  CHECK(host.served.newer == std::vector<std::string>{"2.0.0"});
  // That is what ran now: the next start does the same, whether the record is still there or not.
  CHECK(host.started("on_stanza", true) == back);
  host.crash = {};
  CHECK(host.started({}, true) == back);
}

TEST_CASE("start: one that died in create or convert is not loaded, where its rows can be read without it") {
  for (const char* call : {"create", "convert"}) {
    CAPTURE(std::string(call));
    Crashed host(Crashed::next());
    CHECK(host.started(call, false) == "good 1.0.0 current");
    CHECK(host.told == std::vector<std::string>{"start live"});
  }
}

TEST_CASE("start: where nothing else reads its rows, a build that died serves again") {
  Crashed host(Crashed::next());
  CHECK(host.started("convert", true) == "good 2.0.0 current, good 1.0.0 previous");
  CHECK(host.told == std::vector<std::string>{"start refused", "start live"});
}

TEST_CASE("start: where the file of the one before it is damaged, a build that died serves again") {
  Crashed host(Crashed::next());
  for (const auto& entry : std::filesystem::directory_iterator(host.directory->path() + "/modules/good"))
    if (entry.path().string().find(host.crash.build_id) == std::string::npos)
      std::filesystem::remove(entry.path());
  CHECK(host.started("on_stanza", true) == "good 2.0.0 current");
}

TEST_CASE("start: what a refused attempt has loaded goes before the next one") {
  Crashed host(Crashed::next());
  {
    PushedWorld world({}, host.directory);
    REQUIRE(world.pipeline.start({}).has_value());
    for (const GenerationReport& report : world.pipeline.generations())
      if (report.version == "1.0.0")
        REQUIRE(world.pipeline.block(report.build_id, {.user = "anna"}).has_value());
  }
  CHECK(host.started("on_stanza", true) == "good 2.0.0 current");
  CHECK(host.told == std::vector<std::string>{"start refused", "start refused", "start live"});
}

TEST_CASE("start: one that died converting for the one before it is current, and not asked to again") {
  Crashed host(Crashed::next());
  REQUIRE(host.started("on_stanza", true) == "good 2.0.0 left, good 1.0.0 current");
  CHECK(host.started("convert", true) == "good 2.0.0 current, good 1.0.0 previous");
  CHECK(host.told == std::vector<std::string>{"start refused", "start live"});
}

TEST_CASE("start: what cannot be brought up in any way is told for each") {
  Crashed host(Crashed::next());
  std::filesystem::remove_all(host.directory->path() + "/modules/good");
  const std::string why = host.started("on_stanza", true);
  CHECK(has(why, "without it: "));
  CHECK(has(why, "as it was: "));
}

TEST_CASE("start: a converter that was pushed over converts for what is current from the first event on") {
  Crashed host(Crashed::next());
  {
    PushedWorld world({}, host.directory);
    REQUIRE(world.pipeline.start({}).has_value());
    REQUIRE(world.pipeline.rollback("good", {}, {.user = "anna"}).outcome == "live");
    REQUIRE(world.push(fixture("good_patch", "good-1.0.1")).outcome == "live");
  }
  host.crash = {};
  CHECK(host.started({}, true) == "good 1.0.1 current, good 1.0.0 previous, good 2.0.0 left");
  CHECK(host.served.newer == std::vector<std::string>{"2.0.0"});
}

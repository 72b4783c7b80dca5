// SteppedWorld: a simulated host with the module `stepped` (stepped.cpp) and rows of it.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "unit/dispatch/sim_world.h"

namespace hotline::test {

inline std::string stepped(std::string_view version) {
  return std::string(HOTLINE_OBEDIENT_DIR "/stepped-") + std::string(version) + ".so";
}

struct SteppedWorld {
  explicit SteppedWorld(ShardLimits limits = {}, std::uint64_t seed = 1, std::uint32_t shards = 1)
      : world({.seed = seed,
               .shards = shards,
               .accounts = {},
               .modules = {stepped("1.0.0")},
               .limits = limits,
               .listener = {.name = "stepped", .framer = FramerKind::lines, .needs_tls = false}}) {}

  sim::SimWorld world;

  // On a connection of its own: a failed call on a line ends the connection.
  std::string say(const std::string& line) {
    const std::shared_ptr<sim::Wire> wire = world.connect(0);
    wire->to_host = line + "\n";
    world.deliver(*wire, std::string::npos);
    shard().streams.flush();
    std::string answer = wire->to_client;
    if (!answer.empty()) answer.pop_back();
    world.cut(*wire, true);
    return answer;
  }
  std::string get(const std::string& account, const std::string& key) {
    return say("get " + account + " " + key);
  }
  Shard& shard() { return world.host().shard(0); }
  Rows::Figures figures() { return shard().rows.figures(world.host().world().tables->number("stepped")); }
  std::uint64_t in_schema(std::uint32_t schema) {
    for (const RowCensus::Count& count : figures().schemas)
      if (count.schema == schema) return count.rows;
    return 0;
  }
  std::uint64_t on_disk_in_schema(std::uint32_t schema) {
    std::uint64_t found = 0;
    for (const StoredRow& row : world.store.rows()) {
      CHECK(row.value.starts_with(std::to_string(row.schema) + "|"));
      if (row.schema == schema) ++found;
    }
    return found;
  }
  // Until nobody has anything to do, in memory and on disk.
  void settle() {
    for (int i = 0; i < 10'000; ++i) {
      world.settle();
      world.clock.advance_us(5'000);
      world.settle();
      if (world.store.commit_all() == 0 && shard().row_sweep.is_done()) return;
    }
    FAIL("it does not come to rest");
  }
  // Accounts a0, a1, ... with a row each, "w0", "w1", ...; all on disk.
  void fill(int rows) {
    for (int i = 0; i < rows; ++i)
      REQUIRE(say("put a" + std::to_string(i) + " k w" + std::to_string(i)) == "put");
    settle();
  }
};

}  // namespace hotline::test

// A sample of live rows: from all shards, in slices between which the shards serve, and bounded.
#include "dispatch/row_sample.h"

#include <doctest/doctest.h>

#include <set>

#include "unit/dispatch/stepped_world.h"

namespace hotline::test {
namespace {

std::shared_ptr<RowSample> begin(SteppedWorld& stage, std::uint32_t below, std::uint32_t start) {
  const std::uint32_t table = stage.world.host().world().tables->number("stepped");
  return RowSample::begin(stage.world.host().world().all, {{table, "stepped", below}}, start);
}

// All it finds; the shards do nothing else meanwhile.
std::vector<SampleRow> sample(SteppedWorld& stage, std::uint32_t below, std::uint32_t start) {
  const std::shared_ptr<RowSample> sample = begin(stage, below, start);
  for (int i = 0; i < 1'000 && !sample->is_done(); ++i) stage.world.turn(0);
  REQUIRE(sample->is_done());
  Result<std::vector<SampleRow>> rows = sample->wait(std::chrono::milliseconds(0));
  REQUIRE(rows);
  return *rows;
}

TEST_CASE("sample: every row of few, once, wherever it begins") {
  SteppedWorld stage;
  stage.fill(100);
  for (const std::uint32_t start : {0u, 1u, 100u, 255u, 256u, 4'000'000'000u}) {
    CAPTURE(start);
    std::set<std::string> values;
    const std::vector<SampleRow> rows = sample(stage, 2, start);
    for (const SampleRow& row : rows) {
      CHECK(row.table == "stepped");
      CHECK(row.schema == 1);
      values.insert(row.value);
    }
    CHECK(rows.size() == 100);
    CHECK(values.size() == 100);
  }
}

TEST_CASE("sample: no more rows than it may have, and others from elsewhere") {
  SteppedWorld stage;
  stage.fill(2'000);
  const std::vector<SampleRow> here = sample(stage, 2, 0), there = sample(stage, 2, 128);
  CHECK(here.size() == RowSample::rows_max);
  CHECK(there.size() == RowSample::rows_max);
  CHECK(here.front().value != there.front().value);
}

TEST_CASE("sample: no row of a schema that needs no conversion") {
  SteppedWorld stage;
  stage.fill(20);
  CHECK(sample(stage, 1, 0).empty());
}

TEST_CASE("sample: an account with many rows gives some, and not all there is room for") {
  SteppedWorld stage;
  for (int i = 0; i < 100; ++i) REQUIRE(stage.say("put one k" + std::to_string(i) + " w") == "put");
  stage.settle();
  CHECK(sample(stage, 2, 0).size() == 16);
}

TEST_CASE("sample: a shard has its turns in between") {
  SteppedWorld stage;
  stage.fill(6'000);
  // Looks for what is not there, so it has to look at everything.
  const std::shared_ptr<RowSample> sample = begin(stage, 1, 0);
  int turns = 0;
  while (!sample->is_done() && turns < 1'000) {
    stage.world.turn(0);
    ++turns;
  }
  CHECK(sample->is_done());
  CHECK(turns >= 6);  // 6,000 accounts with a row each, and 2,000 looked at in one go.
}

TEST_CASE("sample: shards that do not answer are an error, not an empty sample") {
  SteppedWorld stage;
  stage.fill(20);
  const std::shared_ptr<RowSample> sample = begin(stage, 2, 0);
  const Result<std::vector<SampleRow>> rows = sample->wait(std::chrono::milliseconds(1));
  REQUIRE_FALSE(rows);
  CHECK(rows.error().message.find("1 of 1 shards gave no sample") != std::string::npos);
}

}  // namespace
}  // namespace hotline::test

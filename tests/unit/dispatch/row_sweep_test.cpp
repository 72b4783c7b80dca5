// Rows across versions: converted on first touch and by the sweep, by slices, through pushes, rollbacks and
// crashes; parked where nothing converts them.
#include "dispatch/row_sweep.h"

#include <doctest/doctest.h>

#include "unit/dispatch/stepped_world.h"

namespace hotline::test {
namespace {

ShardLimits few_rows_a_slice(std::uint32_t rows) {
  ShardLimits limits;
  limits.sweep_rows_max = rows;
  return limits;
}

TEST_CASE("sweep: after a push every row is converted, on disk too, though nobody touches one") {
  SteppedWorld stage;
  stage.fill(500);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.settle();
  CHECK(stage.in_schema(1) == 0);
  CHECK(stage.in_schema(2) == 500);
  CHECK(stage.on_disk_in_schema(2) == 500);
  CHECK(stage.get("a7", "k") == "2|w7");
}

TEST_CASE("sweep: nothing is converted at the barrier, however many rows there are") {
  SteppedWorld stage;
  stage.fill(2'000);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  CHECK(stage.in_schema(1) == 2'000);
  CHECK(stage.shard().rows.converted() == 0);
}

TEST_CASE("sweep: a turn converts no longer than its slice") {
  ShardLimits limits;
  limits.sweep_slice_us = 1'000;
  SteppedWorld stage(limits);
  stage.fill(500);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.world.clock.set_tick_us(50);
  stage.world.turn(0);  // The wake-up after the barrier.
  const std::uint64_t first = stage.shard().rows.converted();
  CHECK(first > 0);
  CHECK(first <= 20);
  stage.world.turn(0);
  CHECK(stage.shard().rows.converted() - first <= 20);
  CHECK(stage.in_schema(1) > 400);
}

TEST_CASE("sweep: it stops for what others have sent to its shard") {
  SteppedWorld stage;
  stage.fill(500);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.world.turn(0);
  REQUIRE(stage.world.push(stepped("3.0.0")));
  // Something comes while the slice runs: the store's thread could at any moment.
  Post post;
  post.kind = Post::Kind::call;
  post.extra = std::make_unique<Post::Extra>();
  post.extra->call = [] {};
  stage.shard().inbox().push_one(std::move(post));
  const std::uint64_t before = stage.shard().rows.converted();
  CHECK(stage.shard().row_sweep.run());
  CHECK(stage.shard().rows.converted() - before <= 1);
}

TEST_CASE("sweep: a bounded number of rows waits for the disk, and a full disk only stops it") {
  SteppedWorld stage(few_rows_a_slice(10));
  stage.fill(100);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.world.store.set_full(true);
  for (int i = 0; i < 50; ++i) {
    stage.world.settle();
    stage.world.clock.advance_us(5'000);
  }
  CHECK(stage.in_schema(2) == 10);
  CHECK(stage.get("a99", "k") == "2|w99");  // A call is not held up.
  stage.world.store.set_full(false);
  stage.settle();
  CHECK(stage.on_disk_in_schema(2) == 100);
}

TEST_CASE("sweep: its progress is told, and ends with all of it") {
  SteppedWorld stage(few_rows_a_slice(10));
  stage.fill(100);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.world.turn(0);
  std::vector<RowSweep::Progress> progress = stage.shard().row_sweep.progress();
  REQUIRE(progress.size() == 1);
  CHECK(progress[0].whole == 100);
  CHECK(progress[0].left == 90);
  stage.settle();
  progress = stage.shard().row_sweep.progress();
  REQUIRE(progress.size() == 1);
  CHECK(progress[0].left == 0);
}

TEST_CASE("sweep: an account with many rows is left in the middle and gone on with") {
  SteppedWorld stage(few_rows_a_slice(10));
  for (int i = 0; i < 300; ++i) REQUIRE(stage.say("put one k" + std::to_string(i) + " w") == "put");
  stage.settle();
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.world.turn(0);
  const std::uint64_t first = stage.in_schema(2);
  CHECK(first > 0);
  CHECK(first <= 10);
  stage.say("drop one k0");
  stage.settle();
  CHECK(stage.in_schema(1) == 0);
  CHECK(stage.in_schema(2) == 299);
}

TEST_CASE("rows: a call that fails leaves the row it read converted, and what it said") {
  SteppedWorld stage;
  REQUIRE(stage.say("put anna k tea") == "put");
  stage.settle();
  REQUIRE(stage.world.push(stepped("2.0.0")));
  CHECK(stage.say("spoil anna k milk") != "put");
  CHECK(stage.shard().rows.converted() == 2);  // Up, and for the generation before, which failed too, down.
  CHECK(stage.in_schema(1) == 1);
  CHECK(stage.get("anna", "k") == "2|tea");
  stage.settle();
  CHECK(stage.on_disk_in_schema(2) == 1);
}

TEST_CASE("rows: rolled back in the middle of a sweep, the older code reads what the newer has converted") {
  SteppedWorld stage(few_rows_a_slice(10));
  stage.fill(100);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.world.turn(0);
  REQUIRE(stage.in_schema(2) == 10);
  REQUIRE(stage.world.rollback("stepped"));
  for (int i = 0; i < 100; i += 9)
    CHECK(stage.get("a" + std::to_string(i), "k") == "1|w" + std::to_string(i));
  stage.settle();
  CHECK(stage.on_disk_in_schema(1) == 100);
}

TEST_CASE("rows: pushed again in the middle of a sweep, rows go two steps") {
  SteppedWorld stage(few_rows_a_slice(10));
  stage.fill(100);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.world.turn(0);
  REQUIRE(stage.world.push(stepped("3.0.0")));
  CHECK(stage.get("a50", "k") == "3|w50");
  stage.settle();
  CHECK(stage.on_disk_in_schema(3) == 100);
}

TEST_CASE("sweep: a process that dies in the middle of one goes on with what the disk has") {
  for (const std::size_t reached : {0, 1, 3}) {
    SteppedWorld stage(few_rows_a_slice(10));
    stage.fill(100);
    REQUIRE(stage.world.push(stepped("2.0.0")));
    for (int i = 0; i < 4; ++i) {
      stage.world.settle();
      stage.world.clock.advance_us(5'000);
      stage.world.settle();
      if (i < 2) stage.world.store.commit_all();
    }
    stage.world.crash(reached);
    CHECK(stage.in_schema(1) > 0);
    CHECK(stage.in_schema(2) > 0);
    stage.settle();
    CHECK(stage.in_schema(2) == 100);
    CHECK(stage.on_disk_in_schema(2) == 100);
    for (int i = 0; i < 100; i += 7)
      CHECK(stage.get("a" + std::to_string(i), "k") == "2|w" + std::to_string(i));
  }
}

TEST_CASE("rows: a host that dies after a rollback comes back with the code that converts the newer rows") {
  SteppedWorld stage(few_rows_a_slice(10));
  stage.fill(100);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.settle();
  REQUIRE(stage.on_disk_in_schema(2) == 100);
  REQUIRE(stage.world.rollback("stepped"));
  stage.world.crash(0);
  CHECK(stage.get("a7", "k") == "1|w7");
  stage.settle();
  CHECK(stage.on_disk_in_schema(1) == 100);
  // And the way forward is still there, as it was before the crash.
  REQUIRE(stage.world.rollback("stepped", "2.0.0"));
  CHECK(stage.get("a7", "k") == "2|w7");
}

TEST_CASE("rows: after a rollback more of the old schema can be pushed; the newer code stays for its rows") {
  SteppedWorld stage(few_rows_a_slice(10));
  stage.fill(100);
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.settle();
  REQUIRE(stage.world.rollback("stepped"));
  // Two more of the old schema: 2.0.0 would be the fourth generation, and the oldest.
  REQUIRE(stage.world.push(stepped("1.1.0")));
  REQUIRE(stage.world.push(stepped("1.2.0")));
  for (int i = 0; i < 100; i += 9)
    CHECK(stage.get("a" + std::to_string(i), "k") == "1|w" + std::to_string(i));
  stage.settle();
  CHECK(stage.on_disk_in_schema(1) == 100);
}

TEST_CASE("parked: a row that cannot be converted stops neither the push nor the other rows") {
  SteppedWorld stage;
  stage.fill(20);
  REQUIRE(stage.say("put anna k stuck") == "put");
  stage.settle();
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.settle();
  REQUIRE(stage.world.push(stepped("3.0.0")));
  stage.settle();
  CHECK(stage.in_schema(3) == 20);
  CHECK(stage.figures().parked == 1);
  REQUIRE(stage.shard().rows.parked().size() == 1);
  const Rows::Parked parked = stage.shard().rows.parked().front();
  CHECK(parked.account == "anna");
  CHECK(parked.key == "k");
  CHECK(parked.schema == 2);
  CHECK(parked.why == "stepped 3.0.0 cannot convert it from schema 2 to 3 of table stepped");
}

TEST_CASE("parked: the generation before answers who asks for the row, and nobody is charged, but judged") {
  SteppedWorld stage;
  REQUIRE(stage.say("put anna k stuck") == "put");
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.settle();
  REQUIRE(stage.world.push(stepped("3.0.0")));
  const auto errors = [&stage] {
    std::uint64_t sum = 0;
    for (const auto& [build, figures] : stage.world.host().figures_by_build()) sum += figures.errors;
    return sum;
  };
  CHECK(errors() == 0);
  CHECK(stage.get("anna", "k") == "2|stuck");
  CHECK(errors() == 1);
  stage.settle();
  CHECK(stage.shard().counters.faults.get() == 0);
  CHECK(stage.figures().parked == 1);
  CHECK(stage.on_disk_in_schema(2) == 1);
  // What is written over it can be converted again.
  CHECK(stage.say("put anna k tea") == "put");
  CHECK(stage.get("anna", "k") == "3|tea");
  CHECK(stage.figures().parked == 0);
}

TEST_CASE("parked: a row is tried again after the next push, and one that is dropped is counted no more") {
  SteppedWorld stage;
  REQUIRE(stage.say("put anna k stuck") == "put");
  REQUIRE(stage.say("put bert k stuck") == "put");
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.settle();
  REQUIRE(stage.world.push(stepped("3.0.0")));
  stage.settle();
  CHECK(stage.figures().parked == 2);
  CHECK(stage.say("drop bert k") == "dropped");
  CHECK(stage.figures().parked == 1);
  REQUIRE(stage.world.push(stepped("3.1.0")));
  stage.settle();
  CHECK(stage.figures().parked == 0);
  CHECK(stage.get("anna", "k") == "3|stuck");
}

TEST_CASE("parked: a row that goes to another shard is counted there, and no more where it was") {
  SteppedWorld stage({}, 1, 2);
  std::string account;
  for (int i = 0; account.empty() || stage.world.host().world().home_of(account) != 0; ++i)
    account = "a" + std::to_string(i);
  REQUIRE(stage.say("put " + account + " k stuck") == "put");
  REQUIRE(stage.world.push(stepped("2.0.0")));
  stage.settle();
  REQUIRE(stage.world.push(stepped("3.0.0")));
  stage.settle();
  const std::uint32_t table = stage.world.host().world().tables->number("stepped");
  const auto parked = [&](std::uint32_t shard) {
    return stage.world.host().shard(shard).rows.figures(table).parked;
  };
  CHECK(parked(0) == 1);
  CHECK(parked(1) == 0);
  bool is_moved = false;
  stage.world.host().partitions().move(partition_of(account), 1, [&](const Result<Partitions::Moved>& moved) {
    is_moved = moved.has_value();
  });
  stage.settle();
  stage.settle();
  CHECK(is_moved);
  CHECK(parked(0) == 0);
  CHECK(parked(1) == 1);
}

}  // namespace
}  // namespace hotline::test

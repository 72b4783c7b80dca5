#include "state/sqlite_store.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <mutex>

#include "state/history_chain.h"
#include "store_support.h"

using namespace hotline;
using namespace hotline::test;

namespace {

std::unique_ptr<SqliteStore> open(const std::string& path, Clock& clock) {
  SqliteStore::Settings settings;
  settings.file.path = path;
  auto opened = SqliteStore::open(settings, clock);
  REQUIRE_MESSAGE(opened, opened.error().message);
  return std::move(opened.value());
}

}  // namespace

TEST_CASE("store: messages and rows come back as they were, messages by id") {
  const TemporaryDirectory directory;
  SystemClock clock;
  const std::string binary("a\0b\xff", 4);
  {
    auto store = open(directory.file(), clock);
    StoreBatch made = batch(0, 1);
    made.put_messages = {message(9, binary), message(4, ""), {5, "", 0, 0, 0, "", nullptr}};
    made.put_messages[0].tag = ~std::uint64_t{0};
    made.put_messages[0].flags = 0xffffffff;
    made.put_rows = {{"roster", "juliet@localhost", binary, 7, std::string("v\0v", 3)}, {"t", "", "", 0, ""}};
    store->submit(std::move(made));
  }
  auto store = open(directory.file(), clock);
  const Contents contents = contents_of(*store);
  CHECK(contents.ids() == std::vector<std::uint64_t>{4, 5, 9});
  const StoredMessage& last = contents.messages[2];
  CHECK(last.account == "juliet@localhost");
  CHECK(last.wall_ms == 1'700'000'000'009);
  CHECK(last.tag == ~std::uint64_t{0});
  CHECK(last.flags == 0xffffffff);
  CHECK(last.module == "routing");
  CHECK(last.body->bytes() == binary);
  CHECK(contents.messages[1].body->size() == 0);
  REQUIRE(contents.rows.size() == 2);
  const StoredRow& row = contents.rows.at("juliet@localhost/roster/" + binary);
  CHECK(row.schema == 7);
  CHECK(row.value == std::string("v\0v", 3));
}

TEST_CASE("store: ids of messages that are gone are not given out again after a restart") {
  const TemporaryDirectory directory;
  SystemClock clock;
  auto store = open(directory.file(), clock);
  CHECK(store->message_id_max() == 0);
  store->start(nullptr);
  store->submit(put(0, 1, {5'000'000, 7}));
  CHECK(comes_true([&] { return store->health().batches_waiting == 0; }));
  store->submit(drop(0, 2, {5'000'000, 7}));
  store.reset();
  store = open(directory.file(), clock);
  CHECK(contents_of(*store).messages.empty());
  const std::uint64_t id_max = store->message_id_max();
  CHECK(id_max >= 5'000'000);
  store->submit(put(0, 1, {id_max + 1}));
  store.reset();
  store = open(directory.file(), clock);
  CHECK(store->message_id_max() > id_max);
}

TEST_CASE("store: later batches win, for rows and for messages, within a transaction and across") {
  const TemporaryDirectory directory;
  SystemClock clock;
  const auto row = [](std::string value) { return StoredRow{"t", "a", "k", 1, std::move(value)}; };
  {
    auto store = open(directory.file(), clock);
    StoreBatch one = put(0, 1, {1, 2, 3, 10});
    one.put_rows = {row("old"), {"t", "a", "gone", 1, "x"}};
    store->submit(std::move(one));
    StoreBatch two = drop(1, 1, {3, 2, 99});
    two.put_rows = {row("new")};
    two.erase_rows = {{"t", "a", "gone"}, {"t", "a", "never there"}};
    store->submit(std::move(two));
  }
  auto store = open(directory.file(), clock);
  CHECK(contents_of(*store).ids() == std::vector<std::uint64_t>{1, 10});
  CHECK(contents_of(*store).rows.size() == 1);
  CHECK(contents_of(*store).rows.at("a/t/k").value == "new");
  StoreBatch three = drop(0, 2, {1});
  three.erase_rows = {{"t", "a", "k"}};
  store->submit(std::move(three));
  store.reset();
  store = open(directory.file(), clock);
  CHECK(contents_of(*store).ids() == std::vector<std::uint64_t>{10});
  CHECK(contents_of(*store).rows.empty());
}

TEST_CASE("store: ids from several shards are dropped in runs, and nothing between the runs") {
  const TemporaryDirectory directory;
  SystemClock clock;
  {
    auto store = open(directory.file(), clock);
    std::vector<std::uint64_t> all;
    for (std::uint64_t id = 1; id <= 100; ++id) all.push_back(id);
    store->start(nullptr);
    store->submit(put(0, 1, all));
    CHECK(comes_true([&] { return store->health().batches_waiting == 0; }));
    store->submit(drop(0, 2, {50, 10, 12, 11, 10}));
    store->submit(drop(1, 1, {13, 1, 100}));
  }
  auto store = open(directory.file(), clock);
  const auto ids = contents_of(*store).ids();
  CHECK(ids.size() == 93);
  for (const std::uint64_t kept : {2, 9, 14, 49, 51, 99})
    CHECK(std::count(ids.begin(), ids.end(), kept) == 1);
}

TEST_CASE("store: each shard hears of its newest number, in order, from many threads at once") {
  constexpr std::uint32_t shards = 4;
  constexpr std::uint64_t batches = 200;
  const TemporaryDirectory directory;
  SystemClock clock;
  auto store = open(directory.file(), clock);
  std::mutex mutex;
  std::vector<std::uint64_t> newest(shards, 0);
  bool is_in_order = true;
  store->start([&](std::uint32_t shard, std::uint64_t number) {
    const std::lock_guard lock(mutex);
    is_in_order = is_in_order && number > newest[shard];
    newest[shard] = number;
  });
  std::vector<std::thread> threads;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    threads.emplace_back([&store, shard] {
      for (std::uint64_t n = 1; n <= batches; ++n) store->submit(put(shard, n, {n * shards + shard}));
    });
  }
  const auto recorded =
      store->append_history("start", "{}");  // Between the batches, from a thread of its own.
  CHECK(recorded.has_value());
  for (std::thread& thread : threads) thread.join();
  CHECK(comes_true([&] {
    const std::lock_guard lock(mutex);
    return newest == std::vector<std::uint64_t>(shards, batches);
  }));
  CHECK(is_in_order);
  const StoreHealth health = store->health();
  CHECK(health.messages_written == shards * batches);
  CHECK(health.commits <= shards * batches);
  CHECK(health.commits > 0);
  CHECK(health.commit_us_max > 0);
  CHECK(health.is_writable);
  store.reset();
  store = open(directory.file(), clock);
  CHECK(contents_of(*store).messages.size() == shards * batches);
}

TEST_CASE("store: what waits shares a transaction, up to a bound, and a batch is never split") {
  const TemporaryDirectory directory;
  SystemClock clock;
  SqliteStore::Settings settings;
  settings.file.path = directory.file();
  settings.transaction_changes_max = 10;
  auto opened = SqliteStore::open(settings, clock);
  REQUIRE(opened);
  auto store = std::move(opened.value());
  std::vector<std::uint64_t> large;
  for (std::uint64_t id = 100; id < 150; ++id) large.push_back(id);
  store->submit(put(0, 1, {1, 2, 3, 4}));
  store->submit(put(0, 2, {5, 6, 7, 8}));
  store->submit(put(0, 3, large));
  store->submit(put(0, 4, {9}));
  std::mutex mutex;
  std::vector<std::uint64_t> told;
  store->start([&](std::uint32_t, std::uint64_t number) {
    const std::lock_guard lock(mutex);
    told.push_back(number);
  });
  CHECK(comes_true([&] { return store->health().batches_waiting == 0; }));
  CHECK(store->health().commits == 3);
  store.reset();
  CHECK(told == std::vector<std::uint64_t>{2, 3, 4});
}

TEST_CASE("store: history is chained and numbered, settings keep their newest value") {
  const TemporaryDirectory directory;
  SystemClock clock;
  auto store = open(directory.file(), clock);
  store->start(nullptr);
  CHECK(store->history(10)->empty());
  for (int n = 1; n <= 5; ++n) {
    const auto record = store->append_history("push", "{\"n\":" + std::to_string(n) + "}");
    REQUIRE(record);
    CHECK(record->number == static_cast<std::uint64_t>(n));
    CHECK(record->wall_ms > 1'600'000'000'000);
  }
  CHECK(store->setting("running")->empty());
  CHECK(store->set_setting("running", "one"));
  CHECK(store->set_setting("running", std::string_view("two\0", 4)));
  store = nullptr;
  store = open(directory.file(), clock);
  CHECK(store->setting("running").value() == std::string("two\0", 4));
  const auto all = store->history(100);
  REQUIRE(all);
  REQUIRE(all->size() == 5);
  CHECK_FALSE(first_broken_link(*all));
  CHECK(all->back().json == "{\"n\":5}");
  const auto newest = store->history(2);
  REQUIRE(newest->size() == 2);
  CHECK(newest->front().number == 4);
}

TEST_CASE("store: its files are the owner's alone") {
  const TemporaryDirectory directory;
  SystemClock clock;
  auto store = open(directory.file(), clock);
  store->start(nullptr);
  REQUIRE(store->set_setting("a", "b"));
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    CAPTURE(suffix);
    struct stat info {};
    REQUIRE(::stat((directory.file() + suffix).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
  struct stat info {};
  REQUIRE(::stat((directory.path() + "/store").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
}

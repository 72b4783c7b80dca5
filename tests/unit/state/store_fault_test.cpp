#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/mount.h>

#include <atomic>

#include "fault_vfs.h"
#include "state/sqlite_store.h"
#include "store_support.h"

using namespace hotline;
using namespace hotline::test;

namespace {

SqliteStore::Settings eager(const std::string& path, const std::string& vfs = "") {
  SqliteStore::Settings settings;
  settings.file.path = path;
  settings.file.vfs = vfs;
  settings.file.busy_wait_ms = 0;
  settings.retry_ms_min = 1;
  settings.retry_ms_max = 4;
  return settings;
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A file system of its own over a directory; gone with its owner.
class SmallDisk {
 public:
  SmallDisk(const std::string& path, const char* size)
      : path_(path), is_mounted_(::mount("tmpfs", path.c_str(), "tmpfs", 0, size) == 0) {}
  ~SmallDisk() {
    if (is_mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_mounted() const { return is_mounted_; }
  bool resize(const char* size) { return ::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT, size) == 0; }

 private:
  const std::string path_;
  const bool is_mounted_;
};

struct Running {
  explicit Running(const SqliteStore::Settings& settings) {
    auto opened = SqliteStore::open(settings, clock);
    REQUIRE_MESSAGE(opened, opened.error().message);
    store = std::move(opened.value());
    store->start([this](std::uint32_t, std::uint64_t number) { safe = number; });
  }
  SystemClock clock;
  std::atomic<std::uint64_t> safe{0};
  std::unique_ptr<SqliteStore> store;
};

}  // namespace

TEST_CASE("store: a full disk is named, nothing is acknowledged, and room brings everything back") {
  const TemporaryDirectory directory;
  Disk& disk = fresh_disk();
  Running running(eager(directory.file(), fault_vfs()));
  running.store->submit(put(0, 1, {1, 2}));
  REQUIRE(comes_true([&] { return running.safe == 1; }));

  disk.is_full = true;
  running.store->submit(put(0, 2, {3}));
  running.store->submit(drop(0, 3, {1}));
  REQUIRE(comes_true([&] { return disk.faults >= 3; }));  // Tried more than once.
  StoreHealth health = running.store->health();
  CHECK_FALSE(health.is_writable);
  CHECK(says(health.problem, "database or disk is full"));
  CHECK(says(health.problem, "make room"));
  CHECK(health.batches_waiting == 2);
  CHECK(health.bytes_waiting > 0);
  CHECK(running.safe == 1);
  CHECK_FALSE(running.store->set_setting("running", "set"));
  CHECK_FALSE(running.store->append_history("push", "{}"));
  CHECK(running.store->setting("running").has_value());  // Reading goes on.

  disk.is_full = false;
  REQUIRE(comes_true([&] { return running.safe == 3; }));
  health = running.store->health();
  CHECK(health.is_writable);
  CHECK(health.problem.empty());
  CHECK(health.batches_waiting == 0);
  CHECK(health.bytes_waiting == 0);
  CHECK(running.store->append_history("push", "{}").has_value());
  running.store.reset();
  auto again = SqliteStore::open(eager(directory.file()), running.clock);
  REQUIRE(again);
  CHECK(contents_of(**again).ids() == std::vector<std::uint64_t>{2, 3});
}

TEST_CASE("store: a real file system without room is met and left again") {
  const TemporaryDirectory directory;
  SmallDisk disk(directory.path(), "size=2m");
  if (!disk.is_mounted()) {
    MESSAGE("not shown here: mounting a small tmpfs needs root");
    return;
  }
  Running running(eager(directory.file()));
  const std::string body(40'000, 'x');
  for (std::uint64_t n = 1; n <= 100; ++n) {  // Twice what there is room for.
    StoreBatch each = batch(0, n);
    each.put_messages.push_back(message(n, body));
    running.store->submit(std::move(each));
  }
  REQUIRE(comes_true([&] { return !running.store->health().is_writable; }));
  CHECK(says(running.store->health().problem, "make room"));
  CHECK(running.safe < 100);
  REQUIRE(disk.resize("size=32m"));
  CHECK(comes_true([&] { return running.safe == 100; }));
  CHECK(running.store->health().is_writable);
  running.store.reset();
  auto again = SqliteStore::open(eager(directory.file()), running.clock);
  REQUIRE(again);
  CHECK(contents_of(**again).messages.size() == 100);
}

TEST_CASE("store: a disk that cannot be read fails the load, with words") {
  const TemporaryDirectory directory;
  Disk& disk = fresh_disk();
  SystemClock clock;
  {
    auto store = SqliteStore::open(eager(directory.file(), fault_vfs()), clock);
    REQUIRE(store);
    (*store)->submit(put(0, 1, {1, 2}));
  }
  auto store = SqliteStore::open(eager(directory.file(), fault_vfs()), clock);
  REQUIRE(store);
  disk.read_fails = true;
  CHECK(says(contents_of(**store).error, "disk I/O error"));
  disk.read_fails = false;
  CHECK(contents_of(**store).messages.size() == 2);
}

TEST_CASE("store: a failing fsync acknowledges nothing, and nothing is lost or doubled once it works") {
  const TemporaryDirectory directory;
  Disk& disk = fresh_disk();
  Running running(eager(directory.file(), fault_vfs()));
  disk.sync_fails = true;
  running.store->submit(put(0, 1, {1}));
  running.store->submit(put(1, 1, {2}));
  REQUIRE(comes_true([&] { return disk.faults >= 3; }));
  CHECK(running.safe == 0);
  CHECK(says(running.store->health().problem, "disk I/O error"));
  disk.sync_fails = false;
  REQUIRE(comes_true([&] { return running.store->health().batches_waiting == 0; }));
  running.store.reset();
  auto again = SqliteStore::open(eager(directory.file()), running.clock);
  REQUIRE(again);
  CHECK(contents_of(**again).ids() == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("store: while another program holds the database, batches wait and say so") {
  const TemporaryDirectory directory;
  Running running(eager(directory.file()));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(directory.file().c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  running.store->submit(put(0, 1, {1}));
  REQUIRE(comes_true([&] { return !running.store->health().is_writable; }));
  CHECK(says(running.store->health().problem, "another program holds it"));
  CHECK(running.safe == 0);
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  CHECK(comes_true([&] { return running.safe == 1; }));
}

TEST_CASE("store: a reader that keeps the log from being copied is named, and messages go on") {
  const TemporaryDirectory directory;
  SqliteStore::Settings settings = eager(directory.file());
  settings.log_bytes_max = 64u << 10;
  settings.log_bytes_quiet = 16u << 10;
  settings.empty_after_ms = 3'600'000;
  Running running(settings);
  running.store->submit(put(0, 1, {1}));
  REQUIRE(comes_true([&] { return running.safe == 1; }));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(directory.file().c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM message", nullptr, nullptr, nullptr) == SQLITE_OK);
  std::uint64_t n = 1;
  for (; n < 40; ++n) {
    StoreBatch each = batch(0, n + 1);
    each.put_messages.push_back(message(n + 1, std::string(10'000, 'x')));
    running.store->submit(std::move(each));
  }
  REQUIRE(comes_true([&] { return running.safe == n; }));
  REQUIRE(comes_true([&] { return says(running.store->health().problem, "another program reads"); }));
  CHECK(running.store->health().is_writable);
  sqlite3_close(other);
  CHECK(comes_true([&] { return running.store->health().problem.empty(); }));
}

TEST_CASE("store: a file moved away under the host is noticed before anything is acknowledged") {
  const TemporaryDirectory directory;
  Running running(eager(directory.file()));
  running.store->submit(put(0, 1, {1}));
  REQUIRE(comes_true([&] { return running.safe == 1; }));
  std::filesystem::rename(directory.file(), directory.file() + ".away");
  running.store->submit(put(0, 2, {2}));
  REQUIRE(comes_true([&] { return !running.store->health().is_writable; }));
  CHECK(says(running.store->health().problem, "moved or deleted"));
  CHECK(running.safe == 1);
  std::filesystem::rename(directory.file() + ".away", directory.file());
  CHECK(comes_true([&] { return running.safe == 2; }));
}

TEST_CASE("store: closing gives up on a disk that takes nothing") {
  const TemporaryDirectory directory;
  Disk& disk = fresh_disk();
  SqliteStore::Settings settings = eager(directory.file(), fault_vfs());
  settings.close_wait_ms = 20;
  Running running(settings);
  disk.is_full = true;
  running.store->submit(put(0, 1, {1}));
  running.store.reset();
  CHECK(running.safe == 0);
  CHECK(disk.faults > 0);
}

TEST_CASE("store: a file that is damaged, foreign or in use is refused with words") {
  const TemporaryDirectory directory;
  SystemClock clock;
  std::filesystem::create_directories(directory.path() + "/store");
  SUBCASE("not a database") {
    std::ofstream(directory.file()) << std::string(8192, 'z');
    const auto opened = SqliteStore::open(eager(directory.file()), clock);
    REQUIRE_FALSE(opened);
    CHECK(says(opened.error().message, "file is not a database"));
    CHECK(says(opened.error().message, "backup"));
  }
  SUBCASE("another program's database is left as it was") {
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(directory.file().c_str(), &other) == SQLITE_OK);
    sqlite3_exec(other, "CREATE TABLE theirs(x)", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    const std::string before = bytes_of_file(directory.file());
    const auto opened = SqliteStore::open(eager(directory.file()), clock);
    REQUIRE_FALSE(opened);
    CHECK(says(opened.error().message, "another program"));
    CHECK(bytes_of_file(directory.file()) == before);
  }
  SUBCASE("overwritten in the middle") {
    {
      auto store = SqliteStore::open(eager(directory.file()), clock);
      REQUIRE(store);
      for (std::uint64_t n = 1; n <= 200; ++n) (*store)->submit(put(0, n, {n * 3, n * 3 + 1, n * 3 + 2}));
    }
    {
      std::fstream file(directory.file(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(4096);
      for (std::uintmax_t page = 1; page < std::filesystem::file_size(directory.file()) / 4096; ++page)
        file << std::string(4096, '\xee');
    }
    auto opened = SqliteStore::open(eager(directory.file()), clock);
    const std::string error = opened ? contents_of(**opened).error : opened.error().message;
    CHECK(says(error, "malformed"));
    CHECK(says(error, ".recover"));
  }
  SUBCASE("in use") {
    const auto first = SqliteStore::open(eager(directory.file()), clock);
    REQUIRE(first);
    SqliteStore::Settings settings = eager(directory.file());
    settings.file.lock_wait_ms = 0;
    const auto second = SqliteStore::open(settings, clock);
    REQUIRE_FALSE(second);
    CHECK(says(second.error().message, "in use by another host"));
  }
}

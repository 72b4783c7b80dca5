// Old files on slower storage (state/file_archive.cpp): what is moved, where it is found, what a kill leaves.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "state/file_store.h"

namespace hotline {
namespace {

namespace fs = std::filesystem;

const std::string hello_digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

std::string name_number(int number) {
  return "abcd" + std::string(10, '0') + std::to_string(10 + number);
}

struct TwoDisks {
  std::string directory, slow;
  std::unique_ptr<FileStore> store;
  TwoDisks() {
    std::string pattern = (fs::temp_directory_path() / "hotline-archive-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    slow = directory + "/slow";
    fs::create_directory(slow);
    reopen();
  }
  ~TwoDisks() { fs::remove_all(directory); }
  void reopen() {
    Result<std::unique_ptr<FileStore>> opened = FileStore::open(directory + "/files", slow);
    REQUIRE(opened);
    store = std::move(*opened);
  }
  void put(const std::string& name, const std::string& content) {
    const auto found = store->receive("media", name, 0, content.size());
    REQUIRE(found.kind == FileStore::Found::Kind::ready);
    CHECK(found.file->append(content));
    REQUIRE(found.file->finish());
  }
  std::string content(const std::string& name) const {
    const auto file = store->read("media", name);
    return file == nullptr ? "none" : file->read(0, file->bytes());
  }
  std::string here(const std::string& name) const { return directory + "/files/media/ab/cd/" + name; }
  std::string there(const std::string& name) const { return slow + "/media/ab/cd/" + name; }
  std::string object_there() const { return slow + "/media/objects/2c/f2/" + hello_digest; }
  // Files below `root`, of all kinds.
  static std::size_t files_below(const std::string& root) {
    std::size_t count = 0;
    if (!fs::exists(root)) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(root)) count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
};

TEST_CASE_FIXTURE(TwoDisks, "archive: what is old moves and is read from there, and what is young stays") {
  const std::string old = name_number(1), young = name_number(2);
  put(old, "hello");
  put(young, "goodbye");
  fs::last_write_time(here(old), fs::file_time_type::clock::now() - std::chrono::hours(2));
  const FileStore::Archived done = store->archive("media", "abcd", 3'600);
  CHECK((done.files == 1 && done.bytes == 5 && done.is_all));
  CHECK((!fs::exists(here(old)) && fs::exists(there(old))));
  CHECK((fs::exists(here(young)) && !fs::exists(there(young))));
  // Its bytes are here no more either.
  CHECK(files_below(directory + "/files") == 2);
  reopen();
  CHECK(content(old) == "hello");
  CHECK(store->read("media", old)->read(1, 3) == "ell");
  CHECK(store->list("media", "abcd") == std::vector<std::string>{old, young});
  CHECK(store->archive("media", "abcd", 3'600).files == 0);
  store->erase("media", old, hello_digest);
  CHECK(content(old) == "none");
  CHECK(files_below(slow) == 0);
}

TEST_CASE_FIXTURE(TwoDisks, "archive: the same bytes are there once, and are given a name there") {
  for (const int number : {1, 2}) put(name_number(number), "hello");
  CHECK(store->archive("media", "abcd", 0).files == 2);
  CHECK(fs::hard_link_count(object_there()) == 3);
  CHECK(files_below(directory + "/files") == 0);
  CHECK(store->copy("media", hello_digest, name_number(3)) == 5);
  CHECK(content(name_number(3)) == "hello");
  for (const int number : {1, 2}) store->erase("media", name_number(number), hello_digest);
  CHECK(content(name_number(3)) == "hello");
  store->erase("media", name_number(3), hello_digest);
  CHECK(files_below(slow) == 0);
}

TEST_CASE_FIXTURE(TwoDisks, "archive: bytes that come again are young again") {
  put(name_number(1), "hello");
  fs::last_write_time(here(name_number(1)), fs::file_time_type::clock::now() - std::chrono::hours(2));
  put(name_number(2), "hello");
  CHECK(store->archive("media", "abcd", 3'600).files == 0);
}

TEST_CASE_FIXTURE(TwoDisks,
                  "archive: what a kill leaves between two steps is read, and the next round goes on") {
  const std::string name = name_number(1);
  put(name, "hello");
  const fs::path part = there(name) + ".part";
  SUBCASE("a part there") {
    fs::create_directories(part.parent_path());
    std::ofstream(part) << "he";
  }
  SUBCASE("whole in both, and what is there is of an earlier time") {
    fs::create_directories(part.parent_path());
    std::ofstream(there(name)) << "jello";
  }
  SUBCASE("its name there, its bytes still here") {
    CHECK(store->archive("media", "abcd", 0).files == 1);
    const std::string object = directory + "/files/media/objects/2c/f2/" + hello_digest;
    std::ofstream(object) << "hello";
    CHECK(store->reclaim("media", "2cf2", 0) == 1);
    CHECK(!fs::exists(object));
  }
  CHECK(content(name) == "hello");
  store->archive("media", "abcd", 0);
  CHECK(content(name) == "hello");
  CHECK(files_below(directory + "/files") == 0);
  CHECK(files_below(slow) == 2);
  CHECK(fs::hard_link_count(there(name)) == 2);
}

TEST_CASE_FIXTURE(TwoDisks, "archive: stranded names there are listed, and bytes there reclaimed") {
  fs::create_directories(fs::path(there("x")).parent_path());
  std::ofstream(there(name_number(7)) + ".part") << "he";
  CHECK(store->list("media", "abcd") == std::vector<std::string>{name_number(7)});
  store->erase("media", name_number(7), {});
  CHECK(store->list("media", "abcd").empty());
  fs::create_directories(fs::path(object_there()).parent_path());
  std::ofstream(object_there()) << "hello";
  CHECK(store->reclaim("media", "2cf2", 600) == 0);
  CHECK(store->reclaim("media", "2cf2", 0) == 1);
}

// Linux dates files more finely than std::time() tells the time: a file can be of the next second.
TEST_CASE_FIXTURE(TwoDisks, "archive: what has just changed is not in the future") {
  const fs::path object = directory + "/files/media/objects/2c/f2/" + hello_digest;
  fs::create_directories(object.parent_path());
  const auto second = [] {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  };
  for (const auto end = second() + std::chrono::seconds(2); second() < end;) {
    std::ofstream(object) << "hel";
    REQUIRE(fs::last_write_time(object) < fs::file_time_type::max());  // Whoever looks gets a finer time.
    std::ofstream(object, std::ios::app) << "lo";
    REQUIRE(store->reclaim("media", "2cf2", 0) == 1);
  }
}

TEST_CASE_FIXTURE(TwoDisks, "archive: a file that is erased while it is copied leaves nothing") {
  const std::string name = name_number(1);
  put(name, std::string(std::size_t{48} << 20, 'x'));
  FileStore::Archived done;
  std::thread archiver([&] { done = store->archive("media", "abcd", 0); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!fs::exists(there(name) + ".part") && !fs::exists(there(name)) &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  store->erase("media", name, {});
  archiver.join();
  CHECK(done.is_all);
  CHECK(!fs::exists(here(name)));
  CHECK(store->list("media", "abcd").empty());
}

TEST_CASE_FIXTURE(TwoDisks, "archive: killed again and again it loses nothing and comes to its end") {
  constexpr int files = 24;
  const auto content_of = [](int number) {
    return std::string(50'000 + number, static_cast<char>('a' + number));
  };
  for (int i = 0; i < files; ++i) put(name_number(i), content_of(i));
  bool is_done = false;
  int kills = 0;
  for (int round = 0; !is_done && round < 1'000; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      store->archive("media", "abcd", 0);
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100 + 150 * round));  // Any moment will do.
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    is_done = WIFEXITED(status);
    kills += is_done ? 0 : 1;
    for (int i = 0; i < files; ++i) REQUIRE(content(name_number(i)) == content_of(i));
  }
  CHECK(is_done);
  CHECK(kills > 0);
  CHECK(store->archive("media", "abcd", 0).files == 0);
  for (int i = 0; i < files; ++i) CHECK(fs::hard_link_count(there(name_number(i))) == 2);
  CHECK(files_below(slow) == 2 * files);
  CHECK(store->list("media", "abcd").size() == files);
}

TEST_CASE("archive: storage that is not mounted is said to be so, and one that takes nothing loses nothing") {
  TwoDisks disks;
  const Result<std::unique_ptr<FileStore>> none =
      FileStore::open(disks.directory + "/files", disks.slow + "/none");
  REQUIRE(!none);
  CHECK(none.error().message.find("mount its storage") != std::string::npos);
  disks.put(name_number(1), "hello");
  std::ofstream(disks.slow + "/media") << "no directory";
  const FileStore::Archived done = disks.store->archive("media", "abcd", 0);
  CHECK((done.files == 0 && !done.is_all));
  CHECK(disks.content(name_number(1)) == "hello");
  // It rests for a minute.
  CHECK(disks.store->archive("media", "abcd", 0).is_all);
}

}  // namespace
}  // namespace hotline

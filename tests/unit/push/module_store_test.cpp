#include "push/module_store.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

namespace {

const std::string build_id = "00112233445566778899aabbccddeeff00112233";

Image image(const std::string& text) {
  return Image::of("some.so", to_bytes(text));
}

ModuleStore open(const ScratchDirectory& directory) {
  Result<ModuleStore> store = ModuleStore::open(directory.path() + "/state");
  REQUIRE_MESSAGE(store.has_value(), (store ? "" : store.error().message));
  return *store;
}

}  // namespace

TEST_CASE("module_store: a file is stored whole, read-only, under its build id") {
  const ScratchDirectory directory;
  ModuleStore store = open(directory);
  const Result<std::string> path = store.add(image("bytes"), "routing", build_id);
  REQUIRE_MESSAGE(path.has_value(), (path ? "" : path.error().message));
  CHECK(*path == store.state_dir() + "/modules/routing/" + build_id + ".so");
  CHECK(bytes_of(*path) == "bytes");
  struct stat status {};
  REQUIRE(stat(path->c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0400);
  CHECK(store.relative(*path) == "modules/routing/" + build_id + ".so");
}

TEST_CASE("module_store: a build that is stored again gets another path, and the first keeps its bytes") {
  const ScratchDirectory directory;
  ModuleStore store = open(directory);
  const Result<std::string> first = store.add(image("same"), "routing", build_id);
  const Result<std::string> second = store.add(image("same"), "routing", build_id);
  const Result<std::string> third = store.add(image("other"), "routing", build_id);
  REQUIRE(third.has_value());
  CHECK(second->ends_with(build_id + ".1.so"));
  CHECK(third->ends_with(build_id + ".2.so"));
  CHECK(bytes_of(*first) == "same");
  CHECK(bytes_of(*third) == "other");
}

TEST_CASE("module_store: a path is not given out again in a process, though its file has gone") {
  const ScratchDirectory directory;
  ModuleStore store = open(directory);
  const Result<std::string> first = store.add(image("one"), "routing", build_id);
  REQUIRE(first.has_value());
  std::filesystem::remove(*first);
  const Result<std::string> second = store.add(image("two"), "routing", build_id);
  REQUIRE(second.has_value());
  CHECK(*second != *first);
}

TEST_CASE(
    "module_store: a path whose image is loaded is not given out by a later store, though its file has "
    "gone") {
  const ScratchDirectory directory;
  const Image bytes = Image::of("good.so", to_bytes(bytes_of(fixture("good"))));
  const Result<std::string> first = open(directory).add(bytes, "good", build_id);
  REQUIRE(first.has_value());
  void* const handle = dlopen(first->c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE(handle != nullptr);

  ModuleStore restarted = open(directory);
  const StoredBuild build{"1.0.0", build_id, bytes.digest(), restarted.relative(*first), {}};
  const Result<std::string> taken = restarted.take("good", build);
  REQUIRE(taken.has_value());
  CHECK(*taken != *first);

  std::filesystem::remove(*first);
  const Result<std::string> added = open(directory).add(bytes, "good", build_id);
  REQUIRE(added.has_value());
  CHECK(*added != *first);
  dlclose(handle);
}

TEST_CASE("module_store: names that would leave its directory are refused") {
  const ScratchDirectory directory;
  ModuleStore store = open(directory);
  CHECK_FALSE(store.add(image("x"), "../routing", build_id).has_value());
  CHECK_FALSE(store.add(image("x"), "", build_id).has_value());
  CHECK_FALSE(store.add(image("x"), "routing", "../../../etc/cron.d/xxxxxxxx").has_value());
  CHECK_FALSE(store.add(image("x"), "routing", "short").has_value());
}

TEST_CASE("module_store: what a killed process left half written does not stop the next one") {
  const ScratchDirectory directory;
  ModuleStore store = open(directory);
  std::filesystem::create_directories(store.state_dir() + "/modules/routing");
  const std::string left = store.state_dir() + "/modules/routing/" + build_id + ".part";
  std::ofstream(left) << "ha";
  const Result<std::string> path = store.add(image("whole"), "routing", build_id);
  REQUIRE(path.has_value());
  CHECK(bytes_of(*path) == "whole");
  CHECK_FALSE(std::filesystem::exists(left));
}

TEST_CASE("module_store: the running set is what a restart comes back on") {
  const ScratchDirectory directory;
  ModuleStore store = open(directory);
  CHECK(store.running()->empty());
  const Image bytes = image("routing's code");
  const Result<std::string> path = store.add(bytes, "routing", build_id);
  REQUIRE(path.has_value());
  const StoredBuild current{
      "1.3.0", build_id, bytes.digest(), store.relative(*path), {"anna", "5f2c", Signature{1, 2, 3}}};
  StoredBuild older = current;
  older.version = "1.2.0";
  older.signed_by = {};
  const std::vector<RunningModule> set{{"routing", {older, current}, 1}};
  const Result<void> saved = store.set_running(set);
  REQUIRE_MESSAGE(saved.has_value(), (saved ? "" : saved.error().message));

  ModuleStore restarted = open(directory);
  const auto read = restarted.running();
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message));
  CHECK(*read == set);
  const Result<std::string> taken = restarted.take("routing", current);
  REQUIRE(taken.has_value());
  CHECK(*taken == *path);
  const Result<std::string> again = restarted.take("routing", current);
  REQUIRE(again.has_value());
  CHECK(*again != *path);  // The loader would answer the first path with the image it has.
}

TEST_CASE("module_store: a file of the running set that was changed is refused with both digests") {
  const ScratchDirectory directory;
  ModuleStore store = open(directory);
  const Image bytes = image("routing's code");
  const Result<std::string> path = store.add(bytes, "routing", build_id);
  REQUIRE(path.has_value());
  std::filesystem::permissions(*path, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  std::ofstream(*path, std::ios::app) << "!";
  ModuleStore restarted = open(directory);
  const Result<std::string> taken =
      restarted.take("routing", {"1.3.0", build_id, bytes.digest(), restarted.relative(*path), {}});
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().message.find(*path + " refused: its digest is ") == 0);
  CHECK(taken.error().message.find("the running set says " + bytes.digest() + "; push routing 1.3.0 again") !=
        std::string::npos);
}

TEST_CASE("module_store: a damaged lock file is told, not guessed at") {
  const ScratchDirectory directory;
  ModuleStore store = open(directory);
  const std::string entry = R"({"module":"a","version":"1.0.0","build_id":")" + build_id +
                            R"(","sha256":"00","path":"modules/a/x.so"})";
  const std::string outside = R"({"module":"a","version":"1.0.0","build_id":")" + build_id +
                              R"(","sha256":"00","path":"modules/a/../../x.so"})";
  for (const std::string& text :
       {std::string(""), std::string("[]"), std::string(R"({"format":1})"),
        std::string(R"({"format":3,"modules":[]})"), std::string(R"({"format":1,"modules":[{}]})"),
        std::string(R"({"format":1,"modules":[7]})"), R"({"format":1,"modules":[)" + outside + "]}",
        R"({"format":1,"modules":[)" + entry + "," + entry + "]}",
        R"({"format":2,"modules":[{"module":"a","at":1,"builds":[)" + entry + "]}]}",
        R"({"format":2,"modules":[{"module":"a","at":0,"builds":[)" + outside + "]}]}",
        std::string(R"({"format":2,"modules":[{"module":"a","at":0,"builds":[]}]})"),
        std::string(R"({"format":1,"modules":[)")}) {
    CAPTURE(text);
    std::ofstream(store.state_dir() + "/modules/running.json", std::ios::trunc) << text;
    const auto read = store.running();
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().message.find("running.json is damaged: ") != std::string::npos);
    CHECK_FALSE(store.remove_unused({}).has_value());  // Nothing is removed on a guess.
  }
  std::ofstream(store.state_dir() + "/modules/running.json", std::ios::trunc)
      << R"({"format":1,"modules":[)" + entry + "]}";  // As it was written before it named what is beside.
  const auto read = store.running();
  REQUIRE(read.has_value());
  CHECK(read->front().builds.size() == 1);
}

TEST_CASE("module_store: files that nobody uses are removed, others stay") {
  const ScratchDirectory directory;
  ModuleStore store = open(directory);
  const Image bytes = image("code");
  const std::string live = *store.add(bytes, "routing", build_id);
  const std::string resident = *store.add(bytes, "routing", build_id);
  const std::string unused = *store.add(bytes, "routing", build_id);
  REQUIRE(store
              .set_running(std::vector<RunningModule>{
                  {"routing", {{"1.3.0", build_id, bytes.digest(), store.relative(live), {}}}, 0}})
              .has_value());
  const std::string foreign = store.state_dir() + "/modules/routing/notes.txt";
  std::ofstream(foreign) << "mine";
  const Result<std::size_t> removed = store.remove_unused({resident});
  REQUIRE(removed.has_value());
  CHECK(*removed == 1);
  CHECK(std::filesystem::exists(live));
  CHECK(std::filesystem::exists(resident));
  CHECK_FALSE(std::filesystem::exists(unused));
  CHECK(std::filesystem::exists(foreign));
}

TEST_CASE("module_store: a directory that everybody may write is refused") {
  const ScratchDirectory directory;
  std::filesystem::create_directories(directory.path() + "/state/modules");
  std::filesystem::permissions(directory.path() + "/state/modules", std::filesystem::perms::all);
  const Result<ModuleStore> store = ModuleStore::open(directory.path() + "/state");
  REQUIRE_FALSE(store.has_value());
  CHECK(store.error().message.find("can be written by everybody; chmod o-w it") != std::string::npos);
}

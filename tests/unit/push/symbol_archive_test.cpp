// The archive of symbols: a build is found by its id when its module is gone, and only so many are kept.
#include "push/symbol_archive.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "push/symbols.h"
#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

namespace {

std::string id_of(int number) {
  return "abcdef012345678" + std::to_string(number);
}
std::string file_in(const ScratchDirectory& state, const std::string& name) {
  std::string path = state.path() + "/" + name;
  std::ofstream(path) << name;
  return path;
}

}  // namespace

TEST_CASE("symbols: a build is the same file as the module store's, and stays when that one goes") {
  const ScratchDirectory state;
  const SymbolArchive archive(state.path(), 10);
  const std::string file = file_in(state, "module.so");
  REQUIRE(archive.keep(file, id_of(1)));
  const Result<std::string> kept = archive.find("abcdef");
  REQUIRE(kept);
  CHECK(*kept == state.path() + "/symbols/.build-id/ab/cdef0123456781.debug");
  struct stat ours {
  }, theirs{};
  REQUIRE(stat(kept->c_str(), &ours) == 0);
  REQUIRE(stat(file.c_str(), &theirs) == 0);
  CHECK(ours.st_ino == theirs.st_ino);
  std::filesystem::remove(file);
  CHECK(bytes_of(*kept) == "module.so");
}

TEST_CASE("symbols: the oldest go beyond the bound, and one that is kept again is the newest") {
  const ScratchDirectory state;
  const SymbolArchive archive(state.path(), 2);
  for (const int number : {1, 2, 1, 3})
    REQUIRE(archive.keep(file_in(state, std::to_string(number) + ".so"), id_of(number)));
  CHECK(archive.count() == 2);
  CHECK(!archive.find(id_of(2)));
  CHECK(archive.find(id_of(1)));
  CHECK(archive.find(id_of(3)));
  REQUIRE(SymbolArchive(state.path(), 0).keep(file_in(state, "a.so"), id_of(4)));
  CHECK(archive.count() == 2);
}

TEST_CASE("symbols: what names no build, or several, is told") {
  const ScratchDirectory state;
  const SymbolArchive archive(state.path(), 10);
  for (const int number : {1, 2}) REQUIRE(archive.keep(file_in(state, "a.so"), id_of(number)));
  CHECK(archive.find("abcdef01").error().message.starts_with("several builds begin with abcdef01"));
  CHECK(archive.find("00112233").error().message.starts_with("no symbols of build 00112233"));
  CHECK(archive.find("../../x").error().message.starts_with("`../../x` is no build id"));
  CHECK(!archive.keep("x", "../../x"));
}

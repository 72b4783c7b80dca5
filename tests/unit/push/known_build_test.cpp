// Which build is meant by how its id begins: of those whose files the state directory has.
#include "push/known_build.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "push/symbol_archive.h"
#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

TEST_CASE("known build: the beginning of an id is that of a build in the store or among the symbols") {
  const ScratchDirectory state;
  std::filesystem::create_directories(state.path() + "/modules/good");
  std::filesystem::copy(fixture("good"), state.path() + "/modules/good/00112233aa445566.1.so");
  std::ofstream(state.path() + "/unloaded.so") << "its file";
  REQUIRE(SymbolArchive(state.path(), 10).keep(state.path() + "/unloaded.so", "00112233bb445566"));

  const Result<KnownBuild> loaded = build_of(state.path(), "00112233aa");
  REQUIRE(loaded);
  CHECK(loaded->build_id == "00112233aa445566");
  CHECK(loaded->module == "good");
  CHECK(loaded->version == "1.0.0");
  const Result<KnownBuild> unloaded = build_of(state.path(), "00112233bb");
  REQUIRE(unloaded);
  CHECK(unloaded->build_id == "00112233bb445566");
  CHECK(unloaded->module.empty());

  CHECK(build_of(state.path(), "00112233").error().message.find("2 builds begin") == 0);
  CHECK(build_of(state.path(), "ffffffff").error().message.find("whole build id") != std::string::npos);
  CHECK(build_of(state.path(), "0011").error().message.find("at least 8 digits") != std::string::npos);
  CHECK(build_of(state.path(), "ffffffff00000000")->build_id == "ffffffff00000000");
}

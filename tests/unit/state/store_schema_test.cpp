#include "state/store_schema.h"

#include <doctest/doctest.h>

#include "state/store_file.h"
#include "store_support.h"

using namespace hotline;
using namespace hotline::test;

namespace {

StoreFile::Settings with(const std::string& path, std::span<const StoreUpgrade> steps) {
  StoreFile::Settings settings;
  settings.path = path;
  settings.schema = steps;
  return settings;
}

std::vector<StoreUpgrade> steps_and(std::initializer_list<const char*> more) {
  std::vector<StoreUpgrade> steps(store_upgrades().begin(), store_upgrades().end());
  for (const char* sql : more) steps.push_back({static_cast<int>(steps.size()) + 1, sql});
  return steps;
}

}  // namespace

TEST_CASE("store schema: steps are numbered from 1 without gaps") {
  int expected = 0;
  for (const StoreUpgrade& step : store_upgrades()) CHECK(step.number == ++expected);
  CHECK(expected > 0);
}

TEST_CASE(
    "store schema: an older file takes the steps it lacks and keeps what is in it; then older hosts refuse "
    "it") {
  const TemporaryDirectory directory;
  {
    auto file = StoreFile::open(with(directory.file(), store_upgrades()));
    REQUIRE(file);
    const StoreBatch batch = put(0, 1, {1, 2});
    const StoreBatch* const only = &batch;
    REQUIRE((*file)->write({&only, 1}));
  }
  const auto newer =
      steps_and({"ALTER TABLE history ADD COLUMN who TEXT;", "CREATE INDEX later ON row(tbl);"});
  for (int time = 0; time < 2; ++time) {  // The second time there is nothing left to do.
    auto file = StoreFile::open(with(directory.file(), newer));
    REQUIRE_MESSAGE(file, file.error().message);
    CHECK(contents_of(**file).ids() == std::vector<std::uint64_t>{1, 2});
  }
  const auto file = StoreFile::open(with(directory.file(), store_upgrades()));
  REQUIRE_FALSE(file);
  const std::string known = std::to_string(store_upgrades().size());
  CHECK(file.error().message.find("this host knows schemas up to " + known) != std::string::npos);
  CHECK(file.error().message.find("a newer one") != std::string::npos);
}

TEST_CASE("store schema: an upgrade that fails leaves the file as it was") {
  const TemporaryDirectory directory;
  REQUIRE(StoreFile::open(with(directory.file(), store_upgrades())));
  const auto broken = steps_and({"CREATE TABLE fine(x);", "CREATE TABLE fine(x);"});
  const auto file = StoreFile::open(with(directory.file(), broken));
  REQUIRE_FALSE(file);
  CHECK(file.error().message.find("upgrading it from schema 1 to 3") != std::string::npos);
  CHECK(StoreFile::open(with(directory.file(), store_upgrades())).has_value());
}

#include "push/blocklist.h"

#include <doctest/doctest.h>

#include <fstream>

#include "push/verify.h"
#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

namespace {

BlockedBuild build(const std::string& build_id, const std::string& reason = "it leaks") {
  return {build_id, "routing", "1.1.0", reason, "anna", false, 7};
}

}  // namespace

TEST_CASE("blocklist: what is added is there in the next process, until it is removed") {
  const ScratchDirectory directory;
  Blocklist list(directory.path());
  REQUIRE(list.entries());
  CHECK(list.entries()->empty());
  REQUIRE(list.add(build("00112233445566778899")));
  REQUIRE(list.add(build("aa112233445566778899", "two faults within 60 s")));

  Blocklist next(directory.path());
  CHECK(next.find("00112233445566778899")->value() == build("00112233445566778899"));
  CHECK_FALSE(next.find("0011")->has_value());  // Whole build ids only.
  CHECK(*next.remove("aa112233"));
  CHECK_FALSE(*next.remove("aa112233"));
  CHECK(list.entries()->size() == 1);
}

TEST_CASE("blocklist: a build is there once, with its last reason, and the oldest makes room") {
  const ScratchDirectory directory;
  Blocklist list(directory.path());
  REQUIRE(list.add(build("00112233445566778899")));
  REQUIRE(list.add(build("00112233445566778899", "it crashes")));
  REQUIRE(list.entries()->size() == 1);
  CHECK(list.entries()->front().reason == "it crashes");
  CHECK_FALSE(list.add(build("no build id")));
}

TEST_CASE("blocklist: a damaged file is an error, never an empty list") {
  const ScratchDirectory directory;
  std::ofstream(directory.path() + "/blocklist.json") << "{\"blocked\":[{\"build_id\":7}]}";
  const Result<std::vector<BlockedBuild>> entries = Blocklist(directory.path()).entries();
  REQUIRE_FALSE(entries);
  CHECK(entries.error().message.find("is damaged") != std::string::npos);
}

TEST_CASE("verify: a blocked build is refused with the reason, whoever signed it") {
  const Image image = *Image::read(fixture("good"));
  VerifyPolicy policy = VerifyPolicy::of_host({"hotline.log/1"});
  const std::string build_id = verify(image, policy).build_id;
  policy.blocked = {build(build_id, "two faults within 60 s")};
  const std::string words = verify(image, policy).refusal_text();
  CHECK(words.find("blocked on this host: two faults within 60 s (anna)") != std::string::npos);
  CHECK(words.find("hotline blocklist remove " + build_id) != std::string::npos);
}

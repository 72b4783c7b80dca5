// Files as other client models get them: who gets which, when the program is asked, and what goes with what.
#include <doctest/doctest.h>

#include "media_link/policy.h"
#include "media_link/words.h"
#include "unit/modules/has.h"
#include "unit/modules/media_link_world.h"

using hotline::media_link::model_of;
using hotline::media_link::profile_for;
using hotline::test::day_ms;
using hotline::test::digest;
using hotline::test::has;
namespace fake = hotline::sdk::fake;

namespace {

const std::string smaller(64, 'e');

struct World : hotline::test::MediaWorld {
  std::string path = whole("100000");

  hl_request ask(const std::string& of, const std::string& agent = "NokiaX2-01/5.0",
                 std::vector<std::pair<std::string, std::string>> fields = {}) {
    fields.emplace_back("user-agent", agent);
    return begin({.method = "GET", .path = of, .fields = std::move(fields)});
  }
  const fake::Request& answer(hl_request request) { return host.state().requests[request]; }
  std::vector<fake::FileWish> wished(const std::string& kind) {
    std::vector<fake::FileWish> all;
    for (const fake::FileWish& wish : host.state().files)
      if (wish.kind == kind) all.push_back(wish);
    return all;
  }
  void made(hl_status status, const std::string& words) {
    REQUIRE(!wished("transcode").empty());
    host.work_done(wished("transcode").back(), status, words);
    host.run();
  }
  std::size_t rows(const std::string& table) {
    std::size_t count = 0;
    for (const auto& [account, its_rows] : host.state().tables[table]) count += its_rows.size();
    return count;
  }
};

}  // namespace

TEST_CASE("policy: a model is what the link says, else what the User-Agent begins with") {
  CHECK(model_of("", "NokiaX2-01/5.0") == "s40");
  CHECK(model_of("a=b&model=bb&c", "NokiaX2-01/5.0") == "bb");
  CHECK(model_of("model=", "BlackBerry9000") == "bb");
  for (const char* query : {"model=original", "model=s40x", "model=S40", "model=%73"})
    CHECK(model_of(query, "NokiaX2-01/5.0").empty());
  CHECK(model_of("xmodel=s40", "Mozilla/5.0 (X11; Linux)").empty());
  REQUIRE(profile_for("s40", "image/png", 100'000) != nullptr);
  CHECK(profile_for("s40", "image/png", 100'000)->name == "picture-320");
  CHECK(profile_for("s40", "image/png", 1'000) == nullptr);
  CHECK(profile_for("s40", "application/pdf", 100'000) == nullptr);
  CHECK(profile_for("", "image/png", 100'000) == nullptr);
  CHECK(hotline::media_link::words_for(*profile_for("s40", "image/png", 100'000), "image/png") ==
        "image/png image/jpeg 320 320 70 0 102400");
}

TEST_CASE_FIXTURE(
    World,
    "variants: the first who asks has one made, all who ask meanwhile wait for it, and then it is there") {
  const hl_request first = ask(path), second = ask(path, "SeriesS40", {{"range", "bytes=10-19"}});
  REQUIRE(wished("transcode").size() == 1);
  const fake::FileWish wish = wished("transcode").front();
  CHECK(has(wish.digest, "image/png image/jpeg 320 320 70 0 102400"));
  CHECK((status(first) == 0 && status(second) == 0));
  CHECK(answer(begin({.method = "GET", .path = path, .fields = {}})).length == 100'000);  // Of another model.
  host.renew();                                                                           // A push.
  made(HL_OK, "5000 " + smaller);
  CHECK((answer(first).status == 200 && answer(first).file == wish.name && answer(first).length == 5'000));
  CHECK(field(answer(first), "Content-Type") == "image/jpeg");
  CHECK(field(answer(first), "ETag") == "\"" + smaller.substr(0, 40) + "\"");
  CHECK(field(answer(first), "Vary") == "User-Agent");
  CHECK((answer(second).status == 206 && answer(second).offset == 10 && answer(second).length == 10));
  const hl_request third = ask(path);
  CHECK(answer(third).file == wish.name);
  CHECK(wished("transcode").size() == 1);
  CHECK(host.state().counters["media_link.variants_made"] == 1);
  CHECK(host.state().counters["media_link.variants_sent"] == 3);
  // Nobody comes to it by a link of its own.
  CHECK(get("/media/" + wish.name + "/x").status == 404);
}

TEST_CASE_FIXTURE(World, "variants: where none can be made, or it is no better, the file is given as it is") {
  const auto length = [&](hl_request request) { return answer(request).length; };
  SUBCASE("the program fails, and is asked again ten minutes later") {
    const hl_request request = ask(path);
    made(HL_E_GONE, "");
    CHECK(length(request) == 100'000);
    CHECK(length(ask(path)) == 100'000);
    CHECK(wished("transcode").size() == 1);
    host.advance(601'000);
    ask(path);
    CHECK(wished("transcode").size() == 2);
  }
  SUBCASE("the program refuses it, and is not asked again today") {
    const hl_request request = ask(path);
    made(HL_E_DENIED, "");
    CHECK(length(request) == 100'000);
    host.advance(3'600'000);
    CHECK(length(ask(path)) == 100'000);
    CHECK(wished("transcode").size() == 1);
  }
  SUBCASE("too many wait, now") {
    const hl_request request = ask(path);
    made(HL_E_FULL, "");
    CHECK(length(request) == 100'000);
    CHECK(status(ask(path)) == 0);
  }
  SUBCASE("it is larger than the profile allows, or than the file") {
    for (const char* bytes : {"102401", "100000"}) {
      const hl_request request = ask(path);
      made(HL_OK, bytes + (" " + smaller));
      CHECK(length(request) == 100'000);
      CHECK(wished("erase").back().digest == smaller);
      host.advance(day_ms + 1);
    }
    CHECK(rows("media_variants") == 0);
  }
  SUBCASE("there is no program") {
    host.numbers["fake.no_transcoder"] = 1;
    host.renew();
    CHECK(length(ask(path)) == 100'000);
    CHECK(rows("media_making") == 0);
  }
  SUBCASE("it is not worth it") {
    CHECK(length(ask(whole("1000"))) == 1'000);
  }
}

TEST_CASE_FIXTURE(
    World, "variants: who has waited ten seconds gets the file as it is, and the next one what was made") {
  const hl_request request = ask(path);
  host.advance(10'001);
  CHECK(answer(request).length == 100'000);
  CHECK(answer(ask(path)).length == 100'000);
  made(HL_OK, "5000 " + smaller);
  CHECK(answer(ask(path)).length == 5'000);
  CHECK(wished("transcode").size() == 1);
}

TEST_CASE_FIXTURE(World, "variants: one is for all files of the same bytes, and goes with the last of them") {
  const std::string again = whole("100000");
  const hl_request request = ask(path);
  made(HL_OK, "5000 " + smaller);
  CHECK(answer(ask(again)).file == answer(request).file);
  CHECK(wished("transcode").size() == 1);
  CHECK(rows("media_files") == 3);
  CHECK(rows("media_variants") == 4);
  std::vector<std::string> names;
  for (const auto& [folder, its_rows] : host.state().tables["media_files"])
    for (const auto& [name, row] : its_rows)
      if (name != answer(request).file) names.push_back(name);
  REQUIRE(names.size() == 2);
  const auto forget = [&](const std::string& name) {
    host.post("media_link", hotline::media_link::folder_account(name), hotline::media_link::topic::forget,
              name);
    host.run();
  };
  forget(names[0]);
  CHECK(rows("media_files") == 2);
  CHECK(rows("media_variants") == 2);
  forget(names[1]);
  CHECK(rows("media_files") == 0);
  CHECK(rows("media_variants") == 0);
  CHECK(wished("erase").back().name == answer(request).file);
  CHECK(wished("erase").back().digest == smaller);
}

TEST_CASE_FIXTURE(
    World, "variants: one whose files' end it never heard of goes with its time, and then its file knows") {
  const hl_request request = ask(path);
  made(HL_OK, "5000 " + smaller);
  const std::string variant = answer(request).file;
  // As if the word that it was made had been lost.
  for (auto& [folder, its_rows] : host.state().tables["media_variants"])
    std::erase_if(its_rows, [](const auto& row) { return row.second == "v"; });
  host.advance(31 * day_ms);
  CHECK(rows("media_files") == 0);
  CHECK(rows("media_variants") == 0);
}

TEST_CASE_FIXTURE(World, "variants: what is just being made is nobody's stranded file") {
  ask(path);
  const fake::FileWish wish = wished("transcode").front();
  fake::FileWish listed{.kind = "list",
                        .module = "media_link",
                        .name = wish.name.substr(0, 4),
                        .account = wish.account,
                        .token = "clean"};
  host.work_done(listed, HL_OK, wish.name + "\n");
  host.run();
  CHECK(wished("erase").empty());
  made(HL_E_GONE, "");
  // What is left of an attempt is made anew over, or goes when the attempt is forgotten.
  CHECK(rows("media_making") == 1);
}

TEST_CASE_FIXTURE(World,
                  "variants: a media type that is no word for the program is no fault: the original comes") {
  const std::string odd = whole("100000", "image/a_b");
  const hl_request asked = ask(odd);
  CHECK(status(asked) == 200);
  CHECK(answer(asked).length == 100'000);
  CHECK(wished("transcode").empty());
  CHECK(rows("media_making") == 0);
}

// The contract: what is right keeps it, and what breaks a clause fails at that one.
#include "push/contract.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "push/verify.h"
#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

namespace {

using Verdict = ClauseResult::Verdict;

std::map<std::string, ClauseResult> clauses_of(const std::string& file, const ContractInquiry& inquiry = {}) {
  const Result<Image> image = Image::read(file);
  REQUIRE_MESSAGE(image, file);
  const Result<PreflightProgram> program = PreflightProgram::open(HOTLINE_PREFLIGHT_FILE);
  REQUIRE(program);
  std::map<std::string, ClauseResult> found;
  bool is_kept = true;
  const Result<bool> kept = check_contract(*program, *image, inquiry, [&](const ClauseResult& result) {
    is_kept &= result.verdict != Verdict::fail;
    found[result.clause] = result;
  });
  REQUIRE_MESSAGE(kept, (kept ? "" : kept.error().message));
  CHECK(*kept == is_kept);
  return found;
}

std::string contract(const std::string& wrong) {
  return fixture("contract_" + wrong, "contract-1.0.0");
}

}  // namespace

TEST_CASE("contract: a module that keeps it passes each clause") {
  const auto clauses = clauses_of(contract("kept"));
  CHECK(clauses.size() == 17);
  for (const auto& clause : clauses) {
    const bool may_warn = clause.first == "signature";
    const auto& result = clause.second;
    CHECK_MESSAGE((result.verdict == Verdict::ok || (may_warn && result.verdict == Verdict::warn)),
                  clause.first, ": ", result.words);
  }
}

TEST_CASE("contract: what breaks a clause fails at that clause, after a push would have let it through") {
  if (is_sanitized) return;
  struct Broken {
    const char *wrong, *clause, *words;
  };
  for (const Broken& broken :
       {Broken{"shared_global", "instances", "keep nothing in globals"},
        Broken{"needs_what_it_wants", "capabilities", "died of SIGSEGV"},
        Broken{"propagates_full", "failures", "where table.put answered HL_E_FULL"},
        Broken{"trusts_its_peer", "hostile", "died of SIGSEGV"},
        Broken{"answers_an_address", "same", "has other effects the second time"},
        Broken{"keeps_in_its_instance", "renewal", "on an instance that was made anew"},
        Broken{"trusts_its_rows", "rows", "died of SIGABRT"}}) {
    CAPTURE(broken.wrong);
    const auto clauses = clauses_of(contract(broken.wrong));
    CHECK(clauses.at(broken.clause).verdict == Verdict::fail);
    CHECK_MESSAGE(has(clauses.at(broken.clause).words, broken.words), clauses.at(broken.clause).words);
    for (const char* const clause : {"file", "load", "create", "events", "memory", "convert", "unload"})
      CHECK_MESSAGE(clauses.at(clause).verdict == Verdict::ok, clause);
  }
}

TEST_CASE("contract: a down conversion that loses something is found on rows the module wrote itself") {
  if (is_sanitized) return;
  const auto clauses = clauses_of(fixture("faulty_down_is_lossy", "faulty-2.0.0"));
  CHECK(clauses.at("rows").verdict == Verdict::fail);
  CHECK_MESSAGE(has(clauses.at("rows").words, "so a rollback would lose something"),
                clauses.at("rows").words);
}

TEST_CASE(
    "contract: what a push's preflight refuses fails at the clause it is about, and the next are not come "
    "to") {
  if (is_sanitized) return;
  for (const auto& each : std::map<std::string, std::string>{{"crash_in_self_test", "self_test"},
                                                             {"crash_in_create", "create"},
                                                             {"null_write", "events"},
                                                             {"leaks", "memory"}}) {
    const std::string& wrong = each.first;
    const std::string& clause = each.second;
    CAPTURE(wrong);
    const auto clauses = clauses_of(fixture("faulty_" + wrong, "faulty-2.0.0"));
    CHECK_MESSAGE(clauses.at(clause).verdict == Verdict::fail, clauses.at(clause).words);
    CHECK(clauses.at("unload").verdict == Verdict::skipped);
  }
}

TEST_CASE("contract: no code runs of a file that is refused, and all that is wrong in it is told") {
  const auto clauses = clauses_of(fixture("missing_capability"));
  CHECK(clauses.at("file").verdict == Verdict::fail);
  CHECK(clauses.at("load").verdict == Verdict::skipped);
  CHECK(clauses.at("rows").verdict == Verdict::skipped);
}

TEST_CASE("contract: variables that instances share are named") {
  const ClauseResult globals = clauses_of(contract("shared_global")).at("globals");
  CHECK(globals.verdict == Verdict::warn);
  CHECK_MESSAGE(has(globals.words, "asked"), globals.words);
}

TEST_CASE("contract: it says who has signed, where a host's keys are given") {
  const SigningKey key = SigningKey::make();
  const std::string file = contract("kept");
  ContractInquiry inquiry;
  inquiry.signature = key.sign(Image::read(file)->bytes());
  CHECK(clauses_of(file, inquiry).at("signature").verdict == Verdict::warn);
  inquiry.has_trust = true;
  inquiry.trusted = {{"anna", key.public_key(), false}};
  CHECK(clauses_of(file, inquiry).at("signature").words == "signed by anna");
  inquiry.trusted = {{"bert", SigningKey::make().public_key(), false}};
  CHECK(clauses_of(file, inquiry).at("signature").verdict == Verdict::warn);
}

#include "push/contract.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "hotline/cap/clock.h"
#include "hotline/cap/config.h"
#include "hotline/cap/control.h"
#include "hotline/cap/crypto.h"
#include "hotline/cap/file.h"
#include "hotline/cap/http.h"
#include "hotline/cap/log.h"
#include "hotline/cap/login.h"
#include "hotline/cap/mailbox.h"
#include "hotline/cap/outbox.h"
#include "hotline/cap/post.h"
#include "hotline/cap/random.h"
#include "hotline/cap/session.h"
#include "hotline/cap/stanza.h"
#include "hotline/cap/stats.h"
#include "hotline/cap/stream.h"
#include "hotline/cap/table.h"
#include "hotline/cap/timer.h"
#include "push/preflight.h"
#include "push/verify.h"
#include "push/writable_data.h"

namespace hotline {

namespace {

using Verdict = ClauseResult::Verdict;

// As preflight comes to them.
constexpr std::array rehearsed_clauses{"load",   "self_test", "create", "events",
                                       "memory", "convert",   "unload"};
constexpr std::array apart_clauses{"instances", "capabilities", "failures", "hostile",
                                   "same",      "renewal",      "rows"};
constexpr std::size_t globals_named_max = 5;
// What every host of this ABI has.
constexpr std::array abi_capabilities{
    HL_CAP_CLOCK, HL_CAP_CONFIG, HL_CAP_CONTROL, HL_CAP_CRYPTO, HL_CAP_LOG,   HL_CAP_MAILBOX,
    HL_CAP_POST,  HL_CAP_RANDOM, HL_CAP_SESSION, HL_CAP_STANZA, HL_CAP_STATS, HL_CAP_STREAM,
    HL_CAP_TABLE, HL_CAP_TIMER,  HL_CAP_HTTP,    HL_CAP_OUTBOX, HL_CAP_LOGIN, HL_CAP_FILE};

// Which clause a step of preflight belongs to.
std::string_view clause_of(std::string_view step) {
  for (const std::string_view clause : {"load", "self_test", "create", "convert", "unload"})
    if (step.starts_with(clause)) return clause;
  if (step == "destroy") return "create";
  return step.ends_with("again and again") ? "memory" : "events";
}

class ContractCheck {
 public:
  ContractCheck(const PreflightProgram& program, const Image& image, const ContractInquiry& inquiry,
                const std::function<void(const ClauseResult&)>& tell)
      : program_(program), image_(image), inquiry_(inquiry), tell_(tell) {}

  Result<bool> run();

 private:
  void say(std::string_view clause, Verdict verdict, std::string words = {}) {
    is_kept_ &= verdict != Verdict::fail;
    tell_({std::string(clause), verdict, std::move(words)});
  }
  bool check_file();
  void check_signature();
  void check_globals();
  Result<void> rehearse();
  Result<PreflightVerdict> run_child(const std::string& clause);
  void tell_rehearsed(const PreflightVerdict& verdict);

  const PreflightProgram& program_;
  const Image& image_;
  const ContractInquiry& inquiry_;
  const std::function<void(const ClauseResult&)>& tell_;
  VerifyReport report_;
  bool is_kept_ = true;
};

Result<bool> ContractCheck::run() {
  const bool may_run = check_file();
  check_signature();
  check_globals();
  if (!may_run) {
    for (const char* const clause : rehearsed_clauses)
      say(clause, Verdict::skipped, "not tried: `file` failed");
    for (const char* const clause : apart_clauses) say(clause, Verdict::skipped, "not tried: `file` failed");
    return is_kept_;
  }
  if (Result<void> tried = rehearse(); !tried) return tried.error();
  for (const char* const clause : apart_clauses) {
    Result<PreflightVerdict> verdict = run_child(clause);
    if (!verdict) return verdict.error();
    say(clause, verdict->refusal.empty() ? Verdict::ok : Verdict::fail, verdict->refusal);
  }
  return is_kept_;
}

bool ContractCheck::check_file() {
  report_ = verify(image_, VerifyPolicy::of_host({abi_capabilities.begin(), abi_capabilities.end()}));
  std::string words;
  for (const std::string& refusal : report_.refusals) words += (words.empty() ? "" : "\n") + refusal;
  if (words.empty()) words = report_.manifest->label() + ", build " + report_.build_id;
  say("file", report_.is_accepted() ? Verdict::ok : Verdict::fail, words);
  return report_.is_accepted();
}

void ContractCheck::check_signature() {
  if (!inquiry_.signature)
    return say("signature", Verdict::warn, "it is not signed; `hotline sign` does that before a push");
  if (!inquiry_.has_trust)
    return say("signature", Verdict::warn,
               "it is signed; who by is said with --state DIR, of a host that trusts them");
  const TrustedKey* const signer = signer_of(image_.bytes(), *inquiry_.signature, inquiry_.trusted);
  if (signer == nullptr)
    return say(
        "signature", Verdict::warn,
        "none of the " + std::to_string(inquiry_.trusted.size()) +
            " keys that this host trusts has signed it as it is; sign it again, or `hotline trust add`");
  say("signature", Verdict::ok, "signed by " + signer->name);
}

void ContractCheck::check_globals() {
  std::vector<std::string> names = writable_variables(image_.bytes());
  if (names.empty()) return say("globals", Verdict::ok);
  const std::size_t rest = names.size() > globals_named_max ? names.size() - globals_named_max : 0;
  names.resize(names.size() - rest);
  std::string words = "all instances share, and lose with the image: ";
  for (std::size_t i = 0; i < names.size(); ++i) words += (i == 0 ? "" : ", ") + names[i];
  if (rest > 0) words += " and " + std::to_string(rest) + " more";
  say("globals", Verdict::warn, words + "; keep them in the instance, or make them const");
}

Result<PreflightVerdict> ContractCheck::run_child(const std::string& clause) {
  PreflightRequest request;
  request.format = preflight_format;
  request.clause = clause;
  request.manifest = report_.manifest->text;
  request.build_id = report_.build_id;
  request.digest = report_.digest;
  request.convert_reason = report_.convert_reason;
  request.pins = report_.pins;
  request.seconds = inquiry_.deadline_ms / 1'000 + 1;
  return run_preflight(program_, request, image_, inquiry_.deadline_ms);
}

Result<void> ContractCheck::rehearse() {
  Result<PreflightVerdict> verdict = run_child({});
  if (!verdict) return verdict.error();
  tell_rehearsed(*verdict);
  return {};
}

void ContractCheck::tell_rehearsed(const PreflightVerdict& verdict) {
  const std::string_view failed = verdict.refusal.empty() ? std::string_view() : clause_of(verdict.step);
  bool is_behind = false;  // The clauses after one that failed were not come to.
  for (const std::string_view clause : rehearsed_clauses) {
    if (clause == failed) {
      say(clause, Verdict::fail, verdict.refusal);
      is_behind = true;
    } else if (is_behind) {
      say(clause, Verdict::skipped, "not come to: `" + std::string(failed) + "` failed");
    } else if (clause == "events" && verdict.refusal.empty()) {
      say(clause, Verdict::ok,
          std::to_string(verdict.events) + " events, the slowest " + std::to_string(verdict.call_us_max) +
              " us");
    } else {
      say(clause, Verdict::ok);
    }
  }
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::warn: return "warn";
    case Verdict::fail: return "FAIL";
    case Verdict::skipped: break;
  }
  return "-";
}

Result<bool> check_contract(const PreflightProgram& program, const Image& image,
                            const ContractInquiry& inquiry,
                            const std::function<void(const ClauseResult&)>& tell) {
  return ContractCheck(program, image, inquiry, tell).run();
}

}  // namespace hotline

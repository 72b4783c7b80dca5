// The contract of a module (docs/writing-a-module.md), clause by clause, for a file and without a host: what
// a push asks of it, and more.
//
//     file signature globals                                    its bytes are read; no code runs
//     load self_test create events memory convert unload        as preflight at a push
//     instances capabilities failures hostile same renewal rows each in a process of its own
//
// [one thread that may wait]
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "push/image.h"
#include "push/preflight_child.h"
#include "push/trust.h"

namespace hotline {

struct ClauseResult {
  enum class Verdict { ok, warn, fail, skipped };
  std::string clause;
  Verdict verdict = Verdict::ok;
  std::string words;  // What is wrong and the way out; or what was found.
};
std::string_view name_of(ClauseResult::Verdict verdict);  // "ok", "warn", "FAIL", "-".

struct ContractInquiry {
  std::vector<TrustedKey> trusted;
  bool has_trust = false;  // `trusted` is a host's, rather than nobody's.
  std::optional<Signature> signature;
  std::uint64_t deadline_ms = 60'000;  // Of each process.
};

// Tells each clause as soon as it is decided; true: none failed. The error: the module could not be tried,
// which says nothing of it.
Result<bool> check_contract(const PreflightProgram& program, const Image& image,
                            const ContractInquiry& inquiry,
                            const std::function<void(const ClauseResult&)>& tell);

}  // namespace hotline

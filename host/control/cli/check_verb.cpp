// hotline check: the contract of a module, tried on files. No host is asked; with --state, or $HOTLINE_STATE,
// its trusted keys are.
#include <algorithm>
#include <utility>

#include "cli/table.h"
#include "cli/verbs.h"
#include "push/contract.h"

namespace hotline::cli {
namespace {

constexpr std::size_t clause_width = 13;
constexpr std::size_t verdict_width = 5;

std::string padded(std::string_view text, std::size_t width) {
  std::string all(text);
  all.resize(std::max(all.size(), width), ' ');
  return all;
}

// A line a clause; further lines of its words below the first.
void print_clause(const Context& context, const ClauseResult& result) {
  std::string words = result.words;
  const std::string indent(clause_width + verdict_width + 2, ' ');
  std::string line =
      "  " + padded(name_of(result.verdict), verdict_width) + padded(result.clause, clause_width);
  for (std::size_t at = 0; at <= words.size();) {
    const std::size_t end = std::min(words.find('\n', at), words.size());
    std::string text = line + printable(std::string_view(words).substr(at, end - at));
    text.erase(text.find_last_not_of(' ') + 1);
    context.out << text << '\n';
    line = indent;
    at = end + 1;
  }
}

// What the host that is meant trusts, where one is.
Result<void> read_trust(const Context& context, ContractInquiry& inquiry) {
  const std::string state_dir = choose_state_dir(context.state);
  if (state_dir.empty()) return {};
  Result<std::vector<TrustedKey>> trusted = TrustStore(state_dir).keys();
  if (!trusted) return trusted.error();
  inquiry.has_trust = true;
  inquiry.trusted = std::move(*trusted);
  return {};
}

}  // namespace

Exit check_modules(Context& context, const std::vector<std::string>& files) {
  Result<PreflightProgram> program = PreflightProgram::open({});
  if (!program) return context.fail(Exit::failed, program.error().message);
  ContractInquiry inquiry;
  if (Result<void> read = read_trust(context, inquiry); !read)
    return context.fail(Exit::failed, read.error().message);
  nlohmann::json answer = {{"files", nlohmann::json::array()}};
  bool all_keep = true;
  for (const std::string& file : files) {
    const Result<Image> image = Image::read(file);
    if (!image) return context.fail(Exit::failed, image.error().message);
    Result<std::optional<Signature>> signature = read_signature_of(file);
    if (!signature) return context.fail(Exit::failed, signature.error().message);
    inquiry.signature = *signature;
    if (!context.wants_json) context.out << printable(file) << '\n';
    nlohmann::json clauses = nlohmann::json::array();
    const Result<bool> kept = check_contract(*program, *image, inquiry, [&](const ClauseResult& result) {
      if (context.wants_json)
        clauses.push_back(
            {{"clause", result.clause}, {"verdict", name_of(result.verdict)}, {"words", result.words}});
      else
        print_clause(context, result);
      context.out.flush();
    });
    if (!kept) return context.fail(Exit::failed, file + ": " + kept.error().message);
    all_keep &= *kept;
    answer["files"].push_back({{"file", file}, {"keeps", *kept}, {"clauses", std::move(clauses)}});
  }
  if (context.wants_json) context.print_json(answer);
  return all_keep ? Exit::done : Exit::failed;
}

}  // namespace hotline::cli

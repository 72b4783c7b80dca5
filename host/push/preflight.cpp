#include "push/preflight.h"

#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

#include "push/symbols.h"

namespace hotline {

namespace {

constexpr std::size_t functions_shown_max = 8;
constexpr auto last_words = std::chrono::milliseconds(500);  // After the deadline, for the backtrace.
constexpr std::size_t step_bytes_max = 300;
// So long it runs on what others leave of the processors; where that is nothing it would never end.
constexpr auto others_first = std::chrono::milliseconds(500);

// What the lines of a child come to.
struct Heard {
  std::string step;  // Empty: it never began.
  MappedRange range;
  std::optional<PreflightVerdict> verdict;
  int signal = 0;
  std::vector<std::uintptr_t> frames;
};

template <typename Number>
Number number_at(std::string_view& text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty()) text.remove_prefix(1);
  return error == std::errc() ? value : Number{};
}

// Lines that make no sense are passed over: they may be the module's.
Heard hear(std::string_view said) {
  Heard heard;
  while (!said.empty()) {
    const std::size_t end = std::min(said.find('\n'), said.size());
    std::string_view rest = said.substr(0, end);
    said.remove_prefix(std::min(end + 1, said.size()));
    const std::size_t space = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, space);
    rest.remove_prefix(std::min(space + 1, rest.size()));
    if (word == "step") {
      heard.step = rest.substr(0, step_bytes_max);
    } else if (word == "mapped") {
      heard.range.base = number_at<std::uintptr_t>(rest, 16);
      heard.range.end = number_at<std::uintptr_t>(rest, 16);
    } else if (word == "!signal") {
      heard.signal = number_at<int>(rest, 10);
    } else if (word == "!frame") {
      heard.frames.push_back(number_at<std::uintptr_t>(rest, 16));
    } else if (word == "verdict") {
      if (Result<PreflightVerdict> verdict = preflight_verdict_of(rest); verdict)
        heard.verdict = std::move(*verdict);
    }
  }
  return heard;
}

// " in misbehave < faulty_on_stanza": the module's own functions, the innermost first. The SDK's around them
// say nothing, but where it died in one, or in what was inlined there.
std::string functions_of(const Heard& heard, const Image& image) {
  std::vector<std::string> functions;
  for (std::size_t i = 0; i < heard.frames.size(); ++i) {
    // All but the first are where a call returns to, which after a last call is another function.
    const std::uintptr_t frame = i == 0 ? heard.frames[i] : heard.frames[i] - 1;
    if (!heard.range.contains(reinterpret_cast<const void*>(frame))) continue;
    std::string name = function_at(image.bytes(), frame - heard.range.base);
    if (name.empty()) name = "a function without a name";
    if (!functions.empty() && is_of_sdk(name)) continue;
    if (functions.empty() || functions.back() != name) functions.push_back(std::move(name));
    if (functions.size() == functions_shown_max) break;
  }
  std::string text;
  for (const std::string& name : functions) text += (text.empty() ? " in " : " < ") + name;
  return text;
}

std::string death_of(int signal) {
  if (signal == SIGPROF) return "used up its hard budget of processor time";
  if (signal == SIGXCPU) return "used up all processor time that it may have";
  if (signal == SIGSYS) return "made a system call that no module has any business with";
  if (signal == SIGKILL) return "was killed: it took more memory than there is, or somebody did it";
  const char* name = sigabbrev_np(signal);
  return "died of " + (name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name);
}

}  // namespace

Result<PreflightVerdict> verdict_on(const PreflightEnd& end, const Image& image) {
  const Heard heard = hear(end.said);
  const auto refused = [&](const std::string& why) {
    PreflightVerdict verdict;
    verdict.refusal = "in preflight it " + why + functions_of(heard, image);
    verdict.step = heard.step;
    return verdict;
  };
  const int signal = heard.signal != 0              ? heard.signal
                     : WIFSIGNALED(end.wait_status) ? WTERMSIG(end.wait_status)
                                                    : 0;
  if (heard.step.empty())
    return Error{"preflight could not be run: hotline-preflight " +
                 (end.is_late ? "did not begin within " + std::to_string(end.deadline_ms) + " ms"
                              : "ended before it began (wait status " + std::to_string(end.wait_status) +
                                    "); is it of this host's version?")};
  if (end.is_late)
    return refused("did not come back from " + heard.step + " within " + std::to_string(end.deadline_ms) +
                   " ms");
  if (signal != 0) return refused(death_of(signal) + ", at " + heard.step);
  if (heard.verdict) {
    PreflightVerdict verdict = *heard.verdict;
    verdict.step = heard.step;
    return verdict;
  }
  return refused("ended the process at " + heard.step);
}

Result<PreflightVerdict> run_preflight(const PreflightProgram& program, const PreflightRequest& request,
                                       const Image& image, std::uint64_t deadline_ms) {
  Result<PreflightChild> child = PreflightChild::start(program, bytes_of(request), image.bytes());
  if (!child) return child.error();
  PreflightEnd end{.said = {}, .wait_status = 0, .is_late = false, .deadline_ms = deadline_ms};
  child->give_way();
  const auto begin = PreflightChild::Clock::now();
  const std::chrono::milliseconds deadline(deadline_ms);
  end.is_late = !child->hear_until(begin + std::min<std::chrono::milliseconds>(deadline, others_first));
  if (end.is_late) {
    child->hurry();
    end.is_late = !child->hear_until(begin + deadline);
  }
  if (end.is_late) {
    child->ask_where();
    (void)child->hear_until(PreflightChild::Clock::now() + last_words);
  }
  end.wait_status = child->end();
  end.said = child->said();
  return verdict_on(end, image);
}

}  // namespace hotline

// The limits of the host's process, as /proc/PID/limits has them. The host raises the soft limit of open
// files to the hard one itself, so the hard one counts.
#include <algorithm>
#include <sstream>

#include "doctor/examination.h"

namespace hotline::doctor {
namespace {

constexpr std::uint64_t unlimited = UINT64_MAX;
constexpr std::uint64_t sessions_least = 1'000;

// Of "Max open files            1024                 524288               files": the second number.
std::optional<std::uint64_t> hard_limit(const Machine& machine, const Plan& plan, std::string_view title) {
  const auto limits = machine.file(process_path(plan, "limits"));
  if (!limits) return std::nullopt;
  const std::size_t at = limits->find(title);
  if (at == std::string::npos) return std::nullopt;
  std::istringstream words(limits->substr(at + title.size()));
  std::string soft, hard;
  words >> soft >> hard;
  return hard == "unlimited" ? unlimited : number_in(hard);
}

struct LimitNeed {
  const char* name;
  const char* title;  // In /proc/PID/limits.
  const char* line;   // Of the unit.
  std::uint64_t wanted;
  Verdict verdict;
  const char* why;
};

void check_limit(const Machine& machine, const Plan& plan, const LimitNeed& need, Findings& findings) {
  const std::string whose = plan.is_hidden      ? " (of this shell: " + plan.state_dir + " may not be read)"
                            : plan.process == 0 ? " (of this shell: no host runs)"
                                                : " (of process " + std::to_string(plan.process) + ")";
  Finding finding{need.name,
                  Verdict::good,
                  "",
                  "at least " + std::to_string(need.wanted),
                  need.why,
                  std::string(need.line) + "=" + std::to_string(need.wanted) + "   in [Service] of " +
                      unit_file + ", then systemctl daemon-reload and restart hotlined"};
  const auto found = hard_limit(machine, plan, need.title);
  if (!found) {
    finding.found = "cannot be read";
    finding.verdict = Verdict::advice;
  } else {
    finding.found = (*found == unlimited ? "unlimited" : std::to_string(*found)) + whose;
    if (*found < need.wanted) finding.verdict = need.verdict;
  }
  findings.push_back(std::move(finding));
}

}  // namespace

void check_process(const Machine& machine, const Plan& plan, Findings& findings) {
  const Needs needs(plan);
  const LimitNeed all[] = {
      {"files.process", "Max open files", "LimitNOFILE", needs.files, Verdict::bad,
       "each session is an open file; when they run out clients are refused"},
      {"process.threads", "Max processes", "LimitNPROC", host_threads, Verdict::bad,
       "shards, pools and the children of a preflight; one that cannot start refuses a push"},
      {"memory.locked", "Max locked memory", "LimitMEMLOCK", needs.locked_bytes, Verdict::advice,
       "traffic secrets of TLS are locked as far as this allows, and may be swapped out beyond it"},
  };
  for (const LimitNeed& need : all) check_limit(machine, plan, need, findings);
}

std::uint64_t sessions_allowed(const Machine& machine, const Plan& plan) {
  const std::uint64_t files = hard_limit(machine, plan, "Max open files").value_or(0);
  if (files <= host_files + sessions_least) return sessions_least;
  return std::min(files, std::uint64_t{1} << 24) - host_files;  // Beyond 16 million no host has places.
}

}  // namespace hotline::doctor

#include "doctor/examination.h"

#include <algorithm>
#include <charconv>

namespace hotline::doctor {

std::vector<Finding> examine(const Machine& machine, const Plan& plan) {
  Findings findings;
  check_process(machine, plan, findings);
  check_sysctls(machine, plan, findings);
  check_cgroup(machine, plan, findings);
  check_kernel(machine, findings);
  check_disk(machine, plan, findings);
  check_certificate(machine, plan, findings);
  return findings;
}

bool is_fit(const std::vector<Finding>& findings) {
  return std::ranges::none_of(findings,
                              [](const Finding& finding) { return finding.verdict == Verdict::bad; });
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string process_path(const Plan& plan, std::string_view file) {
  return "/proc/" + (plan.process == 0 ? std::string("self") : std::to_string(plan.process)) + "/" +
         std::string(file);
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

}  // namespace hotline::doctor

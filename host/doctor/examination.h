// The doctor's examination: every check there is, on one machine, for one plan.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/finding.h"
#include "doctor/machine.h"
#include "doctor/needs.h"

namespace hotline::doctor {

std::vector<Finding> examine(const Machine& machine, const Plan& plan);
// Whether nothing was bad.
bool is_fit(const std::vector<Finding>& findings);
// As many sessions as the open files of the host's process allow, at least 1,000: nothing else in its
// configuration bounds them.
std::uint64_t sessions_allowed(const Machine& machine, const Plan& plan);

// Its parts, each in a file of its own. They add what they find.
using Findings = std::vector<Finding>;
void check_process(const Machine& machine, const Plan& plan, Findings& findings);
void check_sysctls(const Machine& machine, const Plan& plan, Findings& findings);
void check_cgroup(const Machine& machine, const Plan& plan, Findings& findings);
void check_kernel(const Machine& machine, Findings& findings);
void check_disk(const Machine& machine, const Plan& plan, Findings& findings);
void check_certificate(const Machine& machine, const Plan& plan, Findings& findings);

// What they share.
std::optional<std::uint64_t> number_in(std::string_view text);      // A whole number and nothing else.
std::string process_path(const Plan& plan, std::string_view file);  // Below /proc/PID or /proc/self.
// "1,234 MiB": what is compared is bytes, what is read is not.
std::string mebibytes(std::uint64_t bytes);
constexpr const char* unit_file = "/etc/systemd/system/hotlined.service";

}  // namespace hotline::doctor

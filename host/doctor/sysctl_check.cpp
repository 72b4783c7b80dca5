#include <sstream>

#include "doctor/examination.h"
#include "doctor/sysctl_needs.h"

namespace hotline::doctor {
namespace {

bool is_kept(const SysctlNeed& need, const std::string& found) {
  std::istringstream words(found);
  for (const SysctlNeed::Field& field : need.fields) {
    std::string word;
    if (!(words >> word)) return false;
    const auto value = number_in(word);
    if (!value) return false;
    if (field.rule == SysctlNeed::Rule::at_least ? *value < field.value : *value > field.value) return false;
  }
  return true;
}

std::string in_one_line(std::string text) {
  for (char& c : text)
    if (c == '\t') c = ' ';
  return text;
}

// A port that the host listens on and the system may give away first.
void check_ports(const Machine& machine, const Plan& plan, Findings& findings) {
  const auto range = machine.file("/proc/sys/net/ipv4/ip_local_port_range");
  if (!range) return;
  std::istringstream words(*range);
  std::uint64_t first = 0, last = 0;
  if (!(words >> first >> last)) return;
  const std::string reserved = machine.file("/proc/sys/net/ipv4/ip_local_reserved_ports").value_or("");
  for (const std::uint32_t port : plan.ports) {
    if (port == 0 || port < first || port > last) continue;
    const std::string text = std::to_string(port);
    if (("," + reserved + ",").find("," + text + ",") != std::string::npos) continue;
    findings.push_back({"net.listen_ports", Verdict::advice, "port " + text + " in " + in_one_line(*range),
                        "outside of it, or reserved",
                        "a connection going out may be given that port, and the host cannot listen when it "
                        "starts",
                        "sysctl -w net.ipv4.ip_local_reserved_ports=" + text});
  }
}

}  // namespace

void check_sysctls(const Machine& machine, const Plan& plan, Findings& findings) {
  for (const SysctlNeed& need : sysctl_needs(plan)) {
    Finding finding{
        need.name,
        Verdict::good,
        "",
        need.wanted(),
        need.why,
        "sysctl -w '" + need.key + "=" + need.value() + "'   (and in /etc/sysctl.d/90-hotline.conf)"};
    if (const auto found = machine.file(need.path())) {
      finding.found = in_one_line(*found);
      if (!is_kept(need, *found)) finding.verdict = need.verdict;
    } else {
      finding.found = "not there";
      if (!need.may_be_absent) finding.verdict = Verdict::advice;
    }
    findings.push_back(std::move(finding));
  }
  check_ports(machine, plan, findings);
}

}  // namespace hotline::doctor

// A machine as a test describes it: files, disks and certificates that are nowhere.
#pragma once

#include <map>
#include <sstream>
#include <string>

#include "doctor/examination.h"
#include "doctor/sysctl_needs.h"

namespace hotline::test {

class DescribedMachine final : public doctor::Machine {
 public:
  std::map<std::string, std::string> files;
  Result<doctor::Disk> its_disk = doctor::Disk{std::uint64_t{100} << 30, "ext4", false, false, ""};
  Result<doctor::CertificateDates> its_certificate = doctor::CertificateDates{0, 1'000 * day_s};

  std::optional<std::string> file(const std::string& path) const override {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }
  Result<doctor::Disk> disk(const std::string&) const override { return its_disk; }
  Result<doctor::CertificateDates> certificate(const std::string&) const override { return its_certificate; }
  std::int64_t now_s() const override { return 100 * day_s; }

  void set_limit(const std::string& title, const std::string& hard) {
    limits_[title] = hard;
    std::string text = "Limit                     Soft Limit           Hard Limit           Units     \n";
    for (const auto& [name, value] : limits_)
      text += name + "            64        " + value + "       units\n";
    files["/proc/self/limits"] = text;
  }

  static constexpr std::int64_t day_s = 86'400;

 private:
  std::map<std::string, std::string> limits_;
};

inline doctor::Plan plan_for(std::uint64_t sessions) {
  doctor::Plan plan;
  plan.sessions = sessions;
  plan.state_dir = "/var/lib/hotline";
  plan.certificate = "/etc/hotline/chain.pem";
  plan.ports = {5222, 5223};
  return plan;
}

// One that has just what so many sessions need, all but what `plan` alone decides.
inline DescribedMachine machine_for(const doctor::Plan& plan) {
  const doctor::Needs needs(plan);
  DescribedMachine machine;
  for (const doctor::SysctlNeed& need : sysctl_needs(plan)) machine.files[need.path()] = need.value();
  machine.set_limit("Max open files", std::to_string(needs.files));
  machine.set_limit("Max processes", "unlimited");
  machine.set_limit("Max locked memory", std::to_string(needs.locked_bytes));
  machine.files["/proc/self/cgroup"] = "0::/system.slice/hotlined.service";
  machine.files["/proc/meminfo"] =
      "MemTotal:       " + std::to_string((needs.memory_bytes >> 10) + 1) + " kB";
  machine.files["/proc/sys/kernel/osrelease"] = "6.12.1-amd64";
  machine.its_disk->free_bytes = needs.disk_bytes;
  return machine;
}

inline const doctor::Finding* finding_in(const std::vector<doctor::Finding>& findings,
                                         const std::string& name) {
  for (const doctor::Finding& finding : findings)
    if (finding.name == name) return &finding;
  return nullptr;
}

}  // namespace hotline::test

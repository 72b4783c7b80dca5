// The files of deploy/ are what the doctor asks for, for 2,800,000 sessions.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "unit/doctor/described_machine.h"

using namespace hotline::doctor;
using hotline::test::DescribedMachine;
using hotline::test::machine_for;
using hotline::test::plan_for;

namespace {

constexpr std::uint64_t sessions = 2'800'000;

std::string deployed(const std::string& name) {
  std::ifstream file(std::string(HOTLINE_SOURCE_DIR) + "/deploy/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A machine whose kernel has been told the sysctl file, and whose host runs under the unit; the rest as
// needed.
DescribedMachine deployed_machine() {
  DescribedMachine machine = machine_for(plan_for(sessions));
  for (const SysctlNeed& need : sysctl_needs(plan_for(sessions))) machine.files.erase(need.path());
  std::istringstream lines(deployed("90-hotline.conf"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with('-')) line.erase(0, 1);
    const std::size_t equals = line.find(" = ");
    REQUIRE(equals != std::string::npos);
    std::string path = line.substr(0, equals);
    for (char& c : path)
      if (c == '.') c = '/';
    machine.files["/proc/sys/" + path] = line.substr(equals + 3);
  }
  std::istringstream unit(deployed("hotlined.service"));
  for (std::string line; std::getline(unit, line);) {
    if (line.starts_with("LimitNOFILE=")) machine.set_limit("Max open files", line.substr(12));
    if (line.starts_with("LimitMEMLOCK=")) machine.set_limit("Max locked memory", line.substr(13));
  }
  return machine;
}

}  // namespace

TEST_CASE("deploy: the doctor is content with the sysctl file and the unit, for 2,800,000 sessions") {
  const DescribedMachine machine = deployed_machine();
  for (const Finding& finding : examine(machine, plan_for(sessions))) {
    CAPTURE(finding.name);
    CAPTURE(finding.found);
    CAPTURE(finding.wanted);
    CHECK(finding.verdict == Verdict::good);
  }
}

TEST_CASE("deploy: for one session more it is not") {
  const DescribedMachine machine = deployed_machine();
  CHECK_FALSE(is_fit(examine(machine, plan_for(sessions + 1))));
}

TEST_CASE("deploy: the sysctl file is what the doctor prints") {
  CHECK(deployed("90-hotline.conf") == sysctl_file(plan_for(sessions)));
}

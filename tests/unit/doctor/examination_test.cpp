// The doctor on machines that lack one thing each.
#include "doctor/examination.h"

#include <doctest/doctest.h>

#include <functional>

#include "unit/doctor/described_machine.h"

using namespace hotline::doctor;
using hotline::Error;
using hotline::test::DescribedMachine;
using hotline::test::finding_in;
using hotline::test::machine_for;
using hotline::test::plan_for;

namespace {

// What the check says when the machine has just enough, and when it was made worse.
void falls(const std::string& name, Verdict to, const std::function<void(DescribedMachine&, Plan&)>& worsen) {
  CAPTURE(name);
  Plan plan = plan_for(100'000);
  DescribedMachine machine = machine_for(plan);
  const std::vector<Finding> good = examine(machine, plan);
  const Finding* const before = finding_in(good, name);
  REQUIRE(before != nullptr);
  CHECK(before->verdict == Verdict::good);
  worsen(machine, plan);
  const std::vector<Finding> worse = examine(machine, plan);
  const Finding* const after = finding_in(worse, name);
  REQUIRE(after != nullptr);
  CHECK(after->verdict == to);
  CHECK_FALSE(after->found.empty());
  CHECK_FALSE(after->wanted.empty());
  CHECK_FALSE(after->why.empty());
  CHECK_FALSE(after->fix.empty());
  CHECK(is_fit(worse) == (to != Verdict::bad));
}

}  // namespace

TEST_CASE("doctor: a machine that has just enough is fit") {
  const Plan plan = plan_for(1'000'000);
  const std::vector<Finding> findings = examine(machine_for(plan), plan);
  for (const Finding& finding : findings) {
    CAPTURE(finding.name);
    CAPTURE(finding.found);
    CHECK(finding.verdict == Verdict::good);
  }
  CHECK(findings.size() >= 24);
}

TEST_CASE("doctor: each setting of the kernel is missed when it is one off, and its command sets it") {
  const Plan plan = plan_for(100'000);
  for (const SysctlNeed& need : sysctl_needs(plan))
    for (std::size_t wrong = 0; wrong < need.fields.size(); ++wrong) {
      CAPTURE(need.key);
      DescribedMachine machine = machine_for(plan);
      std::string value;
      for (std::size_t i = 0; i < need.fields.size(); ++i) {
        const bool at_least = need.fields[i].rule == SysctlNeed::Rule::at_least;
        const std::uint64_t off = i != wrong ? 0 : at_least ? std::uint64_t{0} - 1 : 1;
        value += (value.empty() ? "" : "\t") + std::to_string(need.fields[i].value + off);
      }
      machine.files[need.path()] = value;
      const std::vector<Finding> findings = examine(machine, plan);
      const Finding* const finding = finding_in(findings, need.name);
      REQUIRE(finding != nullptr);
      CHECK(finding->verdict == need.verdict);
      CHECK(finding->fix.find(need.key + "=" + need.value()) != std::string::npos);
    }
}

TEST_CASE("doctor: a setting that a kernel need not have is no fault, one that it should have is told") {
  const Plan plan = plan_for(100'000);
  DescribedMachine machine = machine_for(plan);
  machine.files.erase("/proc/sys/net/netfilter/nf_conntrack_max");
  machine.files.erase("/proc/sys/net/core/somaxconn");
  const std::vector<Finding> findings = examine(machine, plan);
  CHECK(finding_in(findings, "net.conntrack")->verdict == Verdict::good);
  CHECK(finding_in(findings, "net.somaxconn")->verdict == Verdict::advice);
  CHECK(finding_in(findings, "net.somaxconn")->found == "not there");
}

TEST_CASE("doctor: the limits of the host's process are asked for as many sessions") {
  falls("files.process", Verdict::bad,
        [](DescribedMachine& machine, Plan&) { machine.set_limit("Max open files", "104095"); });
  falls("process.threads", Verdict::bad,
        [](DescribedMachine& machine, Plan&) { machine.set_limit("Max processes", "1023"); });
  falls("memory.locked", Verdict::advice,
        [](DescribedMachine& machine, Plan&) { machine.set_limit("Max locked memory", "8388608"); });
  falls("files.process", Verdict::advice,
        [](DescribedMachine& machine, Plan&) { machine.files.erase("/proc/self/limits"); });
}

TEST_CASE("doctor: of a host that runs, its own limits are read and not those of the shell") {
  Plan plan = plan_for(100'000);
  DescribedMachine machine = machine_for(plan);
  plan.process = 4711;
  machine.files["/proc/4711/limits"] =
      "Max open files   1024   2048   files\nMax processes 9999 9999 processes\n";
  machine.files["/proc/4711/cgroup"] = "0::/tight";
  machine.files["/sys/fs/cgroup/tight/pids.max"] = "100";
  const std::vector<Finding> findings = examine(machine, plan);
  CHECK(finding_in(findings, "files.process")->verdict == Verdict::bad);
  CHECK(finding_in(findings, "files.process")->found == "2048 (of process 4711)");
  CHECK(finding_in(findings, "cgroup.pids")->verdict == Verdict::bad);
}

TEST_CASE("doctor: memory is the machine's, and what the groups around the process leave of it") {
  falls("memory.machine", Verdict::bad,
        [](DescribedMachine& machine, Plan&) { machine.files["/proc/meminfo"] = "MemTotal:  1000000 kB"; });
  falls("memory.machine", Verdict::bad,
        [](DescribedMachine& machine, Plan&) { machine.files.erase("/proc/meminfo"); });
  falls("cgroup.memory", Verdict::bad, [](DescribedMachine& machine, Plan&) {
    machine.files["/sys/fs/cgroup/system.slice/hotlined.service/memory.max"] = "max";
    machine.files["/sys/fs/cgroup/system.slice/memory.max"] = "1073741824";
  });
  falls("cgroup.memory", Verdict::bad, [](DescribedMachine& machine, Plan&) {
    machine.files["/sys/fs/cgroup/system.slice/hotlined.service/memory.high"] = "1073741824";
  });
  falls("cgroup.pids", Verdict::bad, [](DescribedMachine& machine, Plan&) {
    machine.files["/sys/fs/cgroup/system.slice/hotlined.service/pids.max"] = "512";
  });
}

TEST_CASE("doctor: control groups of the first version count as well, and their huge number is no bound") {
  falls("cgroup.memory", Verdict::bad, [](DescribedMachine& machine, Plan&) {
    machine.files["/proc/self/cgroup"] = "4:memory:/box\n0::/";
    machine.files["/sys/fs/cgroup/memory/box/memory.limit_in_bytes"] = "1073741824";
  });
  falls("cgroup.memory", Verdict::good, [](DescribedMachine& machine, Plan&) {
    machine.files["/proc/self/cgroup"] = "4:memory:/box\n0::/";
    machine.files["/sys/fs/cgroup/memory/box/memory.limit_in_bytes"] = "9223372036854771712";
  });
}

TEST_CASE("doctor: the kernel's version is judged by what depends on it") {
  falls("kernel.version", Verdict::advice, [](DescribedMachine& machine, Plan&) {
    machine.files["/proc/sys/kernel/osrelease"] = "6.1.0-41-amd64";
  });
  falls("kernel.version", Verdict::bad,
        [](DescribedMachine& machine, Plan&) { machine.files["/proc/sys/kernel/osrelease"] = "4.13.9"; });
  falls("kernel.memfd", Verdict::bad,
        [](DescribedMachine& machine, Plan&) { machine.files["/proc/sys/vm/memfd_noexec"] = "2"; });
}

TEST_CASE("doctor: a kernel that counts address space as memory is refused") {
  falls("memory.overcommit", Verdict::bad,
        [](DescribedMachine& machine, Plan&) { machine.files["/proc/sys/vm/overcommit_memory"] = "2"; });
}

TEST_CASE("doctor: the state directory must be there, have room, and be on a disk that keeps things") {
  falls("disk.room", Verdict::bad, [](DescribedMachine& machine, Plan&) { --machine.its_disk->free_bytes; });
  falls("disk.kind", Verdict::bad,
        [](DescribedMachine& machine, Plan&) { machine.its_disk->is_kept_in_memory = true; });
  falls("disk.kind", Verdict::bad,
        [](DescribedMachine& machine, Plan&) { machine.its_disk->is_remote = true; });
  falls("disk.sync", Verdict::bad, [](DescribedMachine& machine, Plan&) {
    machine.its_disk->sync_problem = "cannot sync: Input/output error";
  });
  Plan plan = plan_for(1'000);
  DescribedMachine machine = machine_for(plan);
  machine.its_disk = Error{"/var/lib/hotline: No such file or directory"};
  CHECK(finding_in(examine(machine, plan), "disk.state")->verdict == Verdict::bad);
  plan.state_dir.clear();
  CHECK(finding_in(examine(machine, plan), "disk.state")->verdict == Verdict::advice);
}

TEST_CASE("doctor: a certificate is judged by its days") {
  using Dates = CertificateDates;
  constexpr std::int64_t day_s = DescribedMachine::day_s;  // It is day 100.
  const auto with = [](Dates dates) {
    return [dates](DescribedMachine& machine, Plan&) { machine.its_certificate = dates; };
  };
  falls("tls.certificate", Verdict::advice, with({0, 115 * day_s}));
  falls("tls.certificate", Verdict::bad, with({0, 102 * day_s}));
  falls("tls.certificate", Verdict::bad, with({0, 99 * day_s}));
  falls("tls.certificate", Verdict::bad, with({101 * day_s, 900 * day_s}));
  falls("tls.certificate", Verdict::bad, [](DescribedMachine& machine, Plan&) {
    machine.its_certificate = Error{"/etc/hotline/chain.pem: Permission denied"};
  });
  falls("tls.certificate", Verdict::advice, [](DescribedMachine&, Plan& plan) { plan.certificate.clear(); });
}

TEST_CASE("doctor: a port that the system may give away is told, unless it is reserved") {
  Plan plan = plan_for(1'000);
  plan.ports = {5222, 15'222};
  DescribedMachine machine = machine_for(plan);
  CHECK(finding_in(examine(machine, plan), "net.listen_ports")->verdict == Verdict::advice);
  machine.files["/proc/sys/net/ipv4/ip_local_reserved_ports"] = "8080,15222";
  CHECK(finding_in(examine(machine, plan), "net.listen_ports") == nullptr);
}

TEST_CASE("doctor: without a number it looks for as many sessions as the open files allow") {
  Plan plan = plan_for(1);
  DescribedMachine machine = machine_for(plan);
  machine.set_limit("Max open files", "1048576");
  CHECK(sessions_allowed(machine, plan) == 1'044'480);
  machine.set_limit("Max open files", "1024");
  CHECK(sessions_allowed(machine, plan) == 1'000);
}

TEST_CASE(
    "doctor: a host with few sessions needs no more of the backlogs than they do, and is told to set no "
    "less") {
  const Plan plan = plan_for(100);
  DescribedMachine machine = machine_for(plan);
  machine.files["/proc/sys/net/ipv4/tcp_max_syn_backlog"] = "2048";
  CHECK(finding_in(examine(machine, plan), "net.syn_backlog")->verdict == Verdict::good);
  CHECK(sysctl_file(plan).find("net.ipv4.tcp_max_syn_backlog = 4096\n") != std::string::npos);
}

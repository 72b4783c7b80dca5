// Memory: what the machine has, and what the control groups around the host's process leave it; and how many
// threads they allow. Both versions of cgroups (cgroups(7)).
#include <algorithm>
#include <sstream>

#include "doctor/examination.h"

namespace hotline::doctor {
namespace {

// Where a controller's files are, innermost first: every group up to the root bounds what is in it.
std::vector<std::string> groups_of(const Machine& machine, const Plan& plan, std::string_view controller) {
  const std::string lines = machine.file(process_path(plan, "cgroup")).value_or("");
  std::string root, path;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_own = names.find("," + std::string(controller) + ",") != std::string::npos;
    if (is_own || (names == ",," && root.empty())) {
      root = is_own ? "/sys/fs/cgroup/" + std::string(controller) : "/sys/fs/cgroup";
      path = line.substr(second + 1);
    }
  }
  std::vector<std::string> groups;
  if (root.empty()) return groups;
  while (path.size() > 1) {
    groups.push_back(root + path);
    path.erase(path.rfind('/'));
  }
  groups.push_back(root);
  return groups;
}

struct Bound {
  std::uint64_t value = UINT64_MAX;
  std::string file;  // Empty: nothing bounds it.
};

// The least that one of them allows; "max" is no bound, nor is the huge number that version 1 writes for it.
Bound least(const Machine& machine, const std::vector<std::string>& groups,
            std::initializer_list<const char*> files) {
  constexpr std::uint64_t no_bound = std::uint64_t{1} << 60;
  Bound bound;
  for (const std::string& group : groups)
    for (const char* file : files) {
      const std::string path = group + "/" + file;
      const auto value = number_in(machine.file(path).value_or(""));
      if (value && *value < no_bound && *value < bound.value) bound = {*value, path};
    }
  return bound;
}

std::uint64_t machine_bytes(const Machine& machine) {
  std::istringstream words(machine.file("/proc/meminfo").value_or(""));
  std::string title;
  std::uint64_t kib = 0;
  while (words >> title)
    if (title == "MemTotal:" && words >> kib) return kib << 10;
  return 0;
}

}  // namespace

void check_cgroup(const Machine& machine, const Plan& plan, Findings& findings) {
  const Needs needs(plan);
  const std::uint64_t total = machine_bytes(machine);
  findings.push_back({"memory.machine", total < needs.memory_bytes ? Verdict::bad : Verdict::good,
                      mebibytes(total), "at least " + mebibytes(needs.memory_bytes),
                      "user space and kernel of all sessions, mailboxes and the host itself",
                      "more memory, or fewer sessions on this machine"});
  const Bound memory = least(machine, groups_of(machine, plan, "memory"),
                             {"memory.max", "memory.high", "memory.limit_in_bytes"});
  findings.push_back({"cgroup.memory", memory.value < needs.memory_bytes ? Verdict::bad : Verdict::good,
                      memory.file.empty() ? "no bound" : mebibytes(memory.value) + " by " + memory.file,
                      "at least " + mebibytes(needs.memory_bytes),
                      "the kernel's share of each session counts as well, and beyond it the host is killed",
                      "systemctl set-property hotlined MemoryHigh=infinity MemoryMax=" +
                          std::to_string(needs.memory_bytes >> 20) + "M"});
  const Bound threads = least(machine, groups_of(machine, plan, "pids"), {"pids.max"});
  findings.push_back(
      {"cgroup.pids", threads.value < host_threads ? Verdict::bad : Verdict::good,
       threads.file.empty() ? "no bound" : std::to_string(threads.value) + " by " + threads.file,
       "at least " + std::to_string(host_threads),
       "each thread counts, and so do the children of a preflight",
       "systemctl set-property hotlined TasksMax=" + std::to_string(host_threads)});
}

}  // namespace hotline::doctor

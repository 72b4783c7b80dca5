#include <sstream>

#include "doctor/examination.h"

namespace hotline::doctor {
namespace {

struct Version {
  unsigned major = 0, minor = 0;
  friend auto operator<=>(const Version&, const Version&) = default;  // NOLINT: not a null pointer
};

// "6.18.44-fc-v782"
Version version_in(const std::string& release) {
  Version version;
  char dot = 0;
  std::istringstream(release) >> version.major >> dot >> version.minor;
  return version;
}

constexpr Version version_needed{4, 14}, version_wanted{6, 12};

}  // namespace

void check_kernel(const Machine& machine, Findings& findings) {
  const std::string release = machine.file("/proc/sys/kernel/osrelease").value_or("");
  const Version found = version_in(release);
  Finding kernel{
      "kernel.version",
      Verdict::good,
      release.empty() ? "cannot be read" : release,
      "at least 6.12",
      "from 6.12 on shards ask for short slices, so that a message does not wait for what computes "
      "beside them",
      "a newer kernel of your distribution"};
  if (found < version_needed) {
    kernel.verdict = Verdict::bad;
    kernel.wanted = "at least 4.14, better 6.12";
    kernel.why = "before 4.14 traffic secrets cannot be kept out of child processes, and the host stops";
  } else if (found < version_wanted) {
    kernel.verdict = Verdict::advice;
  }
  findings.push_back(std::move(kernel));

  const std::string overcommit = machine.file("/proc/sys/vm/overcommit_memory").value_or("not there");
  findings.push_back(
      {"memory.overcommit", overcommit == "2" ? Verdict::bad : Verdict::good, overcommit, "0 or 1",
       "with 2 address space that is held and not used counts: arenas hold much, and allocations "
       "fail",
       "sysctl -w vm.overcommit_memory=0   (and in /etc/sysctl.d/90-hotline.conf)"});

  // 2: memory that has no file may never be executable, which is how a preflight gets the code it tries.
  const std::string noexec = machine.file("/proc/sys/vm/memfd_noexec").value_or("not there");
  findings.push_back({"kernel.memfd", noexec == "2" ? Verdict::bad : Verdict::good, noexec, "0 or 1",
                      "a preflight maps the module it tries from memory; with 2 every push is refused",
                      "sysctl -w vm.memfd_noexec=0   (and in /etc/sysctl.d/90-hotline.conf)"});
}

}  // namespace hotline::doctor

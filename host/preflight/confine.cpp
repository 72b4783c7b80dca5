// hotline-confine DIRECTORY SECONDS MEMORY-MIB OUTPUT-MIB PROGRAM [ARGUMENT…]: becomes PROGRAM, with less
// than it could do.
//
// In that directory; without network, other processes' memory, mounts, keys or new privileges; with so much
// processor time, so much memory for each process, and no file larger than that; ended when the host does. It
// may start others, which have no more. hotlined starts it (outbox/transcoder.h); it tells what it lacks by
// its exit: 71 (EX_OSERR).
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "preflight/system_call_filter.h"

namespace {

constexpr int cannot = 71;
constexpr rlim_t descriptors_max = 64;
constexpr int niceness = 10;

bool limit(__rlimit_resource resource, rlim_t value) {
  const rlimit both{value, value};
  return setrlimit(resource, &both) == 0;
}

rlim_t number(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

bool forbid_the_rest_of_the_world() {
  hotline::preflight::SystemCallFilter filter;
  filter.refuse({SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_io_uring_setup});
  filter.refuse({SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_bpf,
                 SYS_perf_event_open, SYS_keyctl, SYS_add_key, SYS_request_key});
  filter.refuse({SYS_mount, SYS_umount2, SYS_chroot, SYS_pivot_root, SYS_unshare, SYS_setns, SYS_setuid,
                 SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_mknodat});
  return filter.load();
}

}  // namespace

int main(int count, char** words) {
  if (count < 6) return cannot;
  constexpr rlim_t mib = 1u << 20;
  const rlim_t seconds = number(words[2]);
  close_range(STDERR_FILENO + 1, ~0u, 0);
  const bool is_confined =
      chdir(words[1]) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && limit(RLIMIT_CORE, 0) &&
      limit(RLIMIT_CPU, seconds) && limit(RLIMIT_AS, number(words[3]) * mib) &&
      limit(RLIMIT_FSIZE, number(words[4]) * mib) && limit(RLIMIT_NOFILE, descriptors_max) &&
      setpriority(PRIO_PROCESS, 0, niceness) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
      forbid_the_rest_of_the_world();
  if (!is_confined) return cannot;
  execv(words[5], words + 5);
  return cannot;
}

// hotline-confine DIRECTORY SECONDS MEMORY-MIB OUTPUT-MIB PROGRAM [ARGUMENT…]: becomes PROGRAM, with less
// than it could do.
//
// In that directory; without network, mounts, keys or new privileges; unable to signal, trace or slow down
// other processes, or to leave its group; with so much processor time, so much memory for each process, and
// no file larger than that; ended when the host does. It may start others, which have no more, and which it
// cannot signal either. Files it reads and writes as its user may. hotlined starts it (outbox/transcoder.h);
// it tells what it lacks by its exit: 71 (EX_OSERR).
#include <fcntl.h>
#include <linux/close_range.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif
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

// What ends, stops or starves another process of the same user, the host first of all, and what leaves the
// group that is ended at the deadline. Its own process it may end, as abort() does; not those that it starts,
// of which the filter cannot know which they are.
void forbid_other_processes(hotline::preflight::SystemCallFilter& filter) {
  const auto itself = static_cast<std::uint32_t>(getpid());
  filter.refuse_unless(SYS_kill, 0, {itself});
  filter.refuse_unless(SYS_tgkill, 0, {itself});
  filter.refuse({SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_open, SYS_pidfd_send_signal,
                 SYS_setsid, SYS_setpgid},
                EPERM);
  for (const std::uint32_t has_signals_sent : {F_SETOWN, F_SETOWN_EX})  // Of any kind, by F_SETSIG.
    filter.refuse_where(SYS_fcntl, 1, has_signals_sent);
  for (const int call :
       {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr})
    filter.refuse_unless(call, 0, {0, itself});
  filter.refuse({SYS_setpriority, SYS_ioprio_set}, EPERM);
}

// A debugger's rights over others, which /proc/PID/mem asks for, end where a Landlock domain does.
// Nothing else is wanted of it: it handles what is refused in each domain that does not, and allows it. A
// kernel without it, or a filter of the service manager, leaves others' memory to Yama.
void leave_others_memory() {
#if defined(SYS_landlock_create_ruleset) && defined(LANDLOCK_ACCESS_FS_REFER)
  const landlock_ruleset_attr moves{.handled_access_fs = LANDLOCK_ACCESS_FS_REFER};
  const auto domain = static_cast<int>(syscall(SYS_landlock_create_ruleset, &moves, sizeof moves, 0));
  if (domain < 0) return;
  const int root = open("/", O_PATH | O_CLOEXEC);
  const landlock_path_beneath_attr anywhere{.allowed_access = LANDLOCK_ACCESS_FS_REFER, .parent_fd = root};
  if (syscall(SYS_landlock_add_rule, domain, LANDLOCK_RULE_PATH_BENEATH, &anywhere, 0) == 0)
    syscall(SYS_landlock_restrict_self, domain, 0);
  close(root);
  close(domain);
#endif
}

bool forbid_the_rest_of_the_world() {
  hotline::preflight::SystemCallFilter filter;
  leave_others_memory();
  forbid_other_processes(filter);
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

#include "preflight/sandbox.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "preflight/system_call_filter.h"
#include "push/preflight_request.h"
#include "push/verify.h"

namespace hotline::preflight {

namespace {

constexpr rlim_t memory_bytes_max = 1ull << 30;
constexpr rlim_t descriptors_max = 32;

bool limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  const rlimit both{soft, hard};
  return setrlimit(resource, &both) == 0;
}
bool limit(__rlimit_resource resource, rlim_t value) {
  return limit(resource, value, value);
}

// What of the older machine's calls the newer one has not.
void forbid_old_calls(SystemCallFilter& filter) {
#if defined(__x86_64__)
  filter.forbid({SYS_fork, SYS_vfork, SYS_unlink, SYS_rename, SYS_mkdir, SYS_rmdir, SYS_link, SYS_symlink,
                 SYS_chmod, SYS_chown, SYS_mknod, SYS_creat});
  filter.refuse_bits(SYS_open, 1, O_ACCMODE | O_CREAT | O_TRUNC);
#else
  (void)filter;
#endif
}

bool forbid_all_but_reading() {
  SystemCallFilter filter;
  filter.forbid({SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
                 SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_io_uring_setup});
  filter.forbid({SYS_clone, SYS_clone3, SYS_execve, SYS_execveat, SYS_ptrace, SYS_kill, SYS_tkill,
                 SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_open, SYS_pidfd_getfd,
                 SYS_pidfd_send_signal, SYS_process_vm_readv, SYS_process_vm_writev});
  filter.forbid_unless(SYS_tgkill, 0, static_cast<std::uint32_t>(getpid()));  // abort() has to.
  filter.forbid({SYS_setuid, SYS_setgid, SYS_mount, SYS_umount2, SYS_chroot, SYS_pivot_root, SYS_unshare,
                 SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_keyctl, SYS_add_key, SYS_shmget, SYS_msgget});
  filter.forbid({SYS_unlinkat, SYS_renameat2, SYS_mkdirat, SYS_linkat, SYS_symlinkat, SYS_fchmodat,
                 SYS_fchownat, SYS_mknodat, SYS_truncate});
  forbid_old_calls(filter);
  filter.refuse_bits(SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC);
  filter.refuse({SYS_openat2});
  return filter.load();
}

}  // namespace

std::vector<std::string> enter_sandbox(std::uint64_t cpu_seconds) {
  std::vector<std::string> missing;
  const auto need = [&](bool is_there, const char* what) {
    if (!is_there)
      missing.push_back(std::string("preflight ran without ") + what + ": " + std::strerror(errno));
  };
  close_range(preflight_fd::answer + 1, ~0u, 0);  // What the host forgot to keep to itself.
  need(chdir("/") == 0, "a directory of its own");
  need(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "the promise to end when the host does");
  need(prctl(PR_SET_DUMPABLE, 0) == 0 && limit(RLIMIT_CORE, 0), "the promise to leave no core file");
  // A sanitizer's shadow is larger than any machine.
  need(VerifyPolicy::built_sanitized || limit(RLIMIT_AS, memory_bytes_max), "a bound on its memory");
  need(limit(RLIMIT_CPU, cpu_seconds, cpu_seconds + 1), "a bound on its processor time");
  need(limit(RLIMIT_NOFILE, descriptors_max), "a bound on its descriptors");
  need(limit(RLIMIT_FSIZE, 0), "a bound on the files it writes");
  need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "the promise to gain no privileges");
  need(forbid_all_but_reading(), "a filter on system calls (seccomp)");
  return missing;
}

std::vector<std::string> close_files() {
  SystemCallFilter filter;
  filter.refuse({SYS_openat});
#if defined(__x86_64__)
  filter.refuse({SYS_open});
#endif
  if (filter.load()) return {};
  return {std::string("preflight could not keep it from reading files: ") + std::strerror(errno)};
}

}  // namespace hotline::preflight

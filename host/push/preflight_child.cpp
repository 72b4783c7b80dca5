#include "push/preflight_child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "push/preflight_request.h"

namespace hotline {

namespace {

constexpr const char* program_name = "hotline-preflight";
// Ours lie above the numbers that the child knows them by, so that giving it one never closes another.
constexpr int descriptor_min = 64;

Error failed(const char* what) {
  return Error{std::string("preflight could not be run: ") + what + ": " + std::strerror(errno)};
}

Descriptor raised(const Descriptor& low) {
  return Descriptor(fcntl(low.get(), F_DUPFD_CLOEXEC, descriptor_min));
}

bool schedule(pid_t pid, int policy) {
  const sched_param none{};
  return sched_setscheduler(pid, policy, &none) == 0;
}

constexpr int niceness = 5;

// Without privileges a process that is scheduled as idle stays so: unless RLIMIT_NICE (`LimitNICE=` of
// systemd), which counts from 20 down, reaches the niceness it has.
bool may_end_idleness() {
  rlimit nice{};
  if (getrlimit(RLIMIT_NICE, &nice) == 0 && nice.rlim_cur >= 20) return true;
  return geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SYS_NICE) == 1;
}

Result<Descriptor> sealed_memory(const char* name, std::span<const std::byte> bytes) {
  Descriptor memory = raised(Descriptor(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  if (!memory.is_open()) return failed("no memory to hand over");
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t count = write(memory.get(), bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failed("no memory to hand over");
    at += static_cast<std::size_t>(count);
  }
  if (lseek(memory.get(), 0, SEEK_SET) != 0 ||
      fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return failed("memory could not be sealed");
  return memory;
}

// What the child is started with besides the program: descriptors, signals as they are by default, and an
// environment in which freed memory does not keep what it held, so that a use of it shows.
class Start {
 public:
  Start() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      posix_spawn_file_actions_addopen(&actions_, standard, "/dev/null", O_RDWR, 0);
    if (const char* libraries = std::getenv("LD_LIBRARY_PATH"))
      libraries_ = std::string("LD_LIBRARY_PATH=") + libraries;
  }
  ~Start() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;

  void give(const Descriptor& ours, int theirs) {
    posix_spawn_file_actions_adddup2(&actions_, ours.get(), theirs);
  }
  // The error number, as posix_spawn has it.
  int run(const std::string& file, pid_t& pid) {
    std::string name = program_name, perturb = "MALLOC_PERTURB_=165";
    const std::array<char*, 2> arguments{name.data(), nullptr};
    const std::array<char*, 3> environment{perturb.data(), libraries_.empty() ? nullptr : libraries_.data(),
                                           nullptr};
    return posix_spawn(&pid, file.c_str(), &actions_, &attributes_, arguments.data(), environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  std::string libraries_;
};

}  // namespace

Result<PreflightProgram> PreflightProgram::open(const std::string& path) {
  std::string file = path;
  if (file.empty()) {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    file = (self.parent_path() / program_name).string();
  }
  const Descriptor low(::open(file.c_str(), O_PATH | O_CLOEXEC));
  Descriptor opened = low.is_open() ? raised(low) : Descriptor();
  if (!opened.is_open())
    return Error{"preflight cannot be run: " + file + ": " + std::strerror(errno) +
                 "; install it beside hotlined, or say `push.preflight: false`"};
  return PreflightProgram(file, std::move(opened));
}

Result<PreflightChild> PreflightChild::start(const PreflightProgram& program, const std::string& request,
                                             std::span<const std::byte> module) {
  Result<Descriptor> asked = sealed_memory("hotline-preflight-request", std::as_bytes(std::span(request)));
  if (!asked) return asked.error();
  Result<Descriptor> code = sealed_memory(preflight_module_name.data(), module);
  if (!code) return code.error();
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return failed("no pipe");
  Descriptor from_child = raised(Descriptor(ends[0])), to_host = raised(Descriptor(ends[1]));
  if (!from_child.is_open() || !to_host.is_open()) return failed("no pipe");
  Start start;
  start.give(*asked, preflight_fd::request);
  start.give(*code, preflight_fd::module);
  start.give(to_host, preflight_fd::answer);
  pid_t pid = -1;
  errno = start.run("/proc/self/fd/" + std::to_string(program.descriptor()), pid);
  if (errno != 0) return failed(program.path().c_str());
  return PreflightChild(pid, std::move(from_child));
}

void PreflightChild::give_way() {
  gives_way_ = may_end_idleness() && schedule(pid_, SCHED_IDLE);
  if (!gives_way_) (void)setpriority(PRIO_PROCESS, static_cast<id_t>(pid_), niceness);
}

void PreflightChild::hurry() const {
  if (gives_way_) schedule(pid_, SCHED_OTHER);
}

bool PreflightChild::hear_until(Clock::time_point deadline) {
  std::array<char, 4096> bytes{};
  while (said_.size() < said_bytes_max) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd ready{answer_.get(), POLLIN, 0};
    const int polled = poll(&ready, 1, static_cast<int>(left));
    if (polled < 0 && errno != EINTR) return true;
    if (polled <= 0) continue;
    const ssize_t count = read(answer_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    said_.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return true;
}

void PreflightChild::ask_where() const {
  if (pid_ > 0) kill(pid_, SIGTERM);
}

int PreflightChild::end() {
  if (pid_ <= 0) return 0;
  // One that has said its last words is about to end: killed now, it would not tell how.
  siginfo_t info{};
  const Clock::time_point grace = Clock::now() + std::chrono::milliseconds(200);
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0 && Clock::now() < grace)
    poll(nullptr, 0, 1);
  int status = 0;
  kill(pid_, SIGKILL);  // Nothing, where it has ended.
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

}  // namespace hotline

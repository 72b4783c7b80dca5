// A program that is started for each message and reads it from its standard input. No shell is between.
//
// Exit status 0: it has taken it. 65 (EX_DATAERR): it never will. Any other, or a signal, or no end in time:
// it may be tried again.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "outbox/gateway.h"

namespace hotline {

namespace {

constexpr int refused_for_good = 65;
constexpr int look_every_ms = 100;  // Whether the host ends meanwhile.

class CommandGateway final : public Gateway {
 public:
  explicit CommandGateway(const GatewaySettings& settings)
      : program_(settings.target), name_(settings.name), timeout_s_(settings.timeout_s) {}

  OutboxOutcome attempt(const GatewayAttempt& attempt) override {
    // A file, not a pipe: the program may end without having read a word.
    const int input = memfd_create("outbox", MFD_CLOEXEC);
    if (input < 0) return failed(errno);
    if (::write(input, attempt.body.data(), attempt.body.size()) !=
            static_cast<ssize_t>(attempt.body.size()) ||
        ::lseek(input, 0, SEEK_SET) != 0) {
      const int reason = errno;
      ::close(input);
      return failed(reason);
    }
    pid_t child = -1;
    const int reason = start(input, attempt.id, child);
    ::close(input);
    return reason != 0 ? failed(reason) : await(child);
  }

  void end() override { is_ending_ = true; }

 private:
  OutboxOutcome failed(int reason) const {
    return {OutboxOutcome::Kind::failed, 0, program_ + ": " + std::strerror(reason)};
  }

  int start(int input, const std::string& id, pid_t& child) const {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string program = program_, gateway = "HOTLINE_GATEWAY=" + name_, message = "HOTLINE_MESSAGE=" + id,
                path = "PATH=/usr/local/bin:/usr/bin:/bin";
    char* arguments[] = {program.data(), nullptr};
    char* environment[] = {gateway.data(), message.data(), path.data(), nullptr};
    const int reason = posix_spawn(&child, program_.c_str(), &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return reason;
  }

  OutboxOutcome await(pid_t child) const {
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    bool is_late = false;
    if (handle >= 0) {
      pollfd its_end{handle, POLLIN, 0};
      int waited_ms = 0;
      while (!is_late && ::poll(&its_end, 1, look_every_ms) == 0) {
        waited_ms += look_every_ms;
        is_late = is_ending_ || waited_ms >= static_cast<int>(timeout_s_ * 1'000);
      }
      ::close(handle);
    }
    if (is_late) ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (is_late)
      return {OutboxOutcome::Kind::failed, 0,
              program_ + " took more than " + std::to_string(timeout_s_) + " s"};
    if (!WIFEXITED(status)) return {OutboxOutcome::Kind::failed, 0, program_ + " died of a signal"};
    const int exit_status = WEXITSTATUS(status);
    const OutboxOutcome::Kind kind = exit_status == 0                  ? OutboxOutcome::Kind::taken
                                     : exit_status == refused_for_good ? OutboxOutcome::Kind::refused
                                                                       : OutboxOutcome::Kind::failed;
    return {kind, exit_status,
            exit_status == 0 ? "" : program_ + " ended with " + std::to_string(exit_status)};
  }

  const std::string program_, name_;
  const std::uint32_t timeout_s_;
  std::atomic<bool> is_ending_{false};
};

}  // namespace

std::unique_ptr<Gateway> make_command(const GatewaySettings& settings) {
  return std::make_unique<CommandGateway>(settings);
}

}  // namespace hotline

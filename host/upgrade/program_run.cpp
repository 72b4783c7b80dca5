#include "upgrade/program_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

extern char** environ;

namespace hotline {

namespace {

constexpr std::size_t said_bytes_max = 64u << 10;
// Ours lie above the numbers that the other program knows them by.
constexpr int descriptor_min = 64;

Descriptor raised(int low) {
  return Descriptor(fcntl(low, F_DUPFD_CLOEXEC, descriptor_min));
}

class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

}  // namespace

Result<ProgramRun> ProgramRun::start(const Start& how) {
  SpawnSettings settings;
  Descriptor given, output;
  if (how.given >= 0) {
    given = raised(how.given);
    posix_spawn_file_actions_adddup2(&settings.actions, given.get(), given_number);
  }
  if (how.output >= 0) {
    output = raised(how.output);
    posix_spawn_file_actions_adddup2(&settings.actions, output.get(), STDOUT_FILENO);
  }
  std::vector<std::string> words = how.arguments;
  words.insert(words.begin(), how.file);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, how.file.c_str(), &settings.actions, &settings.attributes, pointers.data(), environ);
  if (error != 0) return Error{std::string("cannot be started: ") + std::strerror(error)};
  return ProgramRun(pid);
}

int ProgramRun::reap() {
  if (pid_ <= 0) return -1;
  kill(pid_, SIGKILL);  // Nothing, where it has ended.
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

Result<std::string> ask_program(const std::string& file, const std::vector<std::string>& arguments,
                                std::chrono::milliseconds patience) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return Error{std::string("cannot be asked, as there is no pipe: ") + std::strerror(errno)};
  const Descriptor answer(ends[0]);
  Descriptor output(ends[1]);
  Result<ProgramRun> run =
      ProgramRun::start({.file = file, .arguments = arguments, .given = -1, .output = output.get()});
  if (!run) return run.error();
  output.close();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::string said;
  std::array<char, 4096> bytes{};
  while (said.size() <= said_bytes_max) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd ready{answer.get(), POLLIN, 0};
    const int polled = left > 0 ? poll(&ready, 1, static_cast<int>(left)) : 0;
    if (polled < 0 && errno == EINTR) continue;
    if (polled <= 0) return Error{"did not answer within " + std::to_string(patience.count() / 1000) + " s"};
    const ssize_t count = read(answer.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    said.append(bytes.data(), static_cast<std::size_t>(count));
  }
  // It has closed its output; one that hangs after that is not waited for.
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(run->pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0 && std::chrono::steady_clock::now() < deadline)
    poll(nullptr, 0, 1);
  const int status = run->reap();
  if (said.size() > said_bytes_max) return Error{"says more than it was asked"};
  if (WIFSIGNALED(status))
    return Error{std::string("died of ") + strsignal(WTERMSIG(status)) + " when it was asked"};
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return Error{"ended with status " + std::to_string(WEXITSTATUS(status)) + " when it was asked"};
  return said;
}

}  // namespace hotline

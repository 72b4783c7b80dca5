#include "outbox/transcoder.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace hotline {

namespace {

namespace fs = std::filesystem;

constexpr const char* confine_name = "hotline-confine";
constexpr int never = 65;
constexpr int child_look_ms = 100;  // Whether the host ends meanwhile.

Transcoder::Made failed_to(std::string what) {
  return {Transcoder::Outcome::failed, -1, what.append(": ").append(std::strerror(errno))};
}

// What is made of `words`, for execve.
std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Result<std::unique_ptr<Transcoder>> Transcoder::open(TranscoderSettings settings) {
  std::error_code error;
  if (settings.confine.empty())
    settings.confine = (fs::read_symlink("/proc/self/exe", error).parent_path() / confine_name).string();
  if (access(settings.confine.c_str(), X_OK) != 0)
    return Error{settings.confine +
                 " is not there: install hotline-confine beside hotlined, before an upgrade beside the new "
                 "one, or configure no `transcoder.command`"};
  if (access(settings.program.c_str(), X_OK) != 0)
    return Error{"`transcoder.command` " + settings.program + ": " + std::strerror(errno)};
  if (!settings.is_shared) fs::remove_all(settings.directory, error);
  fs::create_directories(settings.directory, error);
  if (error) return Error{settings.directory + " cannot be made: " + error.message()};
  return std::unique_ptr<Transcoder>(new Transcoder(std::move(settings)));
}

Transcoder::Made Transcoder::make(int input, const std::vector<std::string>& words) {
  std::string directory = settings_.directory + "/XXXXXX";
  std::error_code error;
  if (mkdtemp(directory.data()) == nullptr) return failed_to(directory + " cannot be made");
  const int output = ::open((directory + "/output").c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  Made made = output < 0 ? failed_to(directory + "/output cannot be made") : Made{};
  if (output >= 0) {
    pid_t child = -1;
    errno = start(input, output, directory, words, child);
    made = errno != 0 ? failed_to(settings_.program) : await(child);
  }
  fs::remove_all(directory, error);
  if (made.outcome == Outcome::made) {
    made.file = output;
  } else if (output >= 0) {
    ::close(output);
  }
  return made;
}

int Transcoder::start(int input, int output, const std::string& directory,
                      const std::vector<std::string>& words, int& child) const {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);  // It ends with all that it has started.
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> arguments = {settings_.confine,
                                        directory,
                                        std::to_string(settings_.timeout_s),
                                        std::to_string(settings_.memory_mib),
                                        std::to_string(settings_.output_mib),
                                        settings_.program};
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::vector<std::string> environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + directory,
                                          "TMPDIR=" + directory};
  const int reason = posix_spawn(&child, settings_.confine.c_str(), &files, &attributes,
                                 pointers(arguments).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return reason;
}

Transcoder::Made Transcoder::await(int child) const {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  bool is_late = handle < 0;
  pollfd its_end{handle, POLLIN, 0};
  for (int waited_ms = 0; !is_late && ::poll(&its_end, 1, child_look_ms) <= 0;) {
    waited_ms += child_look_ms;
    is_late = is_ending_ || waited_ms >= static_cast<int>(settings_.timeout_s * 1'000);
  }
  if (handle >= 0) ::close(handle);
  ::kill(-child, SIGKILL);  // And what it has left behind.
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (is_late)
    return {Outcome::failed, -1,
            settings_.program + " took more than " + std::to_string(settings_.timeout_s) + " s"};
  if (!WIFEXITED(status))
    return {Outcome::failed, -1, settings_.program + " died of signal " + std::to_string(WTERMSIG(status))};
  const int exit_status = WEXITSTATUS(status);
  if (exit_status == 0) return {Outcome::made, -1, {}};
  return {exit_status == never ? Outcome::refused : Outcome::failed, -1,
          settings_.program + " ended with " + std::to_string(exit_status)};
}

}  // namespace hotline

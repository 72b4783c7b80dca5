// The operator's program that makes one file of another (outbox/transcoder.h): what it is given, and what it
// is not.
#include "outbox/transcoder.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

using namespace hotline;

namespace {

namespace fs = std::filesystem;
using Outcome = Transcoder::Outcome;

// A sanitizer wants more address space than hotline-confine leaves: with one, these are the release build's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

bool has_landlock() {
#ifdef SYS_landlock_create_ruleset
  return syscall(SYS_landlock_create_ruleset, nullptr, 0, 1u) > 1;  // Which version of it.
#else
  return false;
#endif
}

struct Program {
  Program() {
    std::string name = (fs::temp_directory_path() / "hotline-transcoder-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory = name;
    std::ofstream(directory + "/input") << "hello";
  }
  ~Program() { fs::remove_all(directory); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::unique_ptr<Transcoder> open(const std::string& script, const std::string& shell = "/bin/sh") {
    settings.program = directory + "/program";
    settings.directory = directory + "/under way";
    settings.confine = HOTLINE_CONFINE;
    std::ofstream(settings.program) << "#!" << shell << "\n" << script << "\n";
    chmod(settings.program.c_str(), 0700);
    Result<std::unique_ptr<Transcoder>> opened = Transcoder::open(settings);
    REQUIRE(opened);
    return std::move(*opened);
  }
  Transcoder::Made make(Transcoder& transcoder, const std::vector<std::string>& words = {}) const {
    const int input = ::open((directory + "/input").c_str(), O_RDONLY | O_CLOEXEC);
    Transcoder::Made made = transcoder.make(input, words);
    ::close(input);
    CHECK(fs::is_empty(settings.directory));
    return made;
  }
  // What it made; what became of it otherwise.
  std::string made_by(const std::string& script, const std::vector<std::string>& words = {},
                      const std::string& shell = "/bin/sh") {
    const std::unique_ptr<Transcoder> transcoder = open(script, shell);
    const Transcoder::Made made = make(*transcoder, words);
    if (made.outcome != Outcome::made) return made.why;
    std::string text(4'096, '\0');
    const ssize_t bytes = pread(made.file, text.data(), text.size(), 0);
    ::close(made.file);
    text.resize(bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
    return text;
  }

  std::string directory;
  TranscoderSettings settings;
};

}  // namespace

TEST_CASE_FIXTURE(
    Program, "transcoder: a program reads the one file and writes the other, and is told what is wanted" *
                 doctest::skip(is_sanitized)) {
  CHECK(made_by("tr a-z A-Z; printf ' %s' \"$@\"", {"image/png", "image/jpeg", "320"}) ==
        "HELLO image/png image/jpeg 320");
  // What it leaves in its directory goes.
  CHECK(
      made_by("touch rest; echo x > $TMPDIR/more; pwd | grep -c 'under way'; env | grep -vc '^_\\|^PWD='") ==
      "1\n3\n");
}

TEST_CASE_FIXTURE(Program, "transcoder: one that refuses, fails, dies or takes too long makes nothing" *
                               doctest::skip(is_sanitized)) {
  settings.timeout_s = 1;
  const std::unique_ptr<Transcoder> refuses = open("echo half; exit 65");
  CHECK(make(*refuses).outcome == Outcome::refused);
  CHECK(made_by("echo half; exit 1").ends_with("program ended with 1"));
  CHECK(made_by("kill -9 $$").ends_with("program died of signal 9"));
  CHECK(made_by("sleep 600 & sleep 600").ends_with("program took more than 1 s"));
  CHECK(made_by("x", {}, "/no/such/shell").ends_with("program ended with 71"));
}

TEST_CASE_FIXTURE(Program, "transcoder: what it starts ends with it" * doctest::skip(is_sanitized)) {
  settings.timeout_s = 1;
  made_by("(while :; do sleep 0.05; echo x >> " + directory + "/alive; done) & sleep 600");
  const auto size = [&] {
    return fs::exists(directory + "/alive") ? fs::file_size(directory + "/alive") : 0;
  };
  CHECK(size() > 0);
  const auto then = size();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // Six times what it would have needed.
  CHECK(size() == then);
}

TEST_CASE_FIXTURE(Program,
                  "transcoder: it cannot signal others, leave its group, or limit anybody but itself" *
                      doctest::skip(is_sanitized)) {
  CHECK(made_by("kill -0 $PPID && echo could || echo not") == "not\n");
  CHECK(made_by("sleep 5 & kill -9 $! && echo could || echo not") == "not\n");
  CHECK(made_by("(kill -0 $$ && echo could)") == "could\n");
  CHECK(made_by("setsid true && echo could || echo not") == "not\n");
  CHECK(made_by("prlimit --pid $PPID --nofile && echo could || echo not") == "not\n");
  CHECK(made_by("ulimit -n 9 && ulimit -n") == "9\n");
  CHECK(made_by("kill -ABRT $$").ends_with("program died of signal 6"));
}

TEST_CASE_FIXTURE(Program, "transcoder: where the kernel has Landlock, others' memory is not its" *
                               doctest::skip(is_sanitized || !has_landlock())) {
  CHECK(made_by("(: <> /proc/$$/mem) && echo could") == "could\n");
  CHECK(made_by("(: <> /proc/$PPID/mem) && echo could || echo not") == "not\n");
  CHECK(made_by("mkdir in && echo x > file && ln file in/linked && cat in/linked") == "x\n");
}

TEST_CASE_FIXTURE(Program, "transcoder: what asks for a session of its own does not outlive the deadline" *
                               doctest::skip(is_sanitized)) {
  settings.timeout_s = 1;
  const std::string time = "60." + std::to_string(getpid());  // By which it would be found.
  CHECK(made_by("setsid sleep " + time + " & sleep " + time).ends_with("program took more than 1 s"));
  const auto is_running = [&] {
    for (const fs::directory_entry& process : fs::directory_iterator("/proc")) {
      std::ifstream words(process.path() / "cmdline");
      if (std::string(std::istreambuf_iterator<char>(words), {}).find(time) != std::string::npos) return true;
    }
    return false;
  };
  for (int i = 0; i < 500 && is_running(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK_FALSE(is_running());  // What was killed may have taken a moment to go.
}

TEST_CASE_FIXTURE(Program, "transcoder: it has no network, no more memory, and no larger files than it may" *
                               doctest::skip(is_sanitized)) {
  settings.memory_mib = 512;
  settings.output_mib = 1;
  CHECK(made_by("(exec 3<>/dev/tcp/127.0.0.1/9) 2>&1 | grep -om1 'Permission denied'", {}, "/bin/bash") ==
        "Permission denied\n");
  CHECK(made_by("ulimit -v; ulimit -n; ulimit -c") == "524288\n64\n0\n");
  CHECK(made_by("head -c 1048576 /dev/zero | wc -c") == "1048576\n");
  CHECK(made_by("exec head -c 1048577 /dev/zero").find("died of signal") != std::string::npos);
}

TEST_CASE_FIXTURE(Program, "transcoder: one that takes over leaves alone what the other one makes" *
                               doctest::skip(is_sanitized)) {
  const std::string go = directory + "/go";
  const std::string script =
      "touch begun; until test -e " + go + "; do sleep 0.02; done; test -e begun && echo there";
  const std::unique_ptr<Transcoder> old_one = open(script);
  settings.is_shared = true;
  const std::unique_ptr<Transcoder> new_one = open(script);
  std::array<Transcoder::Made, 2> made;
  const int input = ::open((directory + "/input").c_str(), O_RDONLY | O_CLOEXEC);
  std::thread in_the_old([&] { made[0] = old_one->make(input, {}); });
  std::thread in_the_new([&] { made[1] = new_one->make(input, {}); });
  const auto begun = [&] {
    std::size_t count = 0;
    for (const auto& each : fs::directory_iterator(settings.directory))
      count += fs::exists(each.path() / "begun");
    return count;
  };
  for (int i = 0; i < 2'000 && begun() < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(Transcoder::open(settings));
  std::ofstream(go) << "on";
  in_the_old.join();
  in_the_new.join();
  ::close(input);
  for (const Transcoder::Made& each : made) {
    CHECK_MESSAGE(each.outcome == Outcome::made, each.why);
    ::close(each.file);
  }
}

TEST_CASE_FIXTURE(Program, "transcoder: a program that is not there is told of at the start") {
  settings = {.program = directory + "/none", .directory = directory + "/x", .confine = HOTLINE_CONFINE};
  const Result<std::unique_ptr<Transcoder>> opened = Transcoder::open(settings);
  REQUIRE(!opened);
  CHECK(opened.error().message.find("`transcoder.command`") != std::string::npos);
}

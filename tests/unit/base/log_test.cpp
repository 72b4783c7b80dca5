#include "base/log.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

namespace hotline {
using namespace std::string_literals;
namespace {

// A log file of its own; closes the log and removes the file at the end.
struct LogFile {
  LogFile() {
    path = (std::filesystem::temp_directory_path() / "hotline-log-XXXXXX").string();
    ::close(mkstemp(path.data()));
  }
  ~LogFile() {
    log::close();
    log::set_level(log::Level::info);
    std::filesystem::remove(path);
  }
  // Closes the log, so that all that was queued is there.
  std::vector<std::string> lines() const {
    log::close();
    std::ifstream file(path);
    std::vector<std::string> read;
    for (std::string line; std::getline(file, line);) read.push_back(line);
    return read;
  }
  std::string path;
};

TEST_CASE("log: a human line has time, level, event and fields") {
  LogFile file;
  REQUIRE(log::open(file.path, log::Format::human, log::Level::info).has_value());
  log::info("push.live", {{"module", "routing"}, {"version", "1.2.0"}, {"pause_us", 412}});
  log::warning("host.full");
  log::error("store.failed", {{"reason", "no space left"}, {"empty", ""}, {"quote", "a\"b\nc\x01"}});
  const auto lines = file.lines();
  REQUIRE(lines.size() == 3);
  for (std::string line : lines) {
    for (char& c : line) c = c >= '0' && c <= '9' ? '0' : c;
    CHECK(line.substr(0, 25) == "0000-00-00T00:00:00.000Z ");
  }
  CHECK(lines[0].substr(25) == "info  push.live  module=routing version=1.2.0 pause_us=412");
  CHECK(lines[1].substr(25) == "warning host.full");
  CHECK(lines[2].substr(25) ==
        R"(error store.failed  reason="no space left" empty="" quote="a\"b\nc\u0001")");
}

TEST_CASE("log: a JSON line parses whatever a value holds") {
  LogFile file;
  REQUIRE(log::open(file.path, log::Format::json, log::Level::info).has_value());
  const std::string odd("\0\t\"\\/\x7f é \xf0\x9f\x98\x80"s);
  log::info("odd", {{"value", odd}, {"count", 3}, {"share", 0.5}, {"lost", std::nan("")}});
  log::info("broken", {{"value", "a\xff\xc0\xafz\xed\xa0\x80\xe2\x82"}});
  const auto lines = file.lines();
  REQUIRE(lines.size() == 2);
  const auto first = nlohmann::json::parse(lines[0]);
  CHECK(first["level"] == "info");
  CHECK(first["event"] == "odd");
  CHECK(first["value"] == odd);
  CHECK(first["count"] == 3);
  CHECK(first["share"] == 0.5);
  CHECK(first["lost"] == "nan");
  CHECK(first["time"].get<std::string>().size() == 24);
  // What is not UTF-8 (also overlong forms, surrogates and a cut sequence) is replaced byte by byte.
  const std::string no = "\xef\xbf\xbd";
  CHECK(nlohmann::json::parse(lines[1])["value"] == "a" + no + no + no + "z" + no + no + no + no + no);
}

TEST_CASE("log: a value without end is cut, and the line still parses") {
  LogFile file;
  REQUIRE(log::open(file.path, log::Format::json, log::Level::info).has_value());
  log::info("long", {{"value", std::string(100'000, 'x')}});
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].size() < 3000);
  CHECK(nlohmann::json::parse(lines[0])["value"].get<std::string>().ends_with("xxx…"));
}

TEST_CASE("log: the level decides, and can be changed while running") {
  LogFile file;
  REQUIRE(log::open(file.path, log::Format::human, log::Level::warning).has_value());
  log::info("unheard");
  log::debug("unheard");
  log::error("heard.1");
  log::set_level(log::Level::debug);
  log::debug("heard.2");
  log::set_level(log::Level::error);
  log::warning("unheard");
  const auto lines = file.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].ends_with("error heard.1"));
  CHECK(lines[1].ends_with("debug heard.2"));
}

TEST_CASE("log: levels are read by name, and an unknown one names those there are") {
  CHECK(*log::parse_level("debug") == log::Level::debug);
  CHECK(*log::parse_level("error") == log::Level::error);
  const auto unknown = log::parse_level("loud");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message == R"(log level "loud" is not known: use debug, info, warning or error)");
}

TEST_CASE("log: a file is appended to, and one that cannot be opened is named") {
  LogFile file;
  REQUIRE(log::open(file.path, log::Format::human, log::Level::info).has_value());
  log::info("first");
  log::close();
  REQUIRE(log::open(file.path, log::Format::human, log::Level::info).has_value());
  log::info("second");
  CHECK(file.lines().size() == 2);
  const auto refused = log::open("/nonexistent/host.log", log::Format::human, log::Level::info);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.starts_with("log file /nonexistent/host.log cannot be opened: "));
}

TEST_CASE("log: lines of several threads stay whole; those that were dropped are counted") {
  LogFile file;
  REQUIRE(log::open(file.path, log::Format::json, log::Level::info).has_value());
  static constexpr std::size_t lines_each = 3000;
  std::array<std::thread, 3> threads;
  for (std::thread& thread : threads) {
    thread = std::thread([] {
      for (std::size_t i = 0; i < lines_each; ++i) log::info("line", {{"number", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  log::info("last");  // So that a count of the dropped is told.
  std::size_t written = 0;
  std::size_t dropped = 0;
  for (const std::string& line : file.lines()) {
    const auto parsed = nlohmann::json::parse(line);
    if (parsed["event"] == "line") ++written;
    if (parsed["event"] == "log.dropped") dropped += parsed["lines"].get<std::size_t>();
  }
  CHECK(written + dropped == threads.size() * lines_each);
}

TEST_CASE("log: a child made by fork can log and exit") {
  LogFile file;
  REQUIRE(log::open(file.path, log::Format::human, log::Level::info).has_value());
  log::info("before");
  std::array<int, 2> pipes{};
  REQUIRE(pipe(pipes.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(pipes[1], STDERR_FILENO);
    log::info("child");
    log::close();
    _exit(7);
  }
  ::close(pipes[1]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 7);
  std::array<char, 256> text{};
  const ssize_t size = read(pipes[0], text.data(), text.size());
  ::close(pipes[0]);
  CHECK(std::string_view(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0)
            .ends_with("info  child\n"));
  log::info("after");
  CHECK(file.lines().size() == 2);
}

}  // namespace
}  // namespace hotline

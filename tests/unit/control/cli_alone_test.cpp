// `hotline` where no host is asked: verbs that need none, and command lines that are not understood.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"

using hotline::cli::Exit;

namespace {

struct AloneOutcome {
  Exit exit;
  std::string out;
  std::string err;
};

AloneOutcome run_by_itself(const std::vector<std::string>& arguments) {
  std::istringstream in;
  std::ostringstream out, err;
  hotline::cli::Context context(in, out, err);
  const Exit exit = hotline::cli::run_command_line(context, "9.9.9", arguments);
  return {exit, out.str(), err.str()};
}

}  // namespace

TEST_CASE("cli: words of other programs are told what they are here") {
  CHECK(run_by_itself({"stop"}).err.find("did you mean `hotline shutdown`?") != std::string::npos);
  CHECK(run_by_itself({"disable"}).err.find("did you mean `hotline module disable`?") != std::string::npos);
  CHECK(run_by_itself({"undo"}).err.find("did you mean `hotline rollback`?") != std::string::npos);
  CHECK(run_by_itself({"help"}).err.find("did you mean `hotline --help`?") != std::string::npos);
  const std::string none = run_by_itself({}).err;
  CHECK_MESSAGE(none.find("a verb is missing") != std::string::npos, none);
  CHECK(run_by_itself({"plan", "/nonexistent.so"}).err.find("nothing was planned") != std::string::npos);
}

TEST_CASE("cli: config check names what is wrong by line, without a host") {
  char name[] = "/tmp/hotline-cli-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  const std::string file = std::string(name) + "/hotline.json";
  std::ofstream(file) << "{ // mine\n  \"lisen\": []\n}";
  const AloneOutcome wrong = run_by_itself({"config", "check", file});
  CHECK(wrong.exit == Exit::failed);
  CHECK(wrong.err == file + ":2: unknown key `lisen`: did you mean `listen`?\n");
  std::ofstream(file, std::ios::trunc)
      << "{ \"listen\": [], \"modules_dir\": \"/nowhere\", \"modules_initial\": [\"session\"],"
         "  \"tls\": { \"certificate\": \"/nope\", \"key\": \"/nope.key\" } }";
  const std::string missing = run_by_itself({"config", "check", file}).err;
  CHECK(missing.find("`listen` is empty") != std::string::npos);
  CHECK(missing.find("`tls.certificate`: /nope cannot be read: No such file") != std::string::npos);
  CHECK(missing.find("`modules_initial`: no file /nowhere/session-<version>.so") != std::string::npos);
  std::ofstream(file, std::ios::trunc) << "{ \"domain\": \"example.org\" }";
  CHECK(run_by_itself({"config", "check", file}).out == file + " is valid\n");
  std::filesystem::remove_all(name);
}

// `hotline blocklist` where no host runs: on the files of the state directory.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "push/module_store.h"

using hotline::cli::Exit;

namespace {

const std::string build_id = "00112233445566778899aabbccddeeff00112233";

// A state directory that a host left behind.
class Left {
 public:
  Left() {
    char name[] = "/tmp/hotline-cli-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    directory_ = name;
    std::ofstream(directory_ + "/lock");
  }
  ~Left() { std::filesystem::remove_all(directory_); }

  const std::string& directory() const { return directory_; }
  // Of `hotline --state DIR WORDS`.
  Exit run(std::vector<std::string> words) {
    words.insert(words.begin(), {"--state", directory_});
    std::istringstream in;
    std::ostringstream out, err;
    hotline::cli::Context context(in, out, err);
    const Exit exit = hotline::cli::run_command_line(context, "9.9.9", words);
    said = out.str() + err.str();
    return exit;
  }

  std::string said;

 private:
  std::string directory_;
};

bool has(const std::string& text, const char* words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("cli: without a host a build is blocked, listed and allowed again in the state directory") {
  Left left;
  CHECK(left.run({"blocklist", "add", build_id, "--reason", "it leaks"}) == Exit::done);
  CHECK(left.run({"blocklist", "list"}) == Exit::done);
  CHECK(has(left.said, "it leaks"));
  CHECK(left.run({"blocklist", "remove", build_id.substr(0, 8)}) == Exit::done);
  CHECK(left.run({"blocklist", "remove", build_id.substr(0, 8)}) == Exit::failed);
  CHECK(left.run({"--json", "blocklist", "list"}) == Exit::done);
  CHECK(nlohmann::json::parse(left.said)["blocked"].empty());
}

TEST_CASE("cli: who blocks what a start comes back on is warned, and told of the way back") {
  Left left;
  hotline::StoredBuild build;
  build.version = "1.0.0";
  build.build_id = build_id;
  build.digest = std::string(64, '0');
  build.path = "modules/good/" + build_id + ".so";
  const std::vector<hotline::RunningModule> set{{.module = "good", .builds = {build}}};
  hotline::Result<hotline::ModuleStore> store = hotline::ModuleStore::open(left.directory());
  REQUIRE(store);
  REQUIRE(store->set_running(set));
  CHECK(left.run({"blocklist", "add", build_id}) == Exit::done);
  CHECK_MESSAGE(has(left.said, "comes back on good 1.0.0"), left.said);
  CHECK(has(left.said, ("hotline blocklist remove " + build_id).c_str()));
}

TEST_CASE("cli: the file is left alone while a host starts or ends") {
  Left left;
  const int lock = open((left.directory() + "/lock").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(flock(lock, LOCK_EX | LOCK_NB) == 0);
  CHECK(left.run({"blocklist", "add", build_id}) == Exit::unreachable);
  CHECK(has(left.said, "about to start or to end"));
  close(lock);
}

TEST_CASE("cli: what is too short for a build id is told how long it must be") {
  Left left;
  CHECK(left.run({"blocklist", "remove", "335"}) == Exit::failed);
  CHECK(has(left.said, "at least 8 digits"));
  CHECK(left.run({"blocklist", "add", "0011223344"}) == Exit::failed);
  CHECK(has(left.said, "give the whole build id"));
}

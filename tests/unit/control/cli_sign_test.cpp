// `hotline keygen`, `sign` and `verify`, which need no host.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"

using hotline::cli::Exit;

namespace {

Exit run_alone(const std::vector<std::string>& arguments) {
  std::istringstream in;
  std::ostringstream out, err;
  hotline::cli::Context context(in, out, err);
  return hotline::cli::run_command_line(context, "9.9.9", arguments);
}

}  // namespace

TEST_CASE(
    "cli: a file may be signed that is larger than any module, as hotlined with its debug information") {
  char name[] = "/tmp/hotline-cli-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  const std::string dir = name, program = dir + "/hotlined";
  std::ofstream(program) << "a program";
  std::filesystem::resize_file(program, 65u << 20);  // The most a module may have is 64 MiB.
  REQUIRE(run_alone({"keygen", dir + "/release"}) == Exit::done);
  CHECK(run_alone({"sign", "--key", dir + "/release.key", program}) == Exit::done);
  CHECK(run_alone({"verify", "--key", dir + "/release.pub", program}) == Exit::done);
  std::ofstream(program, std::ios::app) << "changed";
  CHECK(run_alone({"verify", "--key", dir + "/release.pub", program}) == Exit::failed);
  std::filesystem::remove_all(dir);
}

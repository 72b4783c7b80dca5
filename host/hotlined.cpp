// hotlined: the host. It builds the parts and hands each what it needs; what they do is theirs.
//
// Threads: this one, the control thread, runs the control socket; each shard has its own, as have the store's
// writer, the pushes, and the work that would hold up a loop.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "control/config.h"
#include "control/config_files.h"
#include "control/config_keys.h"
#include "control/serve/daemon.h"
#include "control/serve/own_formats.h"
#include "net/openssl_heap.h"

namespace {

using namespace hotline;

int fail(const std::string& message) {
  std::cerr << "hotlined: " << message << "\n";
  return 1;
}

// The same process goes on as a program that has just been started.
void run_again(const std::string& state_dir, const std::string& config_file, std::uint32_t shards) {
  std::vector<std::string> words{"hotlined", "--state", state_dir, "--shards", std::to_string(shards)};
  if (!config_file.empty()) words.insert(words.end(), {"--config", config_file});
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execv("/proc/self/exe", pointers.data());
  std::cerr << "hotlined: it could not be run again: " << std::strerror(errno) << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (!wipe_openssl_heap_on_free())
    return fail("OpenSSL took memory before its heap could be made to wipe itself");
  CLI::App app{
      "hotlined: a messaging host whose modules are pushed and rolled back while its clients stay "
      "connected.\n"
      "Everything it writes is under its state directory. See also: hotline --help."};
  std::string state_dir, config_file;
  bool only_check = false, show_keys = false, shows_formats = false;
  std::uint32_t shards = 0;
  int take_over = -1;
  app.add_option("--state", state_dir, "State directory; made when it is not there");
  app.add_option("--config", config_file,
                 "Configuration: JSON with comments (default: DIR/hotline.json if there is one)");
  app.add_option("--shards", shards, "Event loops, overriding the configuration (default: one a core)");
  app.add_flag("--check", only_check, "Only check the configuration; exit status 0 when it is fine");
  app.add_flag("--help-config", show_keys, "Print every configuration key with its default");
  // For `hotline upgrade` alone: the socket to the process that is to be replaced.
  app.add_option("--take-over", take_over)->group("");
  app.add_flag("--check-upgrade", shows_formats,
               "Print which versions of what an upgrade carries this program knows")
      ->group("");
  app.name("hotlined");
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return "hotlined: " + std::string(error.what()) + "\nSee `hotlined --help`.\n";
  });
  app.set_version_flag("--version", std::string("hotlined " HOTLINE_VERSION));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    std::string extras;
    for (const std::string& word : app.remaining()) extras += " " + word;
    fail("not understood:" + extras + "\nSee `hotlined --help`.");
    return 2;
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (show_keys) {
    std::cout << config_reference_text();
    return 0;
  }
  if (shows_formats) {
    std::cout << formats_text(own_formats());
    return 0;
  }
  if (state_dir.empty() && !only_check) {
    fail("say where the state is kept: hotlined --state DIR");
    return 2;
  }
  if (config_file.empty() && !state_dir.empty()) {
    std::error_code error;
    const bool has_its_own = std::filesystem::exists(state_dir + "/hotline.json", error);
    if (error)
      return fail("may not read " + state_dir + " (" + error.message() +
                  "): run this as the user whose directory it is, or give another --state");
    if (has_its_own) config_file = state_dir + "/hotline.json";
  }

  Config config;
  if (!config_file.empty()) {
    Result<Config> read = Config::read(config_file);
    if (!read) return fail(read.error().message);
    config = std::move(*read);
  }
  if (shards > Config::shards_max)
    return fail("--shards " + std::to_string(shards) + ": at most " + std::to_string(Config::shards_max));
  if (shards > 0) config.shards = shards;
  if (config.shards == 0) config.shards = std::max(1u, std::thread::hardware_concurrency());
  if (config.shards > Config::shards_max)
    return fail("this machine has " + std::to_string(config.shards) +
                " processor cores, and there are at most " + std::to_string(Config::shards_max) +
                " shards: set `shards`, or give --shards");
  if (config.modules_dir.empty()) config.modules_dir = default_modules_dir();
  if (only_check) {
    const std::vector<std::string> missing = missing_for(config);
    for (const std::string& each : missing) fail(each);
    if (!missing.empty()) return 1;
    std::cout << (config_file.empty() ? "the defaults are" : config_file + " is") << " fine\n";
    return 0;
  }

  Result<std::unique_ptr<Daemon>> daemon =
      Daemon::open(config, state_dir, {.config_file = config_file, .take_over = take_over});
  if (!daemon) return fail(daemon.error().message);
  if (take_over < 0) std::cout << (*daemon)->announcement() << std::endl;
  const Daemon::Ending ending = (*daemon)->run();
  daemon->reset();
  if (ending == Daemon::Ending::start_anew) run_again(state_dir, config_file, config.shards);
  log::close();
  return ending == Daemon::Ending::failed ? 1 : 0;
}

#include "cli/find_host.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "control/json_text.h"

namespace hotline::cli {
namespace {

constexpr const char* system_state_dir = "/var/lib/hotline";

std::string not_running(const std::string& state_dir) {
  return "no host runs with state directory " + state_dir + ": start `hotlined --state " + state_dir + "`";
}

// Also where a directory above it may not be searched: whether it is there cannot be said then.
bool is_forbidden(const std::string& path, int how) {
  return ::access(path.c_str(), how) != 0 && errno == EACCES;
}

}  // namespace

std::string forbidden_text(const std::string& state_dir) {
  if (!is_forbidden(state_dir, R_OK | X_OK)) return {};
  return "may not read " + state_dir + ": run this as the user the host runs as";
}

std::string choose_state_dir(const std::string& state) {
  if (!state.empty()) return state;
  if (const char* from_environment = std::getenv("HOTLINE_STATE");
      from_environment != nullptr && *from_environment != '\0') {
    return from_environment;
  }
  std::error_code error;
  return std::filesystem::is_directory(system_state_dir, error) ? system_state_dir : "";
}

Result<HostPlace> read_run_file(const std::string& state_dir) {
  const std::string path = state_dir + "/run.json";
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (is_forbidden(path, R_OK))
      return Error{"may not read " + path + ": run this as the user the host runs as"};
    return Error{not_running(state_dir)};
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const Result<nlohmann::json> run = parse_json_message(text);
  if (!run || !run->is_object() || !run->contains("socket") || !run->at("socket").is_string()) {
    return Error{path + " is damaged: restart the host, or give its control socket with --socket"};
  }
  HostPlace place;
  place.state_dir = state_dir;
  place.socket = run->at("socket").get<std::string>();
  if (!place.socket.starts_with('/')) place.socket = state_dir + "/" + place.socket;
  if (run->contains("domain") && run->at("domain").is_string())
    place.domain = run->at("domain").get<std::string>();
  if (run->contains("pid") && run->at("pid").is_number_unsigned())
    place.process = run->at("pid").get<std::uint64_t>();
  return place;
}

std::string unreachable_text(const HostPlace& place) {
  if (is_forbidden(place.socket, R_OK | W_OK)) {
    return "may not use the control socket " + place.socket + ": run this as the user the host runs as";
  }
  if (!place.state_dir.empty()) return not_running(place.state_dir);
  return "no host answers at " + place.socket + ": check the path, or give --state DIR";
}

}  // namespace hotline::cli

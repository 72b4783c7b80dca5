#include "control/config_files.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace hotline {

namespace fs = std::filesystem;

namespace {

void check_file(std::vector<std::string>& missing, const char* key, const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return;
  missing.push_back("`" + std::string(key) + "`: " + path + " cannot be read: " + std::strerror(errno));
}

bool has_module(const std::string& directory, const std::string& name) {
  std::error_code error;
  for (fs::directory_iterator files(directory, error), end; !error && files != end; files.increment(error)) {
    const std::string file = files->path().filename().string();
    if (file.starts_with(name + "-") && file.ends_with(".so")) return true;
  }
  return false;
}

std::string no_module(const std::string& directory, const std::string& name) {
  return "`modules_initial`: no file " + directory + "/" + name + "-<version>.so";
}

}  // namespace

std::string default_modules_dir() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return "modules";
  const fs::path beside = self.parent_path() / "modules";
  if (fs::is_directory(beside, error)) return beside.string();
  return (self.parent_path().parent_path() / "lib/hotline/modules").string();
}

std::vector<std::string> missing_for(const Config& config) {
  std::vector<std::string> missing;
  if (config.listen.empty())
    missing.push_back("`listen` is empty: nobody could connect; name an address, or leave the key out");
  check_file(missing, "tls.certificate", config.tls.certificate);
  check_file(missing, "tls.key", config.tls.key);
  const std::string directory = config.modules_dir.empty() ? default_modules_dir() : config.modules_dir;
  std::error_code error;
  // The command may have been copied to a machine without the host.
  if (config.modules_dir.empty() && !fs::is_directory(directory, error)) return missing;
  for (const std::string& name : config.modules_initial)
    if (!has_module(directory, name)) missing.push_back(no_module(directory, name));
  return missing;
}

}  // namespace hotline

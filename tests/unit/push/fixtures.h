// Paths of the fixture modules, and scratch directories.
#pragma once

#include <filesystem>
#include <string>

namespace hotline::test {

// The file of a fixture: tests/fixture/CMakeLists.txt names them.
inline std::string fixture(const std::string& target, const std::string& file) {
  return std::string(HOTLINE_FIXTURE_DIR) + "/" + target + "/" + file + ".so";
}
inline std::string fixture(const std::string& target) {
  return fixture(target, target + "-1.0.0");
}

// A directory that goes when the test ends.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "hotline-push-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = std::filesystem::canonical(name);
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace hotline::test

// Paths of the fixture modules, and scratch directories.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "push/verify.h"

namespace hotline::test {

// The file of a fixture: tests/fixture/CMakeLists.txt names them.
inline std::string fixture(const std::string& target, const std::string& file) {
  return std::string(HOTLINE_FIXTURE_DIR) + "/" + target + "/" + file + ".so";
}
inline std::string fixture(const std::string& target) {
  return fixture(target, target + "-1.0.0");
}

// How a sanitizer tells of a fault, and ends the process, is its own affair.
constexpr bool is_sanitized = VerifyPolicy::built_sanitized;

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::byte> to_bytes(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
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

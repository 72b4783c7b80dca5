// Image: the bytes of a file that asks to become a module, read once.
//
// What is verified, hashed and copied to the module store is this one copy, so the file may change
// meanwhile without consequence. Immutable: any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "push/elf_file.h"

namespace hotline {

class Image {
 public:
  // Reads a regular file of at most so many bytes, a module's by default. The error is a complete refusal:
  // "/tmp/routing.so refused: ...".
  static Result<Image> read(const std::string& path, std::uint64_t bytes_max = ElfFile::file_bytes_max);
  // Of bytes that are in memory already; `path` only names them.
  static Image of(std::string path, std::vector<std::byte> bytes);

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& digest() const { return digest_; }  // SHA-256, lower-case hexadecimal.

 private:
  Image(std::string path, std::vector<std::byte> bytes);

  std::string path_;
  std::vector<std::byte> bytes_;
  std::string digest_;
};

}  // namespace hotline

// ElfLayout: where things are in a 64-bit little-endian ELF file, and checked access to its bytes.
//
// The bytes are the outside's. What is wrong is kept, first come, and asked for at the end: reads behind an
// error answer nothing, so that a parser needs no test after each. Views point into the bytes it was made of.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hotline {

class ElfLayout {
 public:
  // Reads header, segments and sections. Each lies within the bytes if ok().
  explicit ElfLayout(std::span<const std::byte> bytes);

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }  // In words that follow the file's name.
  void fail(std::string what);

  const Elf64_Ehdr& header() const { return header_; }
  const std::vector<Elf64_Phdr>& segments() const { return segments_; }
  const Elf64_Shdr* section(std::uint32_t type) const;  // The first of that type; NULL: none.
  const Elf64_Shdr* section(std::string_view name);
  const std::vector<Elf64_Shdr>& sections() const { return sections_; }

  template <typename T>
  T read(std::uint64_t offset) {
    T value{};
    const std::string_view bytes = view(offset, sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view view(std::uint64_t offset, std::uint64_t size);
  // A string in a table of NUL-terminated strings.
  std::string_view string_at(std::string_view table, std::uint64_t offset);
  // The file offset of a mapped address, `size` bytes of which come from the file.
  std::optional<std::uint64_t> offset_of(std::uint64_t address, std::uint64_t size) const;
  std::string_view mapped(std::uint64_t address, std::uint64_t size, const char* what);

 private:
  bool holds(std::uint64_t offset, std::uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }
  void read_header();
  void read_segments();
  void read_sections();

  std::span<const std::byte> bytes_;
  std::string error_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Shdr> sections_;
  std::string_view section_names_;
};

}  // namespace hotline

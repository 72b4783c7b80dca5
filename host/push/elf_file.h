// ElfFile: what a shared object says of itself, read from its bytes, without loading it.
//
// The bytes are the outside's: every offset, size and count is checked before it is followed, and what is
// followed is bounded. What is read is what the loader will act on; what two tables of the file tell
// differently is an error. 64-bit, little-endian, as the machines Hotline runs on.
//
// Ownership: string_views point into the bytes it was parsed from, which must outlive it. Immutable.
// Source: System V ABI, gABI chapters 4 and 5; the Linux and GNU extensions of elf.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "push/unmap.h"

namespace hotline {

struct ElfFile {
  struct NeededVersion {
    std::string_view library;  // "libc.so.6"
    std::string_view version;  // "GLIBC_2.34"
  };
  struct Export {
    std::string_view name;
    bool is_unique = false;    // STB_GNU_UNIQUE: the loader never unmaps its image.
    bool is_indirect = false;  // STT_GNU_IFUNC: its code runs while the file is being loaded.
  };

  std::uint16_t machine = 0;  // EM_...
  std::uint16_t type = 0;     // ET_...
  std::string build_id;       // Lower-case hexadecimal; empty when there is none.

  bool has_interpreter = false;
  bool has_writable_code = false;     // A segment that may be both written and executed.
  bool has_executable_stack = false;  // Also when the file says nothing of its stack.
  bool has_text_relocations = false;
  bool has_static_tls = false;  // Initial-exec model.
  bool is_nodelete = false;
  std::uint64_t tls_bytes = 0;
  std::uint64_t memory_bytes = 0;  // From its first mapped byte to its last.

  std::vector<std::string_view> needed;         // DT_NEEDED
  std::vector<std::string_view> search_paths;   // DT_RPATH, DT_RUNPATH
  std::vector<std::string_view> other_objects;  // DT_FILTER, DT_AUXILIARY, DT_AUDIT: loaded besides.
  std::vector<NeededVersion> needed_versions;
  std::vector<std::string_view> imports;
  std::vector<Export> exports;

  // Functions that the loader calls on its own, the toolchain's two excepted: the names it knows
  // ("meddle", "_GLOBAL__sub_I_presence.cpp"), else "a function at 0x1234". First those at loading.
  std::vector<std::string> constructors;
  std::vector<std::string> destructors;
  std::size_t indirect_relocations = 0;  // IRELATIVE: each runs code while the file is being loaded.

  bool has_manifest = false;
  std::string_view manifest;  // The whole section, closing NUL included.

  static constexpr std::uint64_t file_bytes_max = 64ull << 20;
  static constexpr std::uint64_t memory_bytes_max = 256ull << 20;

  // The machine this host was compiled for.
  static std::uint16_t host_machine();
  // The error is in words that follow the file's name: "is not an ELF file".
  static Result<ElfFile> parse(std::span<const std::byte> bytes);
};

Pins pins_of(const ElfFile& file);
// "x86-64", "AArch64", or the number.
std::string machine_name(std::uint16_t machine);

}  // namespace hotline

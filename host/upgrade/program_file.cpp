#include "upgrade/program_file.h"

#include <elf.h>

#include <cstring>
#include <optional>
#include <vector>

#include "base/hex.h"
#include "push/elf_file.h"

namespace hotline {

namespace {

// A struct of the file, where it is whole.
template <typename Struct>
std::optional<Struct> struct_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Struct)) return std::nullopt;
  Struct read;
  std::memcpy(&read, bytes.data() + offset, sizeof read);
  return read;
}

constexpr std::uint64_t padded(std::uint64_t size) {
  return (size + 3) / 4 * 4;
}

// Of a segment of notes: the GNU build id; empty: it is not among them.
std::string build_id_in(std::span<const std::byte> notes) {
  for (std::uint64_t at = 0;;) {
    const auto note = struct_at<Elf64_Nhdr>(notes, at);
    if (!note) return {};
    const std::uint64_t name = at + sizeof *note, words = name + padded(note->n_namesz);
    if (words > notes.size() || note->n_descsz > notes.size() - words) return {};
    const bool is_gnu = note->n_namesz == 4 && std::memcmp(notes.data() + name, "GNU", 4) == 0;
    if (is_gnu && note->n_type == NT_GNU_BUILD_ID)
      return to_hex({reinterpret_cast<const unsigned char*>(notes.data() + words), note->n_descsz});
    at = words + padded(note->n_descsz);
  }
}

}  // namespace

Result<Image> read_program(const std::string& path) {
  return Image::read(path, program_bytes_max);
}

Result<std::string> program_build_id(const Image& image) {
  const auto refused = [&](const std::string& why) { return Error{image.path() + " refused: " + why}; };
  const auto header = struct_at<Elf64_Ehdr>(image.bytes(), 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_phentsize != sizeof(Elf64_Phdr))
    return refused("it is not a program: it is not an ELF file");
  if (header->e_machine != ElfFile::host_machine())
    return refused("it is for " + machine_name(header->e_machine) + ", this host is " +
                   machine_name(ElfFile::host_machine()));
  bool has_interpreter = false;
  std::string build_id;
  for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = struct_at<Elf64_Phdr>(image.bytes(), header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment || segment->p_offset > image.bytes().size() ||
        segment->p_filesz > image.bytes().size() - segment->p_offset)
      return refused("it is cut off");
    if (segment->p_type == PT_INTERP) has_interpreter = true;
    if (segment->p_type == PT_NOTE && build_id.empty())
      build_id = build_id_in(image.bytes().subspan(segment->p_offset, segment->p_filesz));
  }
  if (!has_interpreter) return refused("it is a shared object, not a program");
  return build_id;
}

}  // namespace hotline

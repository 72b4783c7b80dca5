#include "push/elf_layout.h"

#include <algorithm>

namespace hotline {

namespace {

constexpr std::size_t segments_max = 64;
constexpr std::size_t sections_max = 4096;
constexpr std::size_t symbol_bytes_max = 16 << 10;  // Mangled names are long; each is searched for its end.

}  // namespace

ElfLayout::ElfLayout(std::span<const std::byte> bytes) : bytes_(bytes) {
  read_header();
  if (ok()) read_segments();
  if (ok()) read_sections();
}

void ElfLayout::fail(std::string what) {
  if (error_.empty()) error_ = std::move(what);
}

std::string_view ElfLayout::view(std::uint64_t offset, std::uint64_t size) {
  if (!holds(offset, size)) {
    fail("is truncated: " + std::to_string(size) + " bytes at " + std::to_string(offset) +
         " are beyond its " + std::to_string(bytes_.size()));
    return {};
  }
  return {reinterpret_cast<const char*>(bytes_.data()) + offset, size};
}

std::string_view ElfLayout::string_at(std::string_view table, std::uint64_t offset) {
  if (offset < table.size()) {
    const std::string_view rest = table.substr(offset, symbol_bytes_max);
    const std::size_t end = rest.find('\0');
    if (end != std::string_view::npos) return rest.substr(0, end);
  }
  fail("is damaged: a name lies outside its table of names, or does not end");
  return {};
}

void ElfLayout::read_header() {
  const std::string_view ident = view(0, std::min<std::uint64_t>(EI_NIDENT, bytes_.size()));
  if (ident.size() < EI_NIDENT || ident.substr(0, SELFMAG) != ELFMAG) return fail("is not an ELF file");
  if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB || ident[EI_VERSION] != EV_CURRENT)
    return fail("is not a 64-bit little-endian ELF file");
  header_ = read<Elf64_Ehdr>(0);
}

void ElfLayout::read_segments() {
  if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 || header_.e_phnum > segments_max)
    return fail("is damaged: it has " + std::to_string(header_.e_phnum) + " segments; 1 to " +
                std::to_string(segments_max) + " are expected");
  const std::string_view table = view(header_.e_phoff, std::uint64_t{header_.e_phnum} * sizeof(Elf64_Phdr));
  if (!ok()) return;
  segments_.resize(header_.e_phnum);
  std::memcpy(segments_.data(), table.data(), table.size());
  for (const Elf64_Phdr& segment : segments_)
    if (!holds(segment.p_offset, segment.p_filesz))
      return fail("is truncated: a segment of " + std::to_string(segment.p_filesz) + " bytes at " +
                  std::to_string(segment.p_offset) + " ends beyond its " + std::to_string(bytes_.size()));
}

void ElfLayout::read_sections() {
  if (header_.e_shnum == 0) return;  // Stripped of them: no manifest then, which the verifier says.
  if (header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shnum > sections_max)
    return fail("is damaged: it has " + std::to_string(header_.e_shnum) + " sections; " +
                std::to_string(sections_max) + " are the most");
  const std::string_view table = view(header_.e_shoff, std::uint64_t{header_.e_shnum} * sizeof(Elf64_Shdr));
  if (!ok()) return;
  sections_.resize(header_.e_shnum);
  std::memcpy(sections_.data(), table.data(), table.size());
  for (const Elf64_Shdr& section : sections_)
    if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
        !holds(section.sh_offset, section.sh_size))
      return fail("is truncated: a section of " + std::to_string(section.sh_size) + " bytes at " +
                  std::to_string(section.sh_offset) + " ends beyond its " + std::to_string(bytes_.size()));
  if (header_.e_shstrndx >= sections_.size() || sections_[header_.e_shstrndx].sh_type != SHT_STRTAB)
    return fail("is damaged: its sections have no names");
  const Elf64_Shdr& names = sections_[header_.e_shstrndx];
  section_names_ = view(names.sh_offset, names.sh_size);
}

const Elf64_Shdr* ElfLayout::section(std::uint32_t type) const {
  const auto found =
      std::ranges::find_if(sections_, [&](const Elf64_Shdr& section) { return section.sh_type == type; });
  return found == sections_.end() ? nullptr : &*found;
}

const Elf64_Shdr* ElfLayout::section(std::string_view name) {
  for (const Elf64_Shdr& section : sections_)
    if (section.sh_type != SHT_NULL && string_at(section_names_, section.sh_name) == name) return &section;
  return nullptr;
}

std::optional<std::uint64_t> ElfLayout::offset_of(std::uint64_t address, std::uint64_t size) const {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const std::uint64_t into = address - segment.p_vaddr;
    if (into <= segment.p_filesz && size <= segment.p_filesz - into) return segment.p_offset + into;
  }
  return std::nullopt;
}

std::string_view ElfLayout::mapped(std::uint64_t address, std::uint64_t size, const char* what) {
  const auto offset = offset_of(address, size);
  if (!offset) {
    fail(std::string("is damaged: its ") + what + " lies outside what is mapped");
    return {};
  }
  return view(*offset, size);
}

}  // namespace hotline

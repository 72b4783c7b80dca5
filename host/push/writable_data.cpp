#include "push/writable_data.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "push/elf_layout.h"
#include "push/forbidden_imports.h"

namespace hotline {

namespace {

constexpr std::uint64_t toolchains_bytes = 8;  // Of each section, of the toolchain's own.

bool is_toolchains(std::string_view name) {
  constexpr std::array names{std::string_view("__dso_handle"), std::string_view("__TMC_END__")};
  // What exceptions need of types and their personality, written by the loader alone; AddressSanitizer's own,
  // of GCC and of clang.
  if (name.starts_with("DW.ref.") || name.starts_with("__odr_asan.") || name.starts_with("__unnamed_"))
    return true;
  return name.starts_with("completed.") || std::ranges::find(names, name) != names.end();
}

bool is_variables(std::string_view section) {
  return section == ".data" || section == ".bss" || section == ".tdata" || section == ".tbss" ||
         section.starts_with(".data.") || section.starts_with(".bss.");
}

}  // namespace

std::vector<std::string> writable_variables(std::span<const std::byte> file) {
  ElfLayout layout(file);
  if (!layout.ok() || layout.header().e_shstrndx >= layout.sections().size()) return {};
  const Elf64_Shdr& names = layout.sections()[layout.header().e_shstrndx];
  const std::string_view section_names = layout.view(names.sh_offset, names.sh_size);
  std::vector<bool> is_one(layout.sections().size());
  std::vector<std::string> found;
  const Elf64_Shdr* const table = layout.section(SHT_SYMTAB);
  for (std::size_t i = 0; i < layout.sections().size(); ++i) {
    const Elf64_Shdr& section = layout.sections()[i];
    const std::string_view name = layout.string_at(section_names, section.sh_name);
    // What is only relocated is read-only when the loader is done.
    is_one[i] =
        (section.sh_flags & SHF_WRITE) != 0 && is_variables(name) && !name.starts_with(".data.rel.ro");
    if (table == nullptr && is_one[i] && section.sh_size > toolchains_bytes)
      found.push_back(std::string(name) + " (" + std::to_string(section.sh_size) + " bytes)");
  }
  if (table == nullptr || table->sh_link >= layout.sections().size() ||
      table->sh_entsize != sizeof(Elf64_Sym))
    return found;
  const Elf64_Shdr& strings = layout.sections()[table->sh_link];
  const std::string_view text =
      layout.view(strings.sh_offset, strings.sh_type == SHT_NOBITS ? 0 : strings.sh_size);
  for (std::uint64_t i = 0; i < table->sh_size / sizeof(Elf64_Sym) && layout.ok(); ++i) {
    const auto symbol = layout.read<Elf64_Sym>(table->sh_offset + i * sizeof(Elf64_Sym));
    const unsigned type = ELF64_ST_TYPE(symbol.st_info);
    if ((type != STT_OBJECT && type != STT_TLS) || symbol.st_size == 0 || symbol.st_shndx >= is_one.size() ||
        !is_one[symbol.st_shndx])
      continue;
    const std::string_view name = layout.string_at(text, symbol.st_name);
    if (!is_toolchains(name)) found.push_back(readable_name(std::string(name)));
  }
  return found;
}

}  // namespace hotline

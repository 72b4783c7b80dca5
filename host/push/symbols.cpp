#include "push/symbols.h"

#include "push/elf_layout.h"
#include "push/forbidden_imports.h"
#include "push/frame.h"
#include "push/image.h"

namespace hotline {

namespace {
constexpr std::size_t shown_bytes_max = 200;  // Of templates; the rest says little.
}  // namespace

std::string function_at(const std::string& path, std::uintptr_t offset) {
  const Result<Image> image = Image::read(path);
  return image ? function_at(image->bytes(), offset) : std::string();
}

std::string function_at(std::span<const std::byte> file, std::uintptr_t offset) {
  ElfLayout layout(file);
  const Elf64_Shdr* const table = layout.section(SHT_SYMTAB);
  if (!layout.ok() || table == nullptr || table->sh_link >= layout.sections().size() ||
      table->sh_entsize != sizeof(Elf64_Sym))
    return {};
  const Elf64_Shdr& names = layout.sections()[table->sh_link];
  const std::string_view text = layout.view(names.sh_offset, names.sh_type == SHT_NOBITS ? 0 : names.sh_size);
  for (std::uint64_t i = 0; i < table->sh_size / sizeof(Elf64_Sym) && layout.ok(); ++i) {
    const auto symbol = layout.read<Elf64_Sym>(table->sh_offset + i * sizeof(Elf64_Sym));
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || offset < symbol.st_value ||
        offset - symbol.st_value >= symbol.st_size)
      continue;
    std::string name = readable_name(std::string(layout.string_at(text, symbol.st_name)));
    if (name.size() > shown_bytes_max) name = name.substr(0, shown_bytes_max) + "...";
    return name;
  }
  return {};
}

bool is_of_sdk(std::string_view function) {
  function = function.substr(0, function.find_first_of("<("));
  // A template's name stands behind what it returns.
  if (const std::size_t space = function.rfind(' '); space != std::string_view::npos)
    function.remove_prefix(space + 1);
  return function.starts_with("hotline::sdk::");
}

std::string words_of(const Fault& fault) {
  std::string words = fault.module + " " + fault.version + " " + fault.cause.text();
  if (fault.offset != 0) {
    const std::string function = function_at(fault.file, fault.offset);
    const std::string frame = Frame{fault.module, fault.offset, fault.build_id}.text();
    words += " in " + (function.empty() ? frame : function + " (" + frame + ")");
  }
  return words + ", called for " + call_name(fault.event);
}

}  // namespace hotline

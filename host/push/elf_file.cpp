#include "push/elf_file.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "base/hex.h"
#include "hotline/manifest.h"
#include "push/elf_layout.h"

namespace hotline {

namespace {

constexpr std::size_t dynamic_entries_max = 1024;
constexpr std::size_t symbols_max = 100'000;
constexpr std::size_t needed_versions_max = 1024;
constexpr std::size_t load_functions_max = 4096;
constexpr std::uint64_t page_bytes =
    4096;  // The smallest: what does not share one of these shares no larger one.

constexpr std::uint64_t page_of(std::uint64_t address) {
  return address & ~(page_bytes - 1);
}

constexpr std::uint64_t page_end_of(std::uint64_t address) {
  return page_of(address + page_bytes - 1);
}

class ElfParser {
 public:
  explicit ElfParser(std::span<const std::byte> bytes) : layout_(bytes), file_bytes_(bytes.size()) {}

  Result<ElfFile> run();

 private:
  struct Dynamic {
    std::uint64_t strings = 0, strings_size = 0, symbols = 0, versions = 0, relocations = 0;
    std::uint64_t relocations_size = 0, plt_relocations = 0, plt_relocations_size = 0;
    std::uint64_t init = 0, fini = 0;
    std::uint64_t init_array = 0, init_array_size = 0, fini_array = 0, fini_array_size = 0;
    std::uint64_t preinit_array_size = 0;
    std::vector<std::uint64_t> needed, search_paths, other_objects;  // Offsets of names.
  };

  void read_segments();
  void read_notes(std::uint64_t offset, std::uint64_t size);
  void read_manifest();
  void read_dynamic();
  void take_entry(const Elf64_Dyn& entry);
  void read_names();
  void read_symbols();
  void read_needed_versions();
  void read_relocations(std::uint64_t address, std::uint64_t size);
  void read_load_functions();
  std::vector<std::string> functions_of(std::uint64_t array, std::uint64_t size, std::string_view toolchain);
  std::string function_name(std::uint64_t address);

  ElfLayout layout_;
  std::uint64_t file_bytes_;
  ElfFile file_;
  Dynamic dynamic_;
  bool has_dynamic_ = false;
  std::uint64_t symbols_ = 0;  // The dynamic ones, with the empty one at 0.
  std::string_view strings_;
  // Relocations of the loader's function tables: where, and the function's address.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> function_relocations_;
};

Result<ElfFile> ElfParser::run() {
  if (file_bytes_ > ElfFile::file_bytes_max)
    return Error{"has " + std::to_string(file_bytes_) + " bytes, more than the " +
                 std::to_string(ElfFile::file_bytes_max) + " a module may have"};
  if (layout_.ok()) read_segments();
  if (layout_.ok()) read_manifest();
  if (layout_.ok()) read_dynamic();
  if (layout_.ok() && has_dynamic_) {
    read_names();
    read_symbols();
    read_needed_versions();
    read_relocations(dynamic_.relocations, dynamic_.relocations_size);
    read_relocations(dynamic_.plt_relocations, dynamic_.plt_relocations_size);
    if (layout_.ok()) read_load_functions();
  }
  if (!layout_.ok()) return Error{layout_.error()};
  return std::move(file_);
}

void ElfParser::read_segments() {
  file_.machine = layout_.header().e_machine;
  file_.type = layout_.header().e_type;
  file_.has_executable_stack = true;  // What the loader takes it for when no segment speaks of it.
  std::uint64_t begin = UINT64_MAX;
  std::uint64_t end = 0;
  for (const Elf64_Phdr& segment : layout_.segments()) {
    switch (segment.p_type) {
      case PT_LOAD:
        if (segment.p_memsz < segment.p_filesz || segment.p_memsz > ElfFile::memory_bytes_max ||
            segment.p_vaddr > UINT64_MAX / 2)
          return layout_.fail("is damaged: a segment wants " + std::to_string(segment.p_memsz) +
                              " bytes of memory; " + std::to_string(ElfFile::memory_bytes_max) +
                              " are the most");
        if ((segment.p_flags & PF_W) != 0 && (segment.p_flags & PF_X) != 0) file_.has_writable_code = true;
        // Else what the loader maps last hides what is read here.
        if (begin != UINT64_MAX && page_of(segment.p_vaddr) < page_end_of(end))
          return layout_.fail("is damaged: its segments do not stand one after the other in memory");
        begin = std::min(begin, segment.p_vaddr);
        end = segment.p_vaddr + segment.p_memsz;
        break;
      case PT_INTERP: file_.has_interpreter = true; break;
      case PT_TLS: file_.tls_bytes = segment.p_memsz; break;
      case PT_GNU_STACK: file_.has_executable_stack = (segment.p_flags & PF_X) != 0; break;
      case PT_DYNAMIC:
        if (has_dynamic_) return layout_.fail("is damaged: it has two dynamic sections");
        has_dynamic_ = true;
        break;
      case PT_NOTE: read_notes(segment.p_offset, segment.p_filesz); break;
      default: break;
    }
  }
  if (begin == UINT64_MAX) return layout_.fail("is damaged: it has no segment to load");
  file_.memory_bytes = end - begin;
  if (file_.memory_bytes > ElfFile::memory_bytes_max)
    layout_.fail("is damaged: it wants " + std::to_string(file_.memory_bytes) + " bytes of memory; " +
                 std::to_string(ElfFile::memory_bytes_max) + " are the most");
}

void ElfParser::read_notes(std::uint64_t offset, std::uint64_t size) {
  const auto padded = [](std::uint64_t bytes) { return (bytes + 3) & ~std::uint64_t{3}; };
  for (std::uint64_t at = 0; file_.build_id.empty() && at + sizeof(Elf64_Nhdr) <= size;) {
    const auto note = layout_.read<Elf64_Nhdr>(offset + at);
    const std::uint64_t name_at = at + sizeof note;
    const std::uint64_t content_at = name_at + padded(note.n_namesz);
    const std::uint64_t next = content_at + padded(note.n_descsz);
    if (!layout_.ok() || next > size) return;  // Notes of other alignments are none of ours.
    const std::string_view name = layout_.view(offset + name_at, note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID && name == std::string_view("GNU\0", 4)) {
      constexpr std::uint32_t build_id_bytes_max = 64;
      if (note.n_descsz < 8 || note.n_descsz > build_id_bytes_max)
        return layout_.fail("is damaged: its build id has " + std::to_string(note.n_descsz) + " bytes");
      file_.build_id += to_hex(layout_.view(offset + content_at, note.n_descsz));
    }
    at = next;
  }
}

void ElfParser::read_manifest() {
  const Elf64_Shdr* const section = layout_.section(HL_MANIFEST_SECTION);
  if (section == nullptr || !layout_.ok()) return;
  // Mapped, so that the entry can point to the very text that is verified here.
  if (section->sh_type != SHT_PROGBITS ||
      layout_.offset_of(section->sh_addr, section->sh_size) != section->sh_offset)
    return layout_.fail("is damaged: its section " HL_MANIFEST_SECTION " is not mapped");
  file_.has_manifest = true;
  file_.manifest = layout_.view(section->sh_offset, section->sh_size);
}

void ElfParser::read_dynamic() {
  for (const Elf64_Phdr& segment : layout_.segments()) {
    if (segment.p_type != PT_DYNAMIC) continue;
    const std::uint64_t count = segment.p_filesz / sizeof(Elf64_Dyn);
    if (count > dynamic_entries_max)
      return layout_.fail("is damaged: it has " + std::to_string(count) + " dynamic entries");
    // The loader goes by the address.
    if (layout_.offset_of(segment.p_vaddr, segment.p_filesz) != segment.p_offset)
      return layout_.fail("is damaged: its dynamic section lies outside what is mapped");
    for (std::uint64_t i = 0; i < count && layout_.ok(); ++i) {
      const auto entry = layout_.read<Elf64_Dyn>(segment.p_offset + i * sizeof(Elf64_Dyn));
      if (entry.d_tag == DT_NULL) return;
      take_entry(entry);
    }
    return layout_.fail("is damaged: its dynamic section does not end");  // The loader would read on.
  }
}

void ElfParser::take_entry(const Elf64_Dyn& entry) {
  const std::uint64_t value = entry.d_un.d_val;
  switch (static_cast<std::uint64_t>(entry.d_tag)) {
    case DT_NEEDED: dynamic_.needed.push_back(value); break;
    case DT_RPATH:
    case DT_RUNPATH: dynamic_.search_paths.push_back(value); break;
    case DT_FILTER:
    case DT_AUXILIARY:
    case DT_AUDIT:
    case DT_DEPAUDIT: dynamic_.other_objects.push_back(value); break;
    case DT_STRTAB: dynamic_.strings = value; break;
    case DT_STRSZ: dynamic_.strings_size = value; break;
    case DT_SYMTAB: dynamic_.symbols = value; break;
    case DT_VERNEED: dynamic_.versions = value; break;
    case DT_RELA: dynamic_.relocations = value; break;
    case DT_RELASZ: dynamic_.relocations_size = value; break;
    case DT_JMPREL: dynamic_.plt_relocations = value; break;
    case DT_PLTRELSZ: dynamic_.plt_relocations_size = value; break;
    case DT_INIT: dynamic_.init = value; break;
    case DT_FINI: dynamic_.fini = value; break;
    case DT_INIT_ARRAY: dynamic_.init_array = value; break;
    case DT_INIT_ARRAYSZ: dynamic_.init_array_size = value; break;
    case DT_FINI_ARRAY: dynamic_.fini_array = value; break;
    case DT_FINI_ARRAYSZ: dynamic_.fini_array_size = value; break;
    case DT_PREINIT_ARRAYSZ: dynamic_.preinit_array_size = value; break;
    case DT_TEXTREL: file_.has_text_relocations = true; break;
    case DT_REL: layout_.fail("has relocations without addends, which no 64-bit toolchain writes"); break;
    case DT_FLAGS:
      if ((value & DF_TEXTREL) != 0) file_.has_text_relocations = true;
      if ((value & DF_STATIC_TLS) != 0) file_.has_static_tls = true;
      break;
    case DT_FLAGS_1:
      if ((value & DF_1_NODELETE) != 0) file_.is_nodelete = true;
      break;
    default: break;
  }
}

void ElfParser::read_names() {
  strings_ = layout_.mapped(dynamic_.strings, dynamic_.strings_size, "table of names");
  for (const std::uint64_t at : dynamic_.needed) file_.needed.push_back(layout_.string_at(strings_, at));
  for (const std::uint64_t at : dynamic_.search_paths)
    file_.search_paths.push_back(layout_.string_at(strings_, at));
  for (const std::uint64_t at : dynamic_.other_objects)
    file_.other_objects.push_back(layout_.string_at(strings_, at));
}

void ElfParser::read_symbols() {
  const Elf64_Shdr* const table = layout_.section(SHT_DYNSYM);
  if (table == nullptr) return;  // Without sections there is no manifest either.
  if (table->sh_addr != dynamic_.symbols || table->sh_entsize != sizeof(Elf64_Sym) ||
      layout_.offset_of(table->sh_addr, table->sh_size) != table->sh_offset)
    return layout_.fail("is damaged: its sections and its dynamic entries tell of different symbols");
  const std::uint64_t count = table->sh_size / sizeof(Elf64_Sym);
  symbols_ = count;
  if (count > symbols_max)
    return layout_.fail("has " + std::to_string(count) + " dynamic symbols, more than the " +
                        std::to_string(symbols_max) + " a module may have");
  for (std::uint64_t i = 1; i < count && layout_.ok(); ++i) {
    const auto symbol = layout_.read<Elf64_Sym>(table->sh_offset + i * sizeof(Elf64_Sym));
    const unsigned bind = ELF64_ST_BIND(symbol.st_info);
    const unsigned type = ELF64_ST_TYPE(symbol.st_info);
    if (bind == STB_LOCAL || type == STT_SECTION) continue;
    const std::string_view name = layout_.string_at(strings_, symbol.st_name);
    if (symbol.st_shndx == SHN_UNDEF)
      file_.imports.push_back(name);
    else
      file_.exports.push_back({name, bind == STB_GNU_UNIQUE, type == STT_GNU_IFUNC});
  }
}

void ElfParser::read_needed_versions() {
  const Elf64_Shdr* const table = layout_.section(SHT_GNU_verneed);
  if (table == nullptr || !layout_.ok()) return;
  if (table->sh_addr != dynamic_.versions)
    return layout_.fail("is damaged: its sections and its dynamic entries tell of different versions");
  // Offsets of the two linked lists only grow: a step of 0 ends a list.
  std::uint64_t at = table->sh_offset;
  for (std::size_t steps = 0; layout_.ok(); ++steps) {
    const auto need = layout_.read<Elf64_Verneed>(at);
    const std::string_view library = layout_.string_at(strings_, need.vn_file);
    std::uint64_t version_at = at + need.vn_aux;
    for (std::size_t i = 0; i < need.vn_cnt && layout_.ok(); ++i) {
      const auto version = layout_.read<Elf64_Vernaux>(version_at);
      if (file_.needed_versions.size() == needed_versions_max || steps == needed_versions_max)
        return layout_.fail("is damaged: it needs more than " + std::to_string(needed_versions_max) +
                            " versions of libraries");
      file_.needed_versions.push_back({library, layout_.string_at(strings_, version.vna_name)});
      if (version.vna_next == 0) break;
      version_at += version.vna_next;
    }
    if (need.vn_next == 0 || steps == needed_versions_max) return;
    at += need.vn_next;
  }
}

void ElfParser::read_relocations(std::uint64_t address, std::uint64_t size) {
  if (size == 0 || !layout_.ok()) return;
  const std::string_view table = layout_.mapped(address, size, "table of relocations");
  const bool is_arm = file_.machine == EM_AARCH64;
  const std::uint32_t relative = is_arm ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
  const std::uint32_t indirect = is_arm ? R_AARCH64_IRELATIVE : R_X86_64_IRELATIVE;
  const auto is_in = [](std::uint64_t at, std::uint64_t begin, std::uint64_t bytes) {
    return at >= begin && at - begin < bytes;
  };
  for (std::size_t at = 0; at + sizeof(Elf64_Rela) <= table.size(); at += sizeof(Elf64_Rela)) {
    Elf64_Rela relocation;
    std::memcpy(&relocation, table.data() + at, sizeof relocation);
    // The loader does not know the sections: it would find a symbol beyond those that were read.
    if (const std::uint64_t symbol = ELF64_R_SYM(relocation.r_info); symbol != 0 && symbol >= symbols_)
      return layout_.fail("is damaged: a relocation names symbol " + std::to_string(symbol) + " of " +
                          std::to_string(symbols_));
    const auto type = static_cast<std::uint32_t>(ELF64_R_TYPE(relocation.r_info));
    if (type == indirect) ++file_.indirect_relocations;
    if (type == relative &&
        (is_in(relocation.r_offset, dynamic_.init_array, dynamic_.init_array_size) ||
         is_in(relocation.r_offset, dynamic_.fini_array, dynamic_.fini_array_size)) &&
        function_relocations_.size() < 2 * load_functions_max)
      function_relocations_.emplace_back(relocation.r_offset,
                                         static_cast<std::uint64_t>(relocation.r_addend));
  }
}

// The name of a function by its address, if the file still has its symbols.
std::string ElfParser::function_name(std::uint64_t address) {
  const Elf64_Shdr* const table = layout_.section(SHT_SYMTAB);
  if (table != nullptr && table->sh_link < layout_.sections().size() &&
      table->sh_entsize == sizeof(Elf64_Sym)) {
    const Elf64_Shdr& names = layout_.sections()[table->sh_link];
    const std::string_view text =
        layout_.view(names.sh_offset, names.sh_type == SHT_NOBITS ? 0 : names.sh_size);
    const std::uint64_t count = std::min<std::uint64_t>(table->sh_size / sizeof(Elf64_Sym), symbols_max);
    for (std::uint64_t i = 0; i < count && layout_.ok(); ++i) {
      const auto symbol = layout_.read<Elf64_Sym>(table->sh_offset + i * sizeof(Elf64_Sym));
      if (symbol.st_value == address && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
        return std::string(layout_.string_at(text, symbol.st_name));
    }
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "a function at 0x%llx", static_cast<unsigned long long>(address));
  return text.data();
}

std::vector<std::string> ElfParser::functions_of(std::uint64_t array, std::uint64_t size,
                                                 std::string_view toolchain) {
  std::vector<std::string> functions;
  const std::uint64_t count = size / sizeof(std::uint64_t);
  if (count == 0) return functions;
  if (count > load_functions_max) {
    layout_.fail("is damaged: the loader would call " + std::to_string(count) + " functions");
    return functions;
  }
  const std::string_view content = layout_.mapped(array, size, "table of constructors");
  if (!layout_.ok()) return functions;
  bool is_toolchain_seen = false;
  constexpr std::size_t named_max = 16;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t address = 0;
    std::memcpy(&address, content.data() + i * sizeof address, sizeof address);
    for (const auto& [at, function] : function_relocations_)
      if (at == array + i * sizeof address) address = function;
    if (functions.size() == named_max) {
      functions.push_back("and more");
      break;
    }
    const std::string name = function_name(address);
    // A stripped file has no names: one function is the toolchain's.
    const bool is_toolchain =
        !is_toolchain_seen && (name == toolchain || (name.starts_with("a function") && count == 1));
    is_toolchain_seen = is_toolchain_seen || is_toolchain;
    if (!is_toolchain) functions.push_back(name);
  }
  return functions;
}

void ElfParser::read_load_functions() {
  file_.constructors = functions_of(dynamic_.init_array, dynamic_.init_array_size, "frame_dummy");
  file_.destructors = functions_of(dynamic_.fini_array, dynamic_.fini_array_size, "__do_global_dtors_aux");
  // DT_INIT and DT_FINI are the toolchain's own sections, unless the linker was told otherwise.
  const Elf64_Shdr* const init = layout_.section(".init");
  const Elf64_Shdr* const fini = layout_.section(".fini");
  if (dynamic_.init != 0 && (init == nullptr || init->sh_addr != dynamic_.init))
    file_.constructors.push_back(function_name(dynamic_.init));
  if (dynamic_.fini != 0 && (fini == nullptr || fini->sh_addr != dynamic_.fini))
    file_.destructors.push_back(function_name(dynamic_.fini));
  if (dynamic_.preinit_array_size != 0) file_.constructors.emplace_back("a function of .preinit_array");
  if (layout_.section(".ctors") != nullptr) file_.constructors.emplace_back("a function of .ctors");
}

}  // namespace

std::uint16_t ElfFile::host_machine() {
#if defined(__x86_64__)
  return EM_X86_64;
#elif defined(__aarch64__)
  return EM_AARCH64;
#else
#error "Hotline runs on x86-64 and AArch64"
#endif
}

Result<ElfFile> ElfFile::parse(std::span<const std::byte> bytes) {
  return ElfParser(bytes).run();
}

Pins pins_of(const ElfFile& file) {
  Pins pins{.is_nodelete = file.is_nodelete};
  for (const ElfFile::Export& symbol : file.exports)
    if (symbol.is_unique) pins.unique_symbols.emplace_back(symbol.name);
  for (const std::string_view import : file.imports)
    if (import == "__cxa_thread_atexit" || import == "__cxa_thread_atexit_impl")
      pins.thread_destructors = import;
  return pins;
}

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64: return "x86-64";
    case EM_AARCH64: return "AArch64";
    case EM_386: return "x86 (32-bit)";
    case EM_ARM: return "ARM (32-bit)";
    case EM_RISCV: return "RISC-V";
    default: return "machine " + std::to_string(machine);
  }
}

}  // namespace hotline

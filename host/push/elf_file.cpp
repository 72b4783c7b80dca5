#include "push/elf_file.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace hotline {

namespace {

constexpr std::size_t segments_max = 64;
constexpr std::size_t sections_max = 4096;
constexpr std::size_t dynamic_entries_max = 1024;
constexpr std::size_t symbols_max = 100'000;
constexpr std::size_t symbol_bytes_max = 16
                                         << 10;  // Mangled names are long, and each is searched for its end.
constexpr std::size_t needed_versions_max = 1024;
constexpr std::size_t load_functions_max = 4096;

#ifndef DT_RELR
constexpr std::uint64_t DT_RELR = 36;
#endif

// Thrown nowhere: what is wrong is kept here, first come, and parse() answers it at its end. Reads behind
// an error give zeroes.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  std::uint64_t size() const { return bytes_.size(); }

  bool holds(std::uint64_t offset, std::uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }

  template <typename T>
  T read(std::uint64_t offset) {
    T value{};
    if (holds(offset, sizeof value))
      std::memcpy(&value, bytes_.data() + offset, sizeof value);
    else
      fail("is truncated: " + std::to_string(sizeof value) + " bytes at " + std::to_string(offset) +
           " are beyond its end");
    return value;
  }

  std::string_view view(std::uint64_t offset, std::uint64_t size) {
    if (!holds(offset, size)) {
      fail("is truncated: " + std::to_string(size) + " bytes at " + std::to_string(offset) +
           " are beyond its end");
      return {};
    }
    return {reinterpret_cast<const char*>(bytes_.data()) + offset, size};
  }

 private:
  std::span<const std::byte> bytes_;
  std::string error_;
};

// A string in a table of NUL-terminated strings.
std::string_view string_at(Reader& reader, std::string_view table, std::uint64_t offset) {
  if (offset < table.size()) {
    const std::string_view rest = table.substr(offset, symbol_bytes_max);
    const std::size_t end = rest.find('\0');
    if (end != std::string_view::npos) return rest.substr(0, end);
  }
  reader.fail("is damaged: a name lies outside its table of names, or does not end");
  return {};
}

class Parser {
 public:
  explicit Parser(std::span<const std::byte> bytes) : reader_(bytes) {}

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

  bool read_header();
  void read_segments();
  void read_notes(std::uint64_t offset, std::uint64_t size);
  void read_sections();
  void read_dynamic();
  void take_entry(const Elf64_Dyn& entry);
  void read_names();
  void read_symbols();
  void read_needed_versions();
  void read_relocations(std::uint64_t address, std::uint64_t size);
  void read_load_functions();
  std::vector<std::string> functions_of(std::uint64_t array, std::uint64_t size, std::string_view toolchain);
  std::string function_name(std::uint64_t address);

  // The file offset of a mapped address, `size` bytes of which must come from the file.
  std::optional<std::uint64_t> offset_of(std::uint64_t address, std::uint64_t size) const;
  std::string_view mapped(std::uint64_t address, std::uint64_t size, const char* what);
  const Elf64_Shdr* section(std::uint32_t type) const;
  const Elf64_Shdr* section(std::string_view name);

  Reader reader_;
  ElfFile file_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Shdr> sections_;
  std::string_view section_names_;
  Dynamic dynamic_;
  bool has_dynamic_ = false;
  std::string_view strings_;
  // Relocations of the loader's function tables: where, and the function's address.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> function_relocations_;
};

Result<ElfFile> Parser::run() {
  if (reader_.size() > ElfFile::file_bytes_max)
    return Error{"has " + std::to_string(reader_.size()) + " bytes, more than the " +
                 std::to_string(ElfFile::file_bytes_max) + " a module may have"};
  if (read_header()) {
    read_segments();
    if (reader_.ok()) read_sections();
    if (reader_.ok()) read_dynamic();
    if (reader_.ok() && has_dynamic_) {
      read_names();
      read_symbols();
      read_needed_versions();
      read_relocations(dynamic_.relocations, dynamic_.relocations_size);
      read_relocations(dynamic_.plt_relocations, dynamic_.plt_relocations_size);
      if (reader_.ok()) read_load_functions();
    }
  }
  if (!reader_.ok()) return Error{reader_.error()};
  return std::move(file_);
}

bool Parser::read_header() {
  const std::string_view ident = reader_.view(0, std::min<std::uint64_t>(EI_NIDENT, reader_.size()));
  if (ident.size() < EI_NIDENT || ident.substr(0, SELFMAG) != ELFMAG) {
    reader_.fail("is not an ELF file");
    return false;
  }
  if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB || ident[EI_VERSION] != EV_CURRENT) {
    reader_.fail("is not a 64-bit little-endian ELF file");
    return false;
  }
  header_ = reader_.read<Elf64_Ehdr>(0);
  file_.machine = header_.e_machine;
  file_.type = header_.e_type;
  return reader_.ok();
}

void Parser::read_segments() {
  if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 || header_.e_phnum > segments_max)
    return reader_.fail("is damaged: it has " + std::to_string(header_.e_phnum) + " segments; 1 to " +
                        std::to_string(segments_max) + " are expected");
  std::uint64_t begin = UINT64_MAX;
  std::uint64_t end = 0;
  file_.has_executable_stack = true;  // What the loader takes it for when no segment speaks of it.
  for (std::size_t i = 0; i < header_.e_phnum; ++i) {
    const auto segment = reader_.read<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
    if (!reader_.ok()) return;
    if (!reader_.holds(segment.p_offset, segment.p_filesz))
      return reader_.fail("is truncated: a segment ends at " +
                          std::to_string(segment.p_offset + segment.p_filesz) + " of " +
                          std::to_string(reader_.size()) + " bytes");
    segments_.push_back(segment);
    switch (segment.p_type) {
      case PT_LOAD:
        if (segment.p_memsz < segment.p_filesz || segment.p_memsz > ElfFile::memory_bytes_max ||
            segment.p_vaddr > UINT64_MAX / 2)
          return reader_.fail("is damaged: a segment wants " + std::to_string(segment.p_memsz) +
                              " bytes of memory; " + std::to_string(ElfFile::memory_bytes_max) +
                              " are the most");
        if ((segment.p_flags & PF_W) != 0 && (segment.p_flags & PF_X) != 0) file_.has_writable_code = true;
        begin = std::min(begin, segment.p_vaddr);
        end = std::max(end, segment.p_vaddr + segment.p_memsz);
        break;
      case PT_INTERP: file_.has_interpreter = true; break;
      case PT_TLS: file_.tls_bytes = segment.p_memsz; break;
      case PT_GNU_STACK: file_.has_executable_stack = (segment.p_flags & PF_X) != 0; break;
      case PT_DYNAMIC: has_dynamic_ = true; break;
      case PT_NOTE: read_notes(segment.p_offset, segment.p_filesz); break;
      default: break;
    }
  }
  if (begin == UINT64_MAX) return reader_.fail("is damaged: it has no segment to load");
  file_.memory_bytes = end - begin;
  if (file_.memory_bytes > ElfFile::memory_bytes_max)
    reader_.fail("is damaged: it wants " + std::to_string(file_.memory_bytes) + " bytes of memory; " +
                 std::to_string(ElfFile::memory_bytes_max) + " are the most");
}

void Parser::read_notes(std::uint64_t offset, std::uint64_t size) {
  const auto padded = [](std::uint64_t bytes) { return (bytes + 3) & ~std::uint64_t{3}; };
  for (std::uint64_t at = 0; file_.build_id.empty() && at + sizeof(Elf64_Nhdr) <= size;) {
    const auto note = reader_.read<Elf64_Nhdr>(offset + at);
    const std::uint64_t name_at = at + sizeof note;
    const std::uint64_t content_at = name_at + padded(note.n_namesz);
    const std::uint64_t next = content_at + padded(note.n_descsz);
    if (!reader_.ok() || next > size) return;  // Notes of other alignments are none of ours.
    const std::string_view name = reader_.view(offset + name_at, note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID && name == std::string_view("GNU\0", 4)) {
      constexpr std::string_view digits = "0123456789abcdef";
      constexpr std::uint32_t build_id_bytes_max = 64;
      if (note.n_descsz < 8 || note.n_descsz > build_id_bytes_max)
        return reader_.fail("is damaged: its build id has " + std::to_string(note.n_descsz) + " bytes");
      for (const char c : reader_.view(offset + content_at, note.n_descsz)) {
        file_.build_id += digits[static_cast<unsigned char>(c) >> 4];
        file_.build_id += digits[static_cast<unsigned char>(c) & 15];
      }
    }
    at = next;
  }
}

void Parser::read_sections() {
  if (header_.e_shnum == 0) return;  // Stripped of them: no manifest then, which the verifier says.
  if (header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shnum > sections_max)
    return reader_.fail("is damaged: it has " + std::to_string(header_.e_shnum) + " sections");
  for (std::size_t i = 0; i < header_.e_shnum; ++i) {
    const auto section = reader_.read<Elf64_Shdr>(header_.e_shoff + i * sizeof(Elf64_Shdr));
    if (!reader_.ok()) return;
    if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
        !reader_.holds(section.sh_offset, section.sh_size))
      return reader_.fail("is truncated: a section ends at " +
                          std::to_string(section.sh_offset + section.sh_size) + " of " +
                          std::to_string(reader_.size()) + " bytes");
    sections_.push_back(section);
  }
  if (header_.e_shstrndx >= sections_.size() || sections_[header_.e_shstrndx].sh_type != SHT_STRTAB)
    return reader_.fail("is damaged: its sections have no names");
  const Elf64_Shdr& names = sections_[header_.e_shstrndx];
  section_names_ = reader_.view(names.sh_offset, names.sh_size);

  const Elf64_Shdr* const manifest = section(".hotline.manifest");
  if (manifest == nullptr || !reader_.ok()) return;
  // Mapped, so that the entry can point to the very text that is verified here.
  const auto mapped_at = offset_of(manifest->sh_addr, manifest->sh_size);
  if (manifest->sh_type != SHT_PROGBITS || !mapped_at || *mapped_at != manifest->sh_offset)
    return reader_.fail("is damaged: its section .hotline.manifest is not mapped");
  file_.has_manifest = true;
  file_.manifest = reader_.view(manifest->sh_offset, manifest->sh_size);
}

const Elf64_Shdr* Parser::section(std::uint32_t type) const {
  const auto found =
      std::ranges::find_if(sections_, [&](const Elf64_Shdr& section) { return section.sh_type == type; });
  return found == sections_.end() ? nullptr : &*found;
}

const Elf64_Shdr* Parser::section(std::string_view name) {
  for (const Elf64_Shdr& section : sections_)
    if (section.sh_type != SHT_NULL && string_at(reader_, section_names_, section.sh_name) == name)
      return &section;
  return nullptr;
}

std::optional<std::uint64_t> Parser::offset_of(std::uint64_t address, std::uint64_t size) const {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const std::uint64_t into = address - segment.p_vaddr;
    if (into <= segment.p_filesz && size <= segment.p_filesz - into) return segment.p_offset + into;
  }
  return std::nullopt;
}

std::string_view Parser::mapped(std::uint64_t address, std::uint64_t size, const char* what) {
  const auto offset = offset_of(address, size);
  if (!offset) {
    reader_.fail(std::string("is damaged: its ") + what + " lies outside what is mapped");
    return {};
  }
  return reader_.view(*offset, size);
}

void Parser::read_dynamic() {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_DYNAMIC) continue;
    const std::uint64_t count = segment.p_filesz / sizeof(Elf64_Dyn);
    if (count > dynamic_entries_max)
      return reader_.fail("is damaged: it has " + std::to_string(count) + " dynamic entries");
    // The loader goes by the address.
    if (offset_of(segment.p_vaddr, segment.p_filesz) != segment.p_offset)
      return reader_.fail("is damaged: its dynamic section lies outside what is mapped");
    for (std::uint64_t i = 0; i < count && reader_.ok(); ++i) {
      const auto entry = reader_.read<Elf64_Dyn>(segment.p_offset + i * sizeof(Elf64_Dyn));
      if (entry.d_tag == DT_NULL) return;
      take_entry(entry);
    }
    return;
  }
}

void Parser::take_entry(const Elf64_Dyn& entry) {
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
    case DT_REL: reader_.fail("has relocations without addends, which no 64-bit toolchain writes"); break;
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

void Parser::read_names() {
  strings_ = mapped(dynamic_.strings, dynamic_.strings_size, "table of names");
  for (const std::uint64_t at : dynamic_.needed) file_.needed.push_back(string_at(reader_, strings_, at));
  for (const std::uint64_t at : dynamic_.search_paths)
    file_.search_paths.push_back(string_at(reader_, strings_, at));
  for (const std::uint64_t at : dynamic_.other_objects)
    file_.other_objects.push_back(string_at(reader_, strings_, at));
}

void Parser::read_symbols() {
  const Elf64_Shdr* const table = section(SHT_DYNSYM);
  if (table == nullptr) return;  // Without sections there is no manifest either.
  if (table->sh_addr != dynamic_.symbols || table->sh_entsize != sizeof(Elf64_Sym) ||
      offset_of(table->sh_addr, table->sh_size) != table->sh_offset)
    return reader_.fail("is damaged: its sections and its dynamic entries tell of different symbols");
  const std::uint64_t count = table->sh_size / sizeof(Elf64_Sym);
  if (count > symbols_max)
    return reader_.fail("has " + std::to_string(count) + " dynamic symbols, more than the " +
                        std::to_string(symbols_max) + " a module may have");
  for (std::uint64_t i = 1; i < count && reader_.ok(); ++i) {
    const auto symbol = reader_.read<Elf64_Sym>(table->sh_offset + i * sizeof(Elf64_Sym));
    const unsigned bind = ELF64_ST_BIND(symbol.st_info);
    const unsigned type = ELF64_ST_TYPE(symbol.st_info);
    if (bind == STB_LOCAL || type == STT_SECTION) continue;
    const std::string_view name = string_at(reader_, strings_, symbol.st_name);
    if (symbol.st_shndx == SHN_UNDEF)
      file_.imports.push_back(name);
    else
      file_.exports.push_back({name, bind == STB_GNU_UNIQUE, type == STT_GNU_IFUNC});
  }
}

void Parser::read_needed_versions() {
  const Elf64_Shdr* const table = section(SHT_GNU_verneed);
  if (table == nullptr || !reader_.ok()) return;
  if (table->sh_addr != dynamic_.versions)
    return reader_.fail("is damaged: its sections and its dynamic entries tell of different versions");
  // Offsets of the two linked lists only grow: a step of 0 ends a list.
  std::uint64_t at = table->sh_offset;
  for (std::size_t steps = 0; reader_.ok(); ++steps) {
    const auto need = reader_.read<Elf64_Verneed>(at);
    const std::string_view library = string_at(reader_, strings_, need.vn_file);
    std::uint64_t version_at = at + need.vn_aux;
    for (std::size_t i = 0; i < need.vn_cnt && reader_.ok(); ++i) {
      const auto version = reader_.read<Elf64_Vernaux>(version_at);
      if (file_.needed_versions.size() == needed_versions_max || steps == needed_versions_max)
        return reader_.fail("is damaged: it needs more than " + std::to_string(needed_versions_max) +
                            " versions of libraries");
      file_.needed_versions.push_back({library, string_at(reader_, strings_, version.vna_name)});
      if (version.vna_next == 0) break;
      version_at += version.vna_next;
    }
    if (need.vn_next == 0 || steps == needed_versions_max) return;
    at += need.vn_next;
  }
}

void Parser::read_relocations(std::uint64_t address, std::uint64_t size) {
  if (size == 0 || !reader_.ok()) return;
  const std::string_view table = mapped(address, size, "table of relocations");
  const bool is_arm = file_.machine == EM_AARCH64;
  const std::uint32_t relative = is_arm ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
  const std::uint32_t indirect = is_arm ? R_AARCH64_IRELATIVE : R_X86_64_IRELATIVE;
  const auto is_in = [](std::uint64_t at, std::uint64_t begin, std::uint64_t bytes) {
    return at >= begin && at - begin < bytes;
  };
  for (std::size_t at = 0; at + sizeof(Elf64_Rela) <= table.size(); at += sizeof(Elf64_Rela)) {
    Elf64_Rela relocation;
    std::memcpy(&relocation, table.data() + at, sizeof relocation);
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
std::string Parser::function_name(std::uint64_t address) {
  const Elf64_Shdr* const table = section(SHT_SYMTAB);
  if (table != nullptr && table->sh_link < sections_.size() && table->sh_entsize == sizeof(Elf64_Sym)) {
    const Elf64_Shdr& names = sections_[table->sh_link];
    const std::string_view text =
        reader_.view(names.sh_offset, names.sh_type == SHT_NOBITS ? 0 : names.sh_size);
    const std::uint64_t count = std::min<std::uint64_t>(table->sh_size / sizeof(Elf64_Sym), symbols_max);
    for (std::uint64_t i = 0; i < count && reader_.ok(); ++i) {
      const auto symbol = reader_.read<Elf64_Sym>(table->sh_offset + i * sizeof(Elf64_Sym));
      if (symbol.st_value == address && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
        return std::string(string_at(reader_, text, symbol.st_name));
    }
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "a function at 0x%llx", static_cast<unsigned long long>(address));
  return text.data();
}

std::vector<std::string> Parser::functions_of(std::uint64_t array, std::uint64_t size,
                                              std::string_view toolchain) {
  std::vector<std::string> functions;
  const std::uint64_t count = size / sizeof(std::uint64_t);
  if (count == 0) return functions;
  if (count > load_functions_max) {
    reader_.fail("is damaged: the loader would call " + std::to_string(count) + " functions");
    return functions;
  }
  const std::string_view content = mapped(array, size, "table of constructors");
  if (!reader_.ok()) return functions;
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

void Parser::read_load_functions() {
  file_.constructors = functions_of(dynamic_.init_array, dynamic_.init_array_size, "frame_dummy");
  file_.destructors = functions_of(dynamic_.fini_array, dynamic_.fini_array_size, "__do_global_dtors_aux");
  // DT_INIT and DT_FINI are the toolchain's own sections, unless the linker was told otherwise.
  const Elf64_Shdr* const init = section(".init");
  const Elf64_Shdr* const fini = section(".fini");
  if (dynamic_.init != 0 && (init == nullptr || init->sh_addr != dynamic_.init))
    file_.constructors.push_back(function_name(dynamic_.init));
  if (dynamic_.fini != 0 && (fini == nullptr || fini->sh_addr != dynamic_.fini))
    file_.destructors.push_back(function_name(dynamic_.fini));
  if (dynamic_.preinit_array_size != 0) file_.constructors.emplace_back("a function of .preinit_array");
  if (section(".ctors") != nullptr) file_.constructors.emplace_back("a function of .ctors");
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
  return Parser(bytes).run();
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

#include "push/elf_file.h"

#include <doctest/doctest.h>
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

namespace {

Result<ElfFile> parse(const std::string& bytes) {
  return ElfFile::parse(std::as_bytes(std::span(bytes)));
}

std::string elf_refusal(const std::string& bytes) {
  const Result<ElfFile> parsed = parse(bytes);
  return parsed ? std::string("parsed") : parsed.error().message;
}

template <typename T>
void put(std::string& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

template <typename T>
T value_at(const std::string& bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

bool imports(const ElfFile& file, std::string_view name) {
  return std::ranges::find(file.imports, name) != file.imports.end();
}

}  // namespace

TEST_CASE("elf_file: a good module's facts are read") {
  const std::string bytes = bytes_of(fixture("good"));
  const Result<ElfFile> file = parse(bytes);
  REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error().message));
  CHECK(file->machine == ElfFile::host_machine());
  CHECK(file->type == ET_DYN);
  CHECK(file->build_id.size() == 40);
  CHECK_FALSE(file->has_interpreter);
  CHECK_FALSE(file->has_writable_code);
  CHECK_FALSE(file->has_executable_stack);
  CHECK_FALSE(file->has_text_relocations);
  CHECK_FALSE(file->is_nodelete);
  CHECK(file->search_paths.empty());
  CHECK(std::ranges::find(file->needed, "libc.so.6") != file->needed.end());
  CHECK(std::ranges::any_of(file->needed_versions, [](const ElfFile::NeededVersion& need) {
    return need.library == "libc.so.6" && need.version.starts_with("GLIBC_");
  }));
  CHECK(imports(*file, "malloc"));
  CHECK_FALSE(imports(*file, "pthread_create"));
  REQUIRE(file->has_manifest);
  CHECK(file->manifest.starts_with("name good\nversion 1.0.0\nabi 1.0\nabout A module with nothing wrong\n"));
  CHECK(file->manifest.ends_with('\0'));
  CHECK(std::ranges::any_of(file->exports,
                            [](const ElfFile::Export& symbol) { return symbol.name == "hl_module"; }));
}

TEST_CASE("elf_file: what is wrong with a module is seen") {
  const std::string unique = bytes_of(fixture("unique_symbols"));
  const Result<ElfFile> with_unique = parse(unique);
  REQUIRE(with_unique.has_value());
#if defined(__GNUC__) && !defined(__clang__)
  CHECK(pins_of(*with_unique).unique_symbols == std::vector<std::string>{"_ZZ12shared_countvE5count"});
#endif
  const std::string nodelete = bytes_of(fixture("nodelete"));
  CHECK(parse(nodelete)->is_nodelete);
  const std::string loose = bytes_of(fixture("loose_link"));
  CHECK(parse(loose)->has_executable_stack);
  CHECK(parse(loose)->search_paths == std::vector<std::string_view>{"/opt/lib"});
  const std::string local = bytes_of(fixture("thread_local_destructor"));
  CHECK(parse(local)->tls_bytes > 0);
  CHECK(pins_of(*parse(local)).thread_destructors == "__cxa_thread_atexit");
  const std::string plain = bytes_of(fixture("no_manifest"));
  CHECK_FALSE(parse(plain)->has_manifest);
}

TEST_CASE("elf_file: constructors are named, the toolchain's own are not counted") {
  const std::string meddling = bytes_of(fixture("constructor_with_side_effect"));
  const Result<ElfFile> file = parse(meddling);
  REQUIRE(file.has_value());
  CHECK(std::ranges::find(file->constructors, "meddle") != file->constructors.end());
  CHECK(std::ranges::find(file->destructors, "meddle_again") != file->destructors.end());
  CHECK(std::ranges::find(file->constructors, "frame_dummy") == file->constructors.end());
  CHECK(std::ranges::find(file->destructors, "__do_global_dtors_aux") == file->destructors.end());
}

TEST_CASE("elf_file: what is no ELF file, or for other machines' words, is refused") {
  CHECK(elf_refusal("") == "is not an ELF file");
  CHECK(elf_refusal("#!/bin/sh\necho a script that is long enough\n") == "is not an ELF file");
  CHECK(elf_refusal("\x7f"
                    "ELF") == "is not an ELF file");
  std::string bytes = bytes_of(fixture("good"));
  bytes[EI_CLASS] = ELFCLASS32;
  CHECK(elf_refusal(bytes) == "is not a 64-bit little-endian ELF file");
  bytes[EI_CLASS] = ELFCLASS64;
  bytes[EI_DATA] = ELFDATA2MSB;
  CHECK(elf_refusal(bytes) == "is not a 64-bit little-endian ELF file");
}

TEST_CASE("elf_file: a file cut at any length is refused") {
  const std::string bytes = bytes_of(fixture("good"));
  // The section headers are last: without one byte of them it is another file.
  const auto header = value_at<Elf64_Ehdr>(bytes, 0);
  const std::size_t whole = header.e_shoff + std::size_t{header.e_shnum} * sizeof(Elf64_Shdr);
  REQUIRE(whole <= bytes.size());
  for (std::size_t size = 0; size < whole; size += size < 128 ? 1 : 61) {
    CAPTURE(size);
    const std::string message = elf_refusal(bytes.substr(0, size));
    CHECK((message.find("is truncated") == 0 || message == "is not an ELF file"));
  }
  CHECK(elf_refusal(bytes.substr(0, whole)) == "parsed");
}

TEST_CASE("elf_file: offsets, sizes and counts that cannot be are refused, not followed") {
  const std::string good = bytes_of(fixture("good"));
  const auto header = value_at<Elf64_Ehdr>(good, 0);
  const auto broken = [&](auto change) {
    std::string bytes = good;
    change(bytes);
    return elf_refusal(bytes);
  };
  const auto segment_at = [&](std::uint32_t type) {
    for (std::size_t i = 0; i < header.e_phnum; ++i)
      if (value_at<Elf64_Phdr>(good, header.e_phoff + i * sizeof(Elf64_Phdr)).p_type == type)
        return header.e_phoff + i * sizeof(Elf64_Phdr);
    return std::size_t{0};
  };
  const auto section_at = [&](std::uint32_t type) {
    for (std::size_t i = 0; i < header.e_shnum; ++i)
      if (value_at<Elf64_Shdr>(good, header.e_shoff + i * sizeof(Elf64_Shdr)).sh_type == type)
        return header.e_shoff + i * sizeof(Elf64_Shdr);
    return std::size_t{0};
  };
  const auto dynamic_at = [&](std::int64_t tag) {
    const auto segment = value_at<Elf64_Phdr>(good, segment_at(PT_DYNAMIC));
    for (std::size_t at = segment.p_offset; at < segment.p_offset + segment.p_filesz; at += sizeof(Elf64_Dyn))
      if (value_at<Elf64_Dyn>(good, at).d_tag == tag) return at + offsetof(Elf64_Dyn, d_un);
    return std::size_t{0};
  };
  const auto set_dynamic = [&](std::int64_t tag, std::uint64_t value) {
    REQUIRE(dynamic_at(tag) != 0);
    return broken([&](std::string& bytes) { put(bytes, dynamic_at(tag), value); });
  };

  CHECK(broken([](std::string& b) {
          put<std::uint16_t>(b, offsetof(Elf64_Ehdr, e_phnum), 0);
        }).find("it has 0 segments") != std::string::npos);
  CHECK(broken([](std::string& b) {
          put<std::uint64_t>(b, offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX - 8);
        }).find("is truncated") == 0);
  CHECK(broken([](std::string& b) {
          put<std::uint64_t>(b, offsetof(Elf64_Ehdr, e_shoff), UINT64_MAX - 8);
        }).find("is truncated") == 0);
  CHECK(broken([](std::string& b) { put<std::uint16_t>(b, offsetof(Elf64_Ehdr, e_shstrndx), 0xfff0); }) ==
        "is damaged: its sections have no names");
  CHECK(broken([&](std::string& b) {
          put<std::uint64_t>(b, segment_at(PT_LOAD) + offsetof(Elf64_Phdr, p_filesz), UINT64_MAX - 1);
        }).find("is truncated: a segment") == 0);
  CHECK(broken([&](std::string& b) {
          put<std::uint64_t>(b, segment_at(PT_LOAD) + offsetof(Elf64_Phdr, p_memsz), 1ull << 40);
        }).find("bytes of memory") != std::string::npos);
  CHECK(broken([&](std::string& b) {
          put<std::uint64_t>(b, segment_at(PT_DYNAMIC) + offsetof(Elf64_Phdr, p_vaddr), 1ull << 40);
        }) == "is damaged: its dynamic section lies outside what is mapped");
  // What the loader would read, and we would not.
  CHECK(broken([&](std::string& b) {
          put<std::uint32_t>(b, segment_at(PT_GNU_STACK) + offsetof(Elf64_Phdr, p_type), PT_DYNAMIC);
        }) == "is damaged: it has two dynamic sections");
  CHECK(broken([&](std::string& b) {
          put<std::uint64_t>(b, segment_at(PT_DYNAMIC) + offsetof(Elf64_Phdr, p_filesz), sizeof(Elf64_Dyn));
        }) == "is damaged: its dynamic section does not end");
  CHECK(broken([&](std::string& b) {
          const auto first = value_at<Elf64_Phdr>(b, segment_at(PT_LOAD));
          put<std::uint64_t>(b, segment_at(PT_LOAD) + offsetof(Elf64_Phdr, p_memsz), first.p_memsz + 4096);
        }) == "is damaged: its segments do not stand one after the other in memory");
  CHECK(broken([&](std::string& b) {
          const auto table = value_at<Elf64_Shdr>(b, section_at(SHT_DYNSYM));
          put<std::uint64_t>(b, section_at(SHT_DYNSYM) + offsetof(Elf64_Shdr, sh_size),
                             std::min<std::uint64_t>(table.sh_size, 2 * sizeof(Elf64_Sym)));
        }).find("is damaged: a relocation names symbol ") == 0);
  CHECK(set_dynamic(DT_STRTAB, 1ull << 40).find("its table of names lies outside") != std::string::npos);
  CHECK(set_dynamic(DT_STRSZ, 1).find("a name lies outside its table of names") != std::string::npos);
  CHECK(set_dynamic(DT_NEEDED, 1u << 30).find("a name lies outside its table of names") != std::string::npos);
  CHECK(set_dynamic(DT_SYMTAB, 0x10).find("tell of different symbols") != std::string::npos);
  CHECK(set_dynamic(DT_VERNEED, 0x10).find("tell of different versions") != std::string::npos);
  CHECK(set_dynamic(DT_RELASZ, 1ull << 40).find("its table of relocations lies outside") !=
        std::string::npos);
  CHECK(set_dynamic(DT_INIT_ARRAYSZ, 1ull << 40).find("the loader would call") != std::string::npos);
  CHECK(set_dynamic(DT_INIT_ARRAY, 1ull << 40).find("its table of constructors lies outside") !=
        std::string::npos);
}

TEST_CASE("elf_file: any byte of the tables changed is read or refused, never more") {
  const std::string good = bytes_of(fixture("good"));
  const auto header = value_at<Elf64_Ehdr>(good, 0);
  std::size_t read = 0;
  std::size_t refused = 0;
  const auto flip = [&](std::size_t at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
    parse(bytes).has_value() ? ++read : ++refused;
  };
  for (std::size_t at = 0; at < 0x600; ++at) flip(at);  // Headers, notes, symbols, names, relocations.
  for (std::size_t at = header.e_shoff; at < good.size(); ++at) flip(at);
  CHECK(read > 0);
  CHECK(refused > 0);
}

#include "push/host_libraries.h"

#include <link.h>

#include <cstring>
#include <string_view>

namespace hotline {

namespace {

// The dynamic section of a loaded object; the loader has made its addresses absolute, except in the
// kernel's own vdso, which no module can need.
struct Definitions {
  const char* strings = nullptr;
  const unsigned char* versions = nullptr;
  std::size_t version_count = 0;
  std::size_t soname = 0;
};

Definitions definitions_of(const dl_phdr_info& info) {
  Definitions found;
  const auto absolute = [&](ElfW(Addr) address) {
    return reinterpret_cast<const unsigned char*>(address < info.dlpi_addr ? address + info.dlpi_addr
                                                                           : address);
  };
  for (std::size_t i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + info.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_STRTAB)
        found.strings = reinterpret_cast<const char*>(absolute(entry->d_un.d_ptr));
      if (entry->d_tag == DT_VERDEF) found.versions = absolute(entry->d_un.d_ptr);
      if (entry->d_tag == DT_VERDEFNUM) found.version_count = entry->d_un.d_val;
      if (entry->d_tag == DT_SONAME) found.soname = entry->d_un.d_val;
    }
  }
  return found;
}

int take_library(dl_phdr_info* info, std::size_t, void* data) {
  auto& libraries = *static_cast<LibraryVersions*>(data);
  const Definitions found = definitions_of(*info);
  if (found.strings == nullptr || found.versions == nullptr || found.soname == 0) return 0;
  const std::string soname = found.strings + found.soname;
  if (soname.starts_with("linux-vdso")) return 0;
  std::set<std::string>& versions = libraries[soname];
  const unsigned char* at = found.versions;
  for (std::size_t i = 0; i < found.version_count; ++i) {
    ElfW(Verdef) definition;
    std::memcpy(&definition, at, sizeof definition);
    ElfW(Verdaux) name;
    std::memcpy(&name, at + definition.vd_aux, sizeof name);
    versions.insert(found.strings + name.vda_name);
    if (definition.vd_next == 0) break;
    at += definition.vd_next;
  }
  return 0;
}

}  // namespace

LibraryVersions host_library_versions() {
  LibraryVersions libraries;
  dl_iterate_phdr(take_library, &libraries);
  return libraries;
}

}  // namespace hotline

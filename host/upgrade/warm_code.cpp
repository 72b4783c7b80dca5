#include "upgrade/warm_code.h"

#include <link.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace hotline {

namespace {

constexpr int populate_read =
    22;  // MADV_POPULATE_READ, which Debian 12's headers have and older ones do not.
constexpr std::uintptr_t page_bytes = 4'096;

int map_code_of(dl_phdr_info* object, std::size_t, void*) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(page_bytes - 1);
    const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    (void)madvise(reinterpret_cast<void*>(begin), end - begin, populate_read);
  }
  return 0;
}

}  // namespace

void map_all_code() {
  dl_iterate_phdr(map_code_of, nullptr);
}

}  // namespace hotline

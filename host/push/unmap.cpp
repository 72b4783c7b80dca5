#include "push/unmap.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>

#include <fstream>

namespace hotline {

std::string Pins::cause() const {
  if (!unique_symbols.empty())
    return "unique symbol " + unique_symbols.front() +
           (unique_symbols.size() > 1 ? " and " + std::to_string(unique_symbols.size() - 1) + " more" : "") +
           ": it stays for the life of the process; build with -fno-gnu-unique";
  if (is_nodelete) return "DF_1_NODELETE: it stays for the life of the process; link without -z nodelete";
  if (!thread_destructors.empty())
    return "a thread that is alive holds a thread_local object with a destructor (" + thread_destructors +
           "): it goes with the first unloading after that thread has ended; keep no such object";
  return "something else holds it: another handle to the file, or an image that was bound to its symbols";
}

bool MappedRange::contains(const void* address, std::size_t size) const {
  const auto first = reinterpret_cast<std::uintptr_t>(address);
  return first >= base && first < end && size <= end - first;
}

Traces look_for(const std::string& path) {
  Traces traces;
  if (void* handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD)) {
    dlclose(handle);
    traces.is_known_to_loader = true;
  }

  std::ifstream maps("/proc/self/maps");
  traces.is_in_maps = !maps.is_open();  // Not proven.
  for (std::string line; std::getline(maps, line);) {
    const std::size_t at = line.find(path);
    if (at == std::string::npos || line[at - 1] != ' ') continue;
    const std::string rest = line.substr(at + path.size());
    if (rest.empty() || rest == " (deleted)") traces.is_in_maps = true;
  }

  struct Search {
    const std::string& path;
    bool is_found;
  } search{path, false};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        wanted.is_found = wanted.path == info->dlpi_name;
        return wanted.is_found ? 1 : 0;
      },
      &search);
  traces.is_in_headers = search.is_found;
  return traces;
}

HeldRanges::~HeldRanges() {
  release_oldest(held_.size());
}

bool HeldRanges::hold(MappedRange range) {
  if (hold_ms_ == 0 || range.end <= range.base) return false;
  if (held_.size() == ranges_max) release_oldest(1);
  void* const wanted = reinterpret_cast<void*>(range.base);
  const std::size_t size = range.end - range.base;
  void* const got =
      mmap(wanted, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == MAP_FAILED) return false;
  if (got != wanted) {  // A kernel that does not know MAP_FIXED_NOREPLACE takes it for a hint.
    munmap(got, size);
    return false;
  }
  held_.push_back({range, clock_.mono_us() + hold_ms_ * 1000});
  return true;
}

void HeldRanges::release_expired() {
  const std::uint64_t now_us = clock_.mono_us();
  std::size_t expired = 0;
  while (expired < held_.size() && held_[expired].until_us <= now_us) ++expired;
  release_oldest(expired);
}

void HeldRanges::release_oldest(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    munmap(reinterpret_cast<void*>(held_[i].range.base), held_[i].range.end - held_[i].range.base);
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace hotline

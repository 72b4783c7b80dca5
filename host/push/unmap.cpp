#include "push/unmap.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <sstream>

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

// The file is opened once: a preflight child may open none any more when it has to look.
bool is_in_maps(const std::string& name) {
  static const int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (maps < 0 || lseek(maps, 0, SEEK_SET) != 0) return true;
  std::string text;
  std::array<char, 16384> part{};
  for (;;) {
    const ssize_t count = read(maps, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return true;
    if (count == 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(name);
    if (at == std::string::npos || at == 0 || line[at - 1] != ' ') continue;
    const std::string rest = line.substr(at + name.size());
    if (rest.empty() || rest == " (deleted)") return true;
  }
  return false;
}

Traces look_for(const std::string& path) {
  Traces traces;
  if (void* handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD)) {
    dlclose(handle);
    traces.is_known_to_loader = true;
  }

  traces.is_in_maps = is_in_maps(path);

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

#include "kernel_sockets.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace hotline::bench {
namespace {

// Caches of a name that the kernel has merged with others are not there, and then not counted.
constexpr std::array<std::string_view, 6> caches{"TCP",  "TCPv6",         "sock_inode_cache",
                                                 "filp", "eventpoll_epi", "eventpoll_pwq"};

}  // namespace

std::optional<KernelSockets> parse_slabinfo(std::string_view text) {
  KernelSockets found;
  bool has_tcp = false;
  const std::int64_t page_bytes = sysconf(_SC_PAGESIZE);
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    // name active_objs num_objs objsize objperslab pagesperslab : tunables 0 0 0 : slabdata active num …
    std::istringstream words(line);
    std::string name;
    std::int64_t active = 0, all = 0, size = 0, per_slab = 0, pages = 0;
    if (!(words >> name >> active >> all >> size >> per_slab >> pages)) continue;
    if (name == "dentry") found.dentry_bytes = size;
    if (std::ranges::find(caches, name) == caches.end()) continue;
    if (name.starts_with("TCP")) {
      has_tcp = true;
      found.sockets += active;
    }
    if (per_slab > 0) found.bytes += (all + per_slab - 1) / per_slab * pages * page_bytes;
  }
  return has_tcp ? std::optional(found) : std::nullopt;
}

std::optional<KernelSockets> kernel_sockets() {
  std::ifstream file("/proc/slabinfo");
  if (!file) return std::nullopt;
  return parse_slabinfo(std::string{std::istreambuf_iterator<char>(file), {}});
}

}  // namespace hotline::bench

// kernel_sockets: what the kernel keeps for TCP connections, from its slab caches: sockets, their inodes,
// files and watches. Of the whole machine, and of both ends where both are on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hotline::bench {

struct KernelSockets {
  std::int64_t sockets = 0;       // TCP sockets.
  std::int64_t bytes = 0;         // Pages of the caches that only sockets use, and of files.
  std::int64_t dentry_bytes = 0;  // Of one dentry: each socket has one, in a cache that all files share.
};

// From the text of /proc/slabinfo; unset where that has no TCP sockets.
std::optional<KernelSockets> parse_slabinfo(std::string_view text);
// Of this machine; unset without the right to read it.
std::optional<KernelSockets> kernel_sockets();

}  // namespace hotline::bench

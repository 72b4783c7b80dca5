// Fault VFS: SQLite's own, on a disk that fills up or breaks when a test says so. For all files opened
// through it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace hotline::test {

struct Disk {
  std::atomic<bool> is_full{false};      // Every write fails with SQLITE_FULL.
  std::atomic<bool> sync_fails{false};   // Every fsync fails.
  std::atomic<bool> read_fails{false};   // Every read of the database file fails.
  std::atomic<std::uint64_t> faults{0};  // How often one of them was met.
};

// The one disk of the process, all well.
Disk& fresh_disk();
// The name to open files with.
std::string fault_vfs();

}  // namespace hotline::test

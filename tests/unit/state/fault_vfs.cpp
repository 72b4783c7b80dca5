#include "fault_vfs.h"

#include <sqlite3.h>

#include <mutex>

#include "base/check.h"

namespace hotline::test {
namespace {

Disk the_disk;
sqlite3_vfs* below = nullptr;
sqlite3_vfs layer;

// A file keeps SQLite's own methods but for three. Databases and logs have different methods below, so there
// is a kind of layer for each. (The file's own pMethods cannot tell: it may be those of a layer above.)
constexpr int kinds_max = 2;
const sqlite3_io_methods* base[kinds_max];
sqlite3_io_methods methods[kinds_max];
std::mutex disk_mutex;

template <int kind>
int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (!the_disk.is_full) return base[kind]->xWrite(file, data, size, offset);
  ++the_disk.faults;
  return SQLITE_FULL;
}

template <int kind>
int sync(sqlite3_file* file, int flags) {
  if (!the_disk.sync_fails) return base[kind]->xSync(file, flags);
  ++the_disk.faults;
  return SQLITE_IOERR_FSYNC;
}

template <int kind>
int read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  if (!the_disk.read_fails) return base[kind]->xRead(file, data, size, offset);
  ++the_disk.faults;
  return SQLITE_IOERR_READ;
}

template <int kind>
bool layer_over(sqlite3_file* file) {
  if (base[kind] == nullptr) {
    base[kind] = file->pMethods;
    methods[kind] = *file->pMethods;
    methods[kind].xWrite = write<kind>;
    methods[kind].xSync = sync<kind>;
    methods[kind].xRead = read<kind>;
  }
  if (base[kind] != file->pMethods) return false;
  file->pMethods = &methods[kind];
  return true;
}

int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  const int code = below->xOpen(below, path, file, flags, flags_out);
  if (code != SQLITE_OK) return code;
  const std::lock_guard lock(disk_mutex);
  check(layer_over<0>(file) || layer_over<1>(file), "SQLite has two kinds of file methods");
  return code;
}

}  // namespace

Disk& fresh_disk() {
  the_disk.is_full = false;
  the_disk.sync_fails = false;
  the_disk.read_fails = false;
  the_disk.faults = 0;
  return the_disk;
}

std::string fault_vfs() {
  if (below == nullptr) {
    below = sqlite3_vfs_find(nullptr);
    layer = *below;
    layer.pNext = nullptr;
    layer.zName = "hotline-fault";
    layer.xOpen = open;
    sqlite3_vfs_register(&layer, 0);
  }
  return layer.zName;
}

}  // namespace hotline::test

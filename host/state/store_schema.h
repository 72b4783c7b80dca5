// The store's own schema: its tables, and how an older file becomes today's.
//
// A file carries the number of the last step it took. Steps are only appended; a step that was released is
// never changed. (Tables of modules are rows in here; their schemas are the modules' business.)
#pragma once

#include <span>

#include "base/result.h"
#include "state/sqlite_connection.h"

namespace hotline {

struct StoreUpgrade {
  int number;  // From 1, without gaps.
  const char* sql;
};

std::span<const StoreUpgrade> store_upgrades();

// Takes the steps that the file still lacks, in one transaction: all or none. Refuses a file that a newer
// host wrote, and one that is another program's.
Result<void> upgrade_schema(SqliteConnection& connection, const std::string& path,
                            std::span<const StoreUpgrade> steps);

}  // namespace hotline

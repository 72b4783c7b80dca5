// What the process that is killed writes, and so what must be found afterwards: batch n is the same each
// time.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "state/sqlite_store.h"

namespace hotline::test {

// Two shards take turns; batch n is the shard's number n. It puts one to five messages, drops those of an
// earlier batch every third time, and notes n in a row.
StoreBatch planned_batch(std::uint64_t n);
// The messages that are there once the batches 1 to n are safe.
std::map<std::uint64_t, std::string> planned_messages(std::uint64_t n);
// A small log and short pauses, so that kills fall into checkpoints too.
SqliteStore::Settings planned_settings(const std::string& path);

}  // namespace hotline::test

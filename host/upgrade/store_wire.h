// What B writes to and asks of A's store, in bytes (wire.h): batches, questions, answers.
//
// Values; any thread.
#pragma once

#include <string>
#include <string_view>

#include "state/store.h"
#include "upgrade/wire.h"

namespace hotline::upgrade {

enum class Question : std::uint16_t {
  bodies = 1,
  append_history = 2,
  history = 3,
  set_setting = 4,
  setting = 5,
  checkpoint = 6,
};

std::string batch_bytes(const StoreBatch& batch);
Result<StoreBatch> read_batch(std::string_view bytes);

std::string ids_bytes(const std::vector<std::uint64_t>& ids);
Result<std::vector<std::uint64_t>> read_ids(std::string_view bytes);
std::string bodies_bytes(const StoredBodies& bodies);
Result<StoredBodies> read_stored_bodies(std::string_view bytes);
std::string history_bytes(const std::vector<HistoryRecord>& records);
Result<std::vector<HistoryRecord>> read_history(std::string_view bytes);
// Two texts: a name and a value, a kind and its JSON.
std::string pair_bytes(std::string_view first, std::string_view second);
Result<std::pair<std::string, std::string>> read_pair(std::string_view bytes);

}  // namespace hotline::upgrade

// The chain of the history: each record carries a digest over itself and the record before it, so that a
// record that was changed or taken out is noticed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/store.h"

namespace hotline {

// SHA-256, in lower-case hexadecimal, over `previous` (the chain of the record before; empty for the first)
// and the record's number, wall_ms, kind and json. Texts are preceded by their length, numbers are 8 bytes,
// both big-endian, so that no two records read the same.
std::string history_chain(std::string_view previous, const HistoryRecord& record);

// The first of `records` (oldest first, without gaps) that does not follow from the one before it; none when
// all do. What came before the first cannot be judged, unless that has number 1.
std::optional<std::uint64_t> first_broken_link(const std::vector<HistoryRecord>& records);

}  // namespace hotline

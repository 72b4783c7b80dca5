// Stamp: what a benchmark message says of itself: its run, its lane, its number and when it was due.
//
// Written as fixed-width hexadecimal text at the start of a message body and padded to the size wanted, so
// that a receiver needs no table to judge what it got, and a body survives any XML escaping unchanged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::bench {

struct Stamp {
  std::uint32_t run = 0;     // Drawn at start: messages left over from other runs are told apart by it.
  std::uint32_t lane = 0;    // Which sender to which receiver.
  std::uint32_t number = 0;  // From 0, without gaps, within its lane.
  std::int64_t due_ns = 0;   // When it was to be sent, which is when it was sent unless the sender was late.

  bool operator==(const Stamp&) const = default;
};

constexpr std::size_t stamp_size = 46;  // The smallest body that holds one.

// Appends a body of exactly `body_size` bytes, or of stamp_size where that is larger.
void append_body(std::string& out, const Stamp& stamp, std::size_t body_size);

// Nothing when the text is not one of ours.
std::optional<Stamp> read_stamp(std::string_view body);

}  // namespace hotline::bench

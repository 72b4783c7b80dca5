// Formats: which versions of what two processes give each other a program reads and writes.
//
// `hotlined --check-upgrade` prints its own, as JSON, and does nothing else: the self-check of an upgrade. A
// program writes every version that it reads, so that what is newer can go back to what is older; two go
// together where their versions overlap, and then speak the newest that both know. A format that cannot be
// written as it was (the store's file) has one version.
//
// Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hotline {

struct Format {
  std::string name;
  std::uint32_t min = 0, max = 0;
  bool operator==(const Format&) const = default;
};

struct Formats {
  std::string version;  // Of the program.
  std::vector<Format> formats;

  const Format* find(std::string_view name) const;
};

std::string formats_text(const Formats& formats);
// The error is in words that follow the program's name: "says no formats when it is asked for them".
Result<Formats> read_formats(std::string_view text);
// Why the two cannot give each other what they have, a line each; empty: they can.
std::vector<std::string> clashes(const Formats& ours, const Formats& theirs);
// The newest that both know; there is one where there is no clash.
std::uint32_t common_version(const Formats& ours, const Formats& theirs, std::string_view name);

}  // namespace hotline

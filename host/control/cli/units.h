// Numbers as people read them. The JSON output has them exact.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hotline::cli {

std::string count_text(std::uint64_t count);                 // "1,234,567"
std::string signed_count_text(std::int64_t count);           // "-1,234"
std::string counted(std::uint64_t count, const char* noun);  // "1 push", "2 pushes" of "push"
std::string bytes_text(std::uint64_t bytes);                 // "812 B", "1.3 MiB"
std::string micros_text(double us);                          // "0.8 µs", "12 ms", "1.5 s"
std::string micros_text(const std::optional<double>& us);    // Empty when it is not known.
std::string duration_text(std::uint64_t seconds);            // "42 s", "3 min 5 s", "2 d 4 h"
std::string rate_text(double per_s);                         // "0.3/s", "1,240/s"
std::string share_text(double share);                        // 0.231: "23 %"
std::string time_text(std::uint64_t wall_ms);                // Local "2026-03-01 14:05:09"; 0: empty

}  // namespace hotline::cli

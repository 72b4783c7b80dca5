// What the host tells a preflight child, and what it hears: the same structs on both ends of the pipe.
//
// The request is CBOR, because rows are bytes; the verdict a line of JSON. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "push/live_target.h"
#include "push/unmap.h"

namespace hotline {

// The descriptors a child is started with; it has no others.
namespace preflight_fd {
inline constexpr int request = 3;  // Sealed memory.
inline constexpr int module = 4;   // Sealed memory: the verified bytes.
inline constexpr int answer = 5;   // The write end of a pipe.
}  // namespace preflight_fd
// How the child's memory that has the module is called in its /proc/self/maps.
inline constexpr std::string_view preflight_module_name = "hotline-preflight-module";

struct PreflightRequest {
  std::string format;    // preflight_format: host and child are of one make.
  std::string clause;    // One of the contract (push/contract.h); empty: what a push tries.
  std::string manifest;  // The text.
  std::string build_id, digest;
  std::string convert_reason;  // As in GenerationFile.
  Pins pins;
  ModuleFacts facts;
  std::vector<SampleRow> rows;
  std::uint64_t seconds = 10;            // Processor time for all of it, a bound behind the deadline.
  std::uint64_t call_us = 50'000;        // A call, where the manifest has no budget.
  std::uint64_t hard_us = 250'000;       // A call is ended, where the manifest has no budget.
  std::uint64_t output_bytes = 4 << 20;  // What one event may write to clients.
};
inline constexpr std::string_view preflight_format = "hotline-preflight 3";

// What `convert` made of the sampled rows of a table that are of one schema.
struct RehearsedSchema {
  std::string table;
  std::uint32_t schema = 0;
  std::uint64_t rows = 0;
  std::uint64_t proved = 0;  // Went up and came back equal.
  std::uint64_t parked = 0;  // It refuses them, and the module does not read them as they are.
};

struct PreflightVerdict {
  std::string refusal;             // In words that follow "refused: "; empty: it may be staged.
  std::string step;                // Where it was then.
  std::vector<std::string> notes;  // Worth knowing.
  std::vector<std::string> config_read;
  bool has_convert = false;
  std::uint64_t events = 0;
  std::uint64_t rows = 0;  // Went up and came back equal.
  std::vector<RehearsedSchema> schemas;
  std::uint64_t call_us_max = 0;     // Of the slowest event, the quickest of several calls.
  std::uint64_t instance_bytes = 0;  // What one instance takes.
};

std::string bytes_of(const PreflightRequest& request);
Result<PreflightRequest> preflight_request_of(const std::string& bytes);

std::string line_of(const PreflightVerdict& verdict);
Result<PreflightVerdict> preflight_verdict_of(std::string_view line);

}  // namespace hotline

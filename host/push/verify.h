// Verify: what must hold before any code of a file runs.
//
// Reads the bytes only. All that is wrong is told at once, not the first thing alone; each refusal names
// the thing, the limit and the way out, as a complete line for the operator.
//
// What it cannot see is proved later: that the functions are there and the image is the verified one
// (Generation::load), and that they work (preflight).
// [any thread, no shared state]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "push/blocklist.h"
#include "push/host_libraries.h"
#include "push/image.h"
#include "push/manifest.h"
#include "push/trust.h"
#include "push/unmap.h"

namespace hotline {

// A module that is live, or will be at the same barrier as the candidate.
struct LiveModule {
  const Manifest* manifest = nullptr;
  std::string build_id;
};

// A table that rows are stored in, and the schemas they have.
struct StoredTable {
  std::string name;
  std::vector<std::uint32_t> schemas;
};

struct VerifyPolicy {
  std::uint16_t abi_major_min = 1;
  std::uint16_t abi_major_max = 1;
  std::uint16_t abi_minor_max = 0;           // Of abi_major_max.
  std::vector<std::string> capabilities;     // What the host has.
  std::vector<std::string> extra_libraries;  // Allowed as DT_NEEDED besides the usual ones, by configuration.
  LibraryVersions library_versions;          // Empty: not asked.
  std::uint64_t tls_bytes_max = 1024;
  // The set it would live in. The one of its own name is what it replaces.
  std::vector<LiveModule> live;
  std::vector<StoredTable> stored_tables;
  // Loaded beside it: of the same name, their code converts rows down that it cannot read.
  std::vector<const Manifest*> converters;
  // A file without a signature is refused. One that is there and wrong always is.
  bool requires_signature = false;
  bool allows_development_key = true;
  std::vector<TrustedKey> trusted;
  std::string state_dir;  // For commands that name it; empty: not known.
  std::vector<BlockedBuild> blocked;
  bool allows_older = false;  // Than what is live: the operator has said so, and why.
  // Sanitizer builds: their runtimes are allowed, and the constructors they put into each file.
  bool is_sanitized = built_sanitized;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool built_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  static constexpr bool built_sanitized = true;
#else
  static constexpr bool built_sanitized = false;
#endif
#else
  static constexpr bool built_sanitized = false;
#endif

  // What this build of the host offers: its ABI and the libraries it runs on.
  static VerifyPolicy of_host(std::vector<std::string> capabilities);
};

// A table whose rows change their schema with this push.
struct SchemaStep {
  std::string table;
  std::uint32_t from = 0;  // Live now.
  std::uint32_t to = 0;
};

struct VerifyReport {
  std::vector<std::string> refusals;  // Empty: it may be staged.
  std::vector<std::string> notes;     // Worth knowing, nothing to stop for.
  std::optional<Manifest> manifest;   // Also of a refused file, where it could be read.
  std::string build_id;
  std::string digest;
  SignedBy signed_by;
  Pins pins;
  std::vector<SchemaStep> schema_steps;
  // For GenerationFile:
  std::string convert_reason;
  bool has_extra_libraries = false;

  bool is_accepted() const { return refusals.empty(); }
  // The refusals, a line each.
  std::string refusal_text() const;
};

// `claimed` has the signature that came with the file, and of a file of the running set also whose it was.
VerifyReport verify(const Image& image, const VerifyPolicy& policy, const SignedBy& claimed = {});

}  // namespace hotline

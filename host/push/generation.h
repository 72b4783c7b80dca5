// Generation: one loaded build of a module: its image, its entry, its instances.
//
//     load            create_instances            ... calls ...      destroy_instances     unload
//     dlopen, checks  one for each shard's host   by the shards      no shard calls now    dlclose, proof
//
// Owned by its slot. Threads: load, create_instances, self_test, destroy_instances and unload off the
// shards, one at a time; the rest from any thread while it is loaded. A shard calls its own instance only.
// Source: the checklist of dlopen hazards in docs/ARCHITECTURE.md.
//
// Invariants
// 1. The path was never opened in this process before, so the loader cannot hand out older code.
// 2. Whatever entry() points to lies in range(): an address tells whose code it is.
// 3. After unload() nothing of it is mapped, or its answer says what is and why.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arena/arena.h"
#include "base/result.h"
#include "hotline/module.h"
#include "push/guard.h"
#include "push/manifest.h"
#include "push/trust.h"
#include "push/unmap.h"

namespace hotline {

// A verified file in the module store, ready to be loaded.
struct GenerationFile {
  std::string path;      // Absolute, fresh: see ModuleStore.
  Manifest manifest;     // As read from the file.
  std::string build_id;  // Lower-case hexadecimal.
  std::string digest;    // SHA-256 of the bytes, lower-case hexadecimal.
  Pins pins;
  SignedBy signed_by;
  // Why it must be able to convert rows: complete words for a refusal ("it writes schema 4 of table
  // `roster`, and 3 is live"). Empty: it need not.
  std::string convert_reason;
  // It needs libraries that others may use too. What these allocate in its calls may be theirs for good.
  bool has_extra_libraries = false;
  // What its arena may take of the machine's memory.
  std::uint64_t arena_bytes_max = std::uint64_t{1} << 30;
};

class Generation {
 public:
  // What became of the image.
  struct Unloading {
    bool is_unmapped = false;
    std::string reason;             // Why it stays; empty when it does not.
    MappedRange range;              // Where it was: for HeldRanges when it is unmapped.
    GenerationArena::Figures left;  // What it had not freed.
    bool is_freed = false;          // What it had left: all of it, with its arena.
  };

  // Sanitizer runtimes keep addresses of code; an image must stay for their reports.
  static constexpr bool can_unload() { return !is_sanitized; }

  // Opens the file and proves that what was mapped is what was verified. The error is a complete refusal,
  // "presence 1.5.0 refused: ..."; nothing stays loaded then.
  static Result<std::unique_ptr<Generation>> load(GenerationFile file);
  // Destroys the instances and unloads, silently. Call destroy_instances and unload to learn more.
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  const Manifest& manifest() const { return file_.manifest; }
  const std::string& build_id() const { return file_.build_id; }
  const std::string& digest() const { return file_.digest; }
  const SignedBy& signed_by() const { return file_.signed_by; }
  const std::string& path() const { return file_.path; }
  // The host's own copy, as large as the host's struct: what the module does not have is NULL.
  const hl_module_entry& entry() const { return entry_; }
  MappedRange range() const { return range_; }
  // What its code has allocated.
  GenerationArena::Figures memory() const { return arena_->figures(); }
  // What a guarded call of one of its functions is given.
  const GuardedCode& code() const { return code_; }
  // Outlives it, for reports.
  const std::shared_ptr<FaultCounters>& charged() const { return charged_; }
  // It was gone back from, by whoever, or is blocked: no way back leads to it by itself. Its slot's owner
  // says so, and asks.
  bool was_left() const { return was_left_; }
  void set_left(bool was_left) { was_left_ = was_left; }
  // A fault of its code, as it is reported.
  Fault fault(EventKind event, FaultCause cause) const;

  // In a preflight process. HL_OK or no self-test: fine.
  Result<void> self_test(const hl_host* host) const;
  // Makes an instance for each host, in that order. When one fails, those made before are destroyed and
  // the error says which and why. The hosts outlive the instances.
  Result<void> create_instances(std::span<const hl_host* const> hosts);
  hl_instance* instance(std::size_t shard) const { return instances_[shard]; }
  std::size_t instance_count() const { return instances_.size(); }
  // A fault of destroy is the error; the remaining instances are destroyed all the same.
  Result<void> destroy_instances();

  // After destroy_instances. Once.
  Unloading unload();

 private:
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  static constexpr bool is_sanitized = true;
#else
  static constexpr bool is_sanitized = false;
#endif
#else
  static constexpr bool is_sanitized = false;
#endif

  explicit Generation(GenerationFile file)
      : file_(std::move(file)), arena_(std::make_unique<GenerationArena>(file_.arena_bytes_max)) {}
  // Each answers what is wrong, in words that follow "refused: ".
  std::optional<std::string> open();
  std::optional<std::string> check_image();
  // That what is mapped is, byte for byte, what was verified.
  std::optional<std::string> check_bytes() const;
  std::optional<std::string> check_entry();
  std::optional<std::string> check_functions() const;
  void touch_pages() const;
  GuardedCode guarded_code() const;
  // Of a fault off the shards: "raised SIGSEGV at address 0x0 in `create`".
  std::string words_of(EventKind event, const FaultCause& cause) const;

  GenerationFile file_;
  std::unique_ptr<GenerationArena> arena_;
  void* handle_ = nullptr;
  hl_module_entry entry_{};
  MappedRange range_;
  GuardedCode code_;
  std::shared_ptr<FaultCounters> charged_ = std::make_shared<FaultCounters>();
  struct Segment {
    MappedRange range;
    bool is_readable = false;
    bool is_writable = false;
    std::uintptr_t begin = 0;    // Where the file's bytes are, and
    std::size_t file_bytes = 0;  // how many of them, from
    std::size_t file_at = 0;     // where in the file.
  };
  std::vector<Segment> segments_;
  std::vector<hl_instance*> instances_;
  bool was_left_ = false;
};

}  // namespace hotline

// Whether an image has left the process, and why not.
//
// dlclose answers 0 for an image that stays. What counts: the loader no longer knows the path, no line of
// /proc/self/maps has it, dl_iterate_phdr does not show it. All three are asked.
//
// Any thread but a shard's: /proc/self/maps is a file of thousands of lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace hotline {

// What in a file keeps its image mapped after dlclose. Read from the file, before it is loaded.
struct Pins {
  std::vector<std::string> unique_symbols;  // The loader keeps their image for the life of the process.
  std::string thread_destructors;           // The import that registers destructors of thread_local objects.
  bool is_nodelete = false;

  // For an image that stayed: the cause, what it means and how to avoid it.
  std::string cause() const;
};

// [base, end) of an image, whole pages.
struct MappedRange {
  std::uintptr_t base = 0;
  std::uintptr_t end = 0;

  bool contains(const void* address, std::size_t size = 1) const;
};

// The places that still have the image of that path.
struct Traces {
  bool is_known_to_loader = false;
  bool is_in_maps = false;
  bool is_in_headers = false;

  bool any() const { return is_known_to_loader || is_in_maps || is_in_headers; }
};
// `path` is absolute and without symbolic links, as the module store makes them.
Traces look_for(const std::string& path);
// Whether a line of /proc/self/maps has that name. True where that cannot be read: nothing is proven then.
bool is_in_maps(const std::string& name);

// Address ranges of unloaded images, kept unusable for a while: a call through a stale pointer then faults
// where it is made instead of running what was mapped there next. Costs address space only.
//
// Owned by whoever retires generations, called from one thread.
class HeldRanges {
 public:
  static constexpr std::size_t ranges_max = 256;  // The oldest is let go for another.

  // `hold_ms` 0: nothing is held.
  HeldRanges(Clock& clock, std::uint64_t hold_ms) : clock_(clock), hold_ms_(hold_ms) {}
  ~HeldRanges();
  HeldRanges(const HeldRanges&) = delete;
  HeldRanges& operator=(const HeldRanges&) = delete;

  // False: something else has been mapped there meanwhile, or nothing is to be held.
  bool hold(MappedRange range);
  void release_expired();
  std::size_t count() const { return held_.size(); }

 private:
  struct Held {
    MappedRange range;
    std::uint64_t until_us;
  };
  void release_oldest(std::size_t count);

  Clock& clock_;
  std::uint64_t hold_ms_;
  std::vector<Held> held_;  // Oldest first.
};

}  // namespace hotline

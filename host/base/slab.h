// Slabs: memory for objects of which a host has as many as sessions: cells of one size in chunks of their
// own (base/chunks.h).
//
// Beside malloc's blocks they have no head and no rounding to its steps, and what a login leaves behind never
// lies between two of them: a chunk is full of sessions or free for the next ones. Chunks are kept.
//
//     class Session final : public InSlab<Session> { … };        new Session(…) takes a cell of their slab
//
// One slab a type, with one lock, not one a shard: a connection moves between shards, and takes a cell once
// in its life. Under sanitizers objects come from their allocator, which sees what is used after it was
// freed.
//
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace hotline {

class Slab {
 public:
  explicit Slab(std::size_t bytes);
  ~Slab();  // Its chunks stay.
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  void* take();
  void give_back(void* cell);

  struct Figures {
    std::uint64_t cells = 0;       // In use ...
    std::uint64_t cell_bytes = 0;  // ... of so many bytes each ...
    std::uint64_t bytes = 0;       // ... and what all chunks take.
  };
  Figures figures() const;
  struct Totals {
    std::uint64_t used_bytes = 0;
    std::uint64_t free_bytes = 0;  // Of chunks, and in no cell that is used.
  };
  // Of all slabs of the process.
  static Totals totals();
  std::size_t cell_bytes() const { return cell_bytes_; }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool is_used = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  static constexpr bool is_used = false;
#else
  static constexpr bool is_used = true;
#endif
#else
  static constexpr bool is_used = true;
#endif

 private:
  struct Free {
    Free* next;
  };

  const std::size_t cell_bytes_;
  mutable std::mutex mutex_;
  Free* free_ = nullptr;           // Cells that were used before ...
  unsigned char* next_ = nullptr;  // ... and those of the last chunk that were not yet.
  std::size_t fresh_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t chunks_ = 0;
};

template <typename T>
class InSlab {
 public:
  static void* operator new(std::size_t bytes) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return Slab::is_used ? slab().take() : ::operator new(bytes);
  }
  static void operator delete(void* object) {
    if (Slab::is_used) {
      slab().give_back(object);
    } else {
      ::operator delete(object);
    }
  }
  static std::size_t cell_bytes() { return Slab::is_used ? slab().cell_bytes() : sizeof(T); }

 private:
  // Never destroyed: objects may outlive whatever ends first.
  static Slab& slab() {
    static Slab& its = *new Slab(sizeof(T));
    return its;
  }
};

}  // namespace hotline

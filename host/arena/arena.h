// GenerationArena: the memory of one generation: what its code allocates, counted, bounded, and freed as a
// whole.
//
//     guard enters a call ──> block_owner = a part of its arena ──> malloc() takes from there
//     a capability runs    ─> block_owner = nullptr (HostSide)  ──> malloc() is the process's
//     free(), anywhere     ─> a block in a segment knows its part
//
// An arena has a part for each shard, so that shards do not wait for each other; a part has a lock all the
// same, because a module may keep a static object that several of its instances use.
//
// Owned by its generation. Threads: any. A block may be freed on any thread while its arena lives.
// Source: docs/decisions/0019-arena.md, with what was measured and rejected.
//
// Invariants
// 1. What host code allocates is never in an arena: it outlives the generation.
// 2. No lock of a part is held while module code runs, so a call that is ended leaves none behind.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>

namespace hotline {

class GenerationArena;

class alignas(64) ArenaPart {
 public:
  ArenaPart() = default;
  ~ArenaPart();
  ArenaPart(const ArenaPart&) = delete;
  ArenaPart& operator=(const ArenaPart&) = delete;

  // Of at least 16 bytes' alignment; `alignment` is a power of 2. nullptr: the arena is full, or the machine.
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept;

 private:
  friend class GenerationArena;

  // What the pools take: pieces of segments, which come back with the part, and large ones on their own.
  class Chunks final : public std::pmr::memory_resource {
   public:
    explicit Chunks(ArenaPart& part) : part_(part) {}
    void return_all() noexcept;

   private:
    struct Segment;
    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* chunk, std::size_t bytes, std::size_t alignment) override;
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
      return this == &other;
    }

    ArenaPart& part_;
    Segment* segment_ = nullptr;  // The newest, which links to the others.
    std::size_t used_ = 0;        // Of it.
  };

  class Lock;

  void take_back(void* begin, std::size_t bytes, std::size_t alignment) noexcept;

  GenerationArena* arena_ = nullptr;
  std::atomic_flag is_locked_;
  Chunks chunks_{*this};
  std::optional<std::pmr::unsynchronized_pool_resource> pools_;  // From the first allocation on.
  // Written under the lock, read without.
  std::atomic<std::uint64_t> bytes_{0}, blocks_{0};

  static constexpr std::size_t pooled_bytes_max = 1u << 18;
};

class GenerationArena {
 public:
  // Shards share parts when there are more of them.
  static constexpr std::size_t shards_max = 16;
  // The part of what calls a module off the shards.
  static constexpr std::size_t off_shards = shards_max;
  static constexpr std::size_t alignment_max = 1u << 16;

  struct Figures {
    std::uint64_t bytes = 0, blocks = 0;  // Allocated now, as they were asked for.
    std::uint64_t segment_bytes = 0;      // Taken from the kernel; what was never written costs nothing.
    std::uint64_t refused = 0;            // Allocations that would have gone beyond `bytes_max`.
  };

  // `bytes_max` is counted in segments: what is allocated may be less.
  explicit GenerationArena(std::uint64_t bytes_max);
  // Frees what is left. No code of the generation can run any more.
  ~GenerationArena() = default;
  GenerationArena(const GenerationArena&) = delete;
  GenerationArena& operator=(const GenerationArena&) = delete;

  ArenaPart* part(std::size_t shard) { return &parts_[shard == off_shards ? shard : shard % shards_max]; }
  Figures figures() const;
  std::uint64_t bytes_max() const { return bytes_max_; }

  // Of a block that lies in a segment. A block that was freed already, or whose head was overwritten, ends
  // the process by abort(), as the process's own allocator would.
  static void free(void* block) noexcept;
  static std::size_t size_of(const void* block) noexcept;

 private:
  friend class ArenaPart;
  bool take(std::uint64_t bytes) noexcept;
  void give_back(std::uint64_t bytes) noexcept;

  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> segment_bytes_{0}, refused_{0};
  std::array<ArenaPart, shards_max + 1> parts_;
};

}  // namespace hotline

#include "arena/arena.h"

#include <sched.h>

#include <bit>
#include <cstdlib>
#include <new>

#include "arena/block_owner.h"
#include "arena/segments.h"

namespace hotline {

namespace {

// Before each block.
struct Head {
  std::uint64_t part;  // Its address, and above that a check of both words. 0: the block was freed.
  std::uint64_t size;  // As it was asked for, and above that the logarithm of the alignment.
};
constexpr std::size_t alignment_min = 16;
static_assert(sizeof(Head) == alignment_min);
constexpr unsigned part_bits = 48;
constexpr std::uint64_t part_mask = (1ull << part_bits) - 1;
constexpr std::uint64_t size_max = part_mask;

Head* head_of(const void* block) {
  return reinterpret_cast<Head*>(reinterpret_cast<std::uintptr_t>(block) - sizeof(Head));
}

// A stray write hits all 16 bits by chance once in 65,536 times.
std::uint64_t check_of(std::uint64_t part, std::uint64_t size, const void* at) {
  std::uint64_t mixed =
      (part ^ size * 0x9e3779b97f4a7c15 ^ reinterpret_cast<std::uintptr_t>(at)) * 0xff51afd7ed558ccd;
  mixed ^= mixed >> 32;
  return (mixed & 0xffff) << part_bits;
}

// What is taken of the pools for a block: its head fills the alignment before it, and as the pools' blocks
// lie side by side, only multiples of the alignment keep it.
std::size_t taken_bytes(std::size_t bytes, std::size_t alignment) {
  return (bytes + 2 * alignment - 1) & ~(alignment - 1);
}

ArenaPart* checked_part(const Head& head) {
  const std::uint64_t part = head.part & part_mask;
  if (head.part == 0 || head.part != (part | check_of(part, head.size, &head))) std::abort();
  return reinterpret_cast<ArenaPart*>(part);
}

}  // namespace

constinit thread_local ArenaPart* block_owner = nullptr;

// Held for the length of one allocation: whoever waits waits for less than a switch of threads costs.
class ArenaPart::Lock {
 public:
  explicit Lock(ArenaPart& part) : flag_(part.is_locked_) {
    for (int tries = 0; flag_.test_and_set(std::memory_order_acquire); ++tries)
      if (tries >= spins_max) sched_yield();
  }
  ~Lock() { flag_.clear(std::memory_order_release); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  static constexpr int spins_max = 100;
  std::atomic_flag& flag_;
};

struct ArenaPart::Chunks::Segment {
  Segment* older;
};

void* ArenaPart::Chunks::do_allocate(std::size_t bytes, std::size_t alignment) {
  // A large one has segments to itself, and gives them back as soon as it is freed.
  if (bytes > pooled_bytes_max) {
    if (!part_.arena_->take(bytes)) throw std::bad_alloc();
    void* const large = take_segments(bytes);
    if (large == nullptr) part_.arena_->give_back(bytes);
    if (large == nullptr) throw std::bad_alloc();
    return large;
  }
  std::size_t begin = (used_ + alignment - 1) & ~(alignment - 1);
  if (segment_ == nullptr || begin + bytes > segment_bytes) {
    if (!part_.arena_->take(segment_bytes)) throw std::bad_alloc();
    void* const fresh = take_segments(segment_bytes);
    if (fresh == nullptr) part_.arena_->give_back(segment_bytes);
    if (fresh == nullptr) throw std::bad_alloc();
    segment_ = new (fresh) Segment{segment_};
    begin = (sizeof(Segment) + alignment - 1) & ~(alignment - 1);
  }
  used_ = begin + bytes;
  return reinterpret_cast<std::byte*>(segment_) + begin;
}

void ArenaPart::Chunks::do_deallocate(void* chunk, std::size_t bytes, std::size_t) {
  if (bytes <= pooled_bytes_max) return;
  return_segments(chunk, bytes);
  part_.arena_->give_back(bytes);
}

void ArenaPart::Chunks::return_all() noexcept {
  while (segment_ != nullptr) {
    Segment* const older = segment_->older;
    return_segments(segment_, segment_bytes);
    segment_ = older;
  }
}

ArenaPart::~ArenaPart() {
  pools_.reset();
  chunks_.return_all();
}

void* ArenaPart::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  // An exception of the pools is the process's.
  const OwnedByProcess owned;
  if (alignment < alignment_min) alignment = alignment_min;
  if (alignment > GenerationArena::alignment_max || bytes > size_max - 2 * alignment) return nullptr;
  void* begin = nullptr;
  {
    const Lock lock(*this);
    try {
      if (!pools_)
        pools_.emplace(std::pmr::pool_options{.max_blocks_per_chunk = 1u << 16,
                                              .largest_required_pool_block = pooled_bytes_max},
                       &chunks_);
      begin = pools_->allocate(taken_bytes(bytes, alignment), alignment);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    bytes_.store(bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
    blocks_.store(blocks_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void* const block = static_cast<std::byte*>(begin) + alignment;
  Head& head = *head_of(block);
  const auto part = reinterpret_cast<std::uintptr_t>(this);
  head.size = bytes | static_cast<std::uint64_t>(std::countr_zero(alignment)) << part_bits;
  head.part = part | check_of(part, head.size, &head);
  return block;
}

void ArenaPart::take_back(void* begin, std::size_t bytes, std::size_t alignment) noexcept {
  const Lock lock(*this);
  pools_->deallocate(begin, taken_bytes(bytes, alignment), alignment);
  bytes_.store(bytes_.load(std::memory_order_relaxed) - bytes, std::memory_order_relaxed);
  blocks_.store(blocks_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

GenerationArena::GenerationArena(std::uint64_t bytes_max) : bytes_max_(bytes_max) {
  for (ArenaPart& part : parts_) part.arena_ = this;
}

GenerationArena::Figures GenerationArena::figures() const {
  Figures figures;
  for (const ArenaPart& part : parts_) {
    figures.bytes += part.bytes_.load(std::memory_order_relaxed);
    figures.blocks += part.blocks_.load(std::memory_order_relaxed);
  }
  figures.segment_bytes = segment_bytes_.load(std::memory_order_relaxed);
  figures.refused = refused_.load(std::memory_order_relaxed);
  return figures;
}

bool GenerationArena::take(std::uint64_t bytes) noexcept {
  if (segment_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
  segment_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  refused_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void GenerationArena::give_back(std::uint64_t bytes) noexcept {
  segment_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

void GenerationArena::free(void* block) noexcept {
  Head& head = *head_of(block);
  ArenaPart* const part = checked_part(head);
  const std::size_t size = head.size & size_max;
  const std::size_t alignment = std::size_t{1} << (head.size >> part_bits);
  head.part = 0;
  part->take_back(static_cast<std::byte*>(block) - alignment, size, alignment);
}

std::size_t GenerationArena::size_of(const void* block) noexcept {
  const Head& head = *head_of(block);
  (void)checked_part(head);
  return head.size & size_max;
}

}  // namespace hotline

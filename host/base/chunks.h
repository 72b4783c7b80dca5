// Chunks: the memory of slabs (base/slab.h, net/tls_slab.h), 64 KB at a time, cut from regions of 2 MiB.
//
// A slab a type takes few pages; all slabs together take many, and one session's cells come from chunks that
// were taken one after the other. So a region has what its sessions need, of all types. Once there are many
// regions the kernel is asked for each to be one page, so that a message among many sessions needs fewer
// translations of addresses. The first regions are of small pages, so that a host of few sessions takes no
// more than it uses.
//
// Chunks are zeros, and are given back all at once. Threads: any.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

namespace hotline {

class Chunks {
 public:
  static constexpr std::size_t bytes = std::size_t{64} * 1024;

  // For secrets: not in core dumps, zeros in a child made by fork(), not swapped out as far as may be.
  enum class For { anything, secrets };
  explicit Chunks(For what) : what_(what) {}
  ~Chunks();
  Chunks(const Chunks&) = delete;
  Chunks& operator=(const Chunks&) = delete;

  unsigned char* take();
  bool is_locked() const;  // Nothing could be swapped out so far. Of secrets.

 private:
  static constexpr std::size_t region_bytes = std::size_t{2} * 1024 * 1024;
  static constexpr std::size_t small_regions = 16;
  static unsigned char* map_region();
  void grow();

  const For what_;
  mutable std::mutex mutex_;
  std::vector<unsigned char*> regions_;
  unsigned char* next_ = nullptr;
  std::size_t left_ = 0;  // Of the last region.
  bool is_locked_ = true;
};

}  // namespace hotline

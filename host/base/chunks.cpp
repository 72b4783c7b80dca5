#include "base/chunks.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <cstdint>

#include "base/check.h"

namespace hotline {

namespace {

unsigned char* map_bytes(std::size_t bytes) {
  void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(mapped != MAP_FAILED, "the kernel has memory for sessions");
  return static_cast<unsigned char*>(mapped);
}

}  // namespace

// A page of that size begins where that size says. Kernels from 6.7 on map it there, one behind the other;
// else what lies before and behind is given back.
unsigned char* Chunks::map_region() {
  unsigned char* const mapped = map_bytes(region_bytes);
  if (reinterpret_cast<std::uintptr_t>(mapped) % region_bytes == 0) return mapped;
  munmap(mapped, region_bytes);
  unsigned char* const begin = map_bytes(2 * region_bytes);
  const std::size_t before = region_bytes - reinterpret_cast<std::uintptr_t>(begin) % region_bytes;
  unsigned char* const region = begin + before;
  munmap(begin, before);
  if (before < region_bytes) munmap(region + region_bytes, region_bytes - before);
  return region;
}

Chunks::~Chunks() {
  for (unsigned char* region : regions_) {
    if (what_ == For::secrets)
      OPENSSL_cleanse(region, region == regions_.back() ? region_bytes - left_ : region_bytes);
    munmap(region, region_bytes);
  }
}

void Chunks::grow() {
  unsigned char* const region = map_region();
  // A kernel without large pages does without.
  if (regions_.size() >= small_regions) madvise(region, region_bytes, MADV_HUGEPAGE);
  if (what_ == For::secrets) {
    // Refused by kernels older than those we run on, which is a reason to stop, not to go on without.
    check(madvise(region, region_bytes, MADV_DONTDUMP) == 0 &&
              madvise(region, region_bytes, MADV_WIPEONFORK) == 0,
          "the kernel keeps secrets out of core dumps and of children (Linux 4.14)");
    if (mlock2(region, region_bytes, MLOCK_ONFAULT) != 0) is_locked_ = false;
  }
  regions_.push_back(region);
  next_ = region;
  left_ = region_bytes;
}

unsigned char* Chunks::take() {
  const std::lock_guard lock(mutex_);
  if (left_ == 0) grow();
  unsigned char* const chunk = next_;
  next_ += bytes;
  left_ -= bytes;
  return chunk;
}

bool Chunks::is_locked() const {
  const std::lock_guard lock(mutex_);
  return is_locked_;
}

}  // namespace hotline

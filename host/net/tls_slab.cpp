#include "net/tls_slab.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <new>

#include "base/check.h"

namespace hotline {

TlsSlab::~TlsSlab() {
  for (void* chunk : chunks_) {
    OPENSSL_cleanse(chunk, chunk_bytes);
    munmap(chunk, chunk_bytes);
  }
}

void TlsSlab::grow() {
  void* const chunk = mmap(nullptr, chunk_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(chunk != MAP_FAILED, "the kernel has memory for TLS states");
  // Both are refused by kernels older than those we run on, which is a reason to stop, not to go on without.
  check(madvise(chunk, chunk_bytes, MADV_DONTDUMP) == 0 && madvise(chunk, chunk_bytes, MADV_WIPEONFORK) == 0,
        "the kernel keeps TLS states out of core dumps and of children (Linux 4.14)");
  if (mlock(chunk, chunk_bytes) != 0) is_locked_ = false;
  chunks_.push_back(chunk);
  auto* const bytes = static_cast<unsigned char*>(chunk);
  for (std::size_t i = chunk_bytes / sizeof(RecordState); i-- > 0;) {
    free_ = new (bytes + i * sizeof(RecordState)) Free{free_};
  }
}

RecordState* TlsSlab::take() {
  const std::lock_guard lock(mutex_);
  if (free_ == nullptr) grow();
  Free* const taken = free_;
  free_ = taken->next;
  ++used_;
  return new (taken) RecordState{};
}

void TlsSlab::give_back(RecordState* state) {
  OPENSSL_cleanse(state, sizeof *state);
  const std::lock_guard lock(mutex_);
  free_ = new (state) Free{free_};
  --used_;
}

std::size_t TlsSlab::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

std::size_t TlsSlab::bytes() const {
  const std::lock_guard lock(mutex_);
  return chunks_.size() * chunk_bytes;
}

bool TlsSlab::is_locked() const {
  const std::lock_guard lock(mutex_);
  return is_locked_;
}

}  // namespace hotline

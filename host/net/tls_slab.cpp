#include "net/tls_slab.h"

#include <openssl/crypto.h>

#include <new>
#include <utility>

namespace hotline {

RecordState* TlsSlab::take() {
  const std::lock_guard lock(mutex_);
  ++used_;
  if (free_ != nullptr) return new (std::exchange(free_, free_->next)) RecordState{};
  if (fresh_ == 0) {
    next_ = memory_.take();
    fresh_ = Chunks::bytes / sizeof(RecordState);
    ++chunks_;
  }
  --fresh_;
  return new (std::exchange(next_, next_ + sizeof(RecordState))) RecordState{};
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
  return chunks_ * Chunks::bytes;
}

}  // namespace hotline

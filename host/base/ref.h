// Ref<T>: an intrusive, thread-safe reference. One word a holder, no control block.
//
// Used for what is written once and then read from several shards: stanzas and the bytes of
// queued messages. Whatever is only ever of one shard has one owner and a unique_ptr.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace hotline {

// T provides `void retain() const` and `void release() const`.
template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}  // NOLINT: implicit on purpose
  // Takes over one reference that the caller owns.
  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  Ref(const Ref& other) : object_(other.object_) {
    if (object_ != nullptr) object_->retain();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <typename U>
  Ref(const Ref<U>& other) : object_(other.get()) {  // NOLINT: implicit on purpose
    if (object_ != nullptr) object_->retain();
  }
  template <typename U>
  Ref(Ref<U>&& other) noexcept : object_(other.leak()) {}  // NOLINT: implicit on purpose
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->release();
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  // Gives the reference away; the caller releases it.
  T* leak() { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

}  // namespace hotline

// Buffer: immutable, reference-counted bytes that may be read from any thread.
//
// A message's bytes exist once, from the framer to the mailbox and every connection they are
// written to; what moves is a Ref<const Buffer>.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/ref.h"

namespace hotline {

class Buffer {
 public:
  // Copies `bytes`.
  static Ref<const Buffer> copy(std::string_view bytes);
  // Copies `first` and, behind it, `second`: one allocation.
  static Ref<const Buffer> concat(std::string_view first, std::string_view second);

  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::string_view bytes() const { return {data_, size_}; }
  std::size_t size() const { return size_; }

  void retain() const { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) free_self();
  }

 protected:
  // `data` lies in the same allocation as the object (made with malloc), behind it.
  Buffer(const char* data, std::uint32_t size) : data_(data), size_(size) {}
  ~Buffer() = default;

 private:
  // Buffers and what derives from them hold plain data only: freeing is one free().
  void free_self() const;

  const char* data_;
  std::uint32_t size_;
  mutable std::atomic<std::uint32_t> references_{1};
};

}  // namespace hotline

// Ring<T>: a queue in one growing array. Empty, it holds no memory: most sessions' queues are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace hotline {

template <typename T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return items_[(head_ + i) & (capacity_ - 1)]; }
  const T& operator[](std::size_t i) const { return items_[(head_ + i) & (capacity_ - 1)]; }
  T& front() { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }

  void push_back(T item) {
    if (size_ == capacity_) grow();
    items_[(head_ + size_) & (capacity_ - 1)] = std::move(item);
    ++size_;
  }
  void pop_front() {
    items_[head_] = T{};
    head_ = (head_ + 1) & (capacity_ - 1);
    --size_;
    if (size_ == 0 && capacity_ > keep_) clear();  // A burst is over: give its memory back.
  }
  std::size_t capacity() const { return capacity_; }
  // The allocator's block behind it; an array whose items are destroyed has their number in front (Itanium
  // C++ ABI 2.7).
  const void* block() const {
    constexpr std::size_t number_bytes =
        std::is_trivially_destructible_v<T> ? 0 : std::max(sizeof(std::size_t), alignof(T));
    return items_ == nullptr ? nullptr : reinterpret_cast<const char*>(items_.get()) - number_bytes;
  }
  void clear() {
    items_.reset();
    capacity_ = head_ = size_ = 0;
  }

 private:
  static constexpr std::size_t keep_ = 16;

  void grow() {
    const std::uint32_t capacity = capacity_ == 0 ? 4 : capacity_ * 2;
    auto items = std::make_unique<T[]>(capacity);
    for (std::size_t i = 0; i < size_; ++i) items[i] = std::move((*this)[i]);
    items_ = std::move(items);
    capacity_ = capacity;
    head_ = 0;
  }

  std::unique_ptr<T[]> items_;
  std::uint32_t capacity_ = 0;  // A power of two.
  std::uint32_t head_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace hotline

// Arena: memory for what lives no longer than one call. Giving out is moving a pointer; all of it goes at
// once with reset(), which keeps the first block for the next call.
//
// It runs no destructors: what lies in it is plain bytes.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hotline {

class Arena {
 public:
  static constexpr std::size_t block_bytes = 4096;

  Arena() = default;
  // What was given out stays where it is.
  Arena(Arena&& other) noexcept
      : block_(std::move(other.block_)),
        used_(std::exchange(other.used_, 0)),
        large_(std::move(other.large_)) {}
  Arena& operator=(Arena&& other) noexcept {
    block_ = std::move(other.block_);
    used_ = std::exchange(other.used_, 0);
    large_ = std::move(other.large_);
    return *this;
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // A copy of `text`; no data for no data.
  std::string_view copy(std::string_view text) {
    if (text.data() == nullptr) return {};
    char* place = bytes(text.size());
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }
  template <typename T>
  T* copy_of(const T& object) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return new (bytes(sizeof(T))) T(object);
  }

  void reset() {
    used_ = 0;
    if (!large_.empty()) large_.clear();
  }

 private:
  // Aligned for any object.
  char* bytes(std::size_t size) {
    size = (size + alignof(std::max_align_t) - 1) & ~(alignof(std::max_align_t) - 1);
    if (size > block_bytes - used_) {
      // Rare: only as long as the call does it cost an allocation each.
      large_.push_back(std::make_unique_for_overwrite<char[]>(size));
      return large_.back().get();
    }
    if (block_ == nullptr) block_ = std::make_unique_for_overwrite<char[]>(block_bytes);
    char* place = block_.get() + used_;
    used_ += size;
    return place;
  }

  std::unique_ptr<char[]> block_;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<char[]>> large_;
};

}  // namespace hotline

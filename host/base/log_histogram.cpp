#include "base/log_histogram.h"

#include <algorithm>
#include <cmath>

namespace hotline {

std::uint64_t LogHistogram::bucket_end(std::size_t bucket) {
  constexpr std::size_t subs = std::size_t{1} << sub_bits;
  if (bucket < subs) return bucket;
  const std::size_t exponent = (bucket >> sub_bits) + sub_bits - 1;
  const std::uint64_t width = 1ull << (exponent - sub_bits);
  return (1ull << exponent) + ((bucket & (subs - 1)) + 1) * width - 1;
}

LogHistogram::Counts LogHistogram::counts() const {
  Counts counts;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    counts.buckets_[i] = buckets_[i].load(std::memory_order_relaxed);
    counts.count_ += counts.buckets_[i];
  }
  return counts;
}

LogHistogram::Counts& LogHistogram::Counts::operator+=(const Counts& other) {
  for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  return *this;
}

LogHistogram::Counts& LogHistogram::Counts::operator-=(const Counts& other) {
  count_ = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    buckets_[i] -= std::min(buckets_[i], other.buckets_[i]);
    count_ += buckets_[i];
  }
  return *this;
}

std::uint64_t LogHistogram::Counts::percentile(double share) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return bucket_end(i);
  }
  return bucket_end(bucket_count - 1);
}

std::uint64_t LogHistogram::Counts::above(std::uint64_t limit) const {
  std::uint64_t count = 0;
  for (std::size_t i = bucket_of(limit) + 1; i < bucket_count; ++i) count += buckets_[i];
  return count;
}

}  // namespace hotline

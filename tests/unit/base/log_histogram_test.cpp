#include "base/log_histogram.h"

#include <doctest/doctest.h>

namespace hotline::test {
namespace {

TEST_CASE("log histogram: each value lies in its bucket, which is at most an eighth of it wide") {
  for (std::uint64_t value = 0; value < 1ull << 33; value = value + 1 + value / 3) {
    const std::size_t bucket = LogHistogram::bucket_of(value);
    const std::uint64_t end = LogHistogram::bucket_end(bucket);
    CHECK(end >= value);
    CHECK(end - value <= value / 8);
    if (bucket > 0) CHECK(LogHistogram::bucket_end(bucket - 1) < value);
  }
  CHECK(LogHistogram::bucket_of(UINT64_MAX) == LogHistogram::bucket_count - 1);
}

TEST_CASE("log histogram: percentiles and what is above a limit") {
  LogHistogram histogram;
  for (int i = 0; i < 990; ++i) histogram.add(1'000);
  for (int i = 0; i < 10; ++i) histogram.add(1'000'000);
  const LogHistogram::Counts counts = histogram.counts();
  CHECK(counts.count() == 1'000);
  CHECK(counts.percentile(0.5) < 1'200);
  CHECK(counts.percentile(0.99) < 1'200);
  CHECK(counts.percentile(0.991) >= 1'000'000);
  CHECK(counts.above(2'000) == 10);
  CHECK(counts.above(2'000'000) == 0);
  CHECK(LogHistogram::Counts{}.percentile(0.99) == 0);
}

TEST_CASE("log histogram: an earlier picture taken away leaves what came since") {
  LogHistogram histogram;
  for (int i = 0; i < 100; ++i) histogram.add(10);
  const LogHistogram::Counts before = histogram.counts();
  for (int i = 0; i < 7; ++i) histogram.add(5'000);
  LogHistogram::Counts since = histogram.counts();
  since -= before;
  CHECK(since.count() == 7);
  CHECK(since.percentile(0.01) >= 5'000);
  since += before;
  CHECK(since.count() == 107);
}

}  // namespace
}  // namespace hotline::test

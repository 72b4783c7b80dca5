// RowSample: some of the live rows that a candidate would have to convert, from all shards, for preflight.
//
//     begin()  each shard looks through some accounts, then lets others have their turn, and so on
//     wait()   the pipeline's thread: until all have enough, or have seen all
//
// Bounded: rows, bytes, what one account gives, and what is looked at in one go. It begins at another
// partition each time, so that pushes in a row do not try the same rows.
//
// Threads: begin() and wait() the pipeline's; the rest on the shards, which keep it alive until they are
// done.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "dispatch/shard.h"
#include "push/live_target.h"

namespace hotline {

class RowSample : public std::enable_shared_from_this<RowSample> {
 public:
  struct Wanted {
    std::uint32_t table = 0;  // Its number.
    std::string name;
    std::uint32_t below = 0;  // Rows of lower schemas.
  };
  static constexpr std::size_t rows_max = 256;  // Of one table, of all shards.
  static constexpr std::size_t bytes_max = 4 << 20;
  static constexpr std::uint32_t looked_at_max = 2'000;  // Accounts and rows in one go.

  // `start`: any number; says where it begins.
  static std::shared_ptr<RowSample> begin(const std::vector<Shard*>& shards, std::vector<Wanted> wanted,
                                          std::uint32_t start);
  bool is_done();
  Result<std::vector<SampleRow>> wait(std::chrono::milliseconds patience);

 private:
  // What one shard has found, and where it is. That shard's, until it is done.
  struct Part {
    Accounts::Walk walk;
    bool is_second_round = false;    // From the first partition to where it began.
    std::vector<std::size_t> found;  // By place in wanted_.
    std::size_t bytes = 0;
    std::vector<SampleRow> rows;
  };

  RowSample(std::vector<Wanted> wanted, std::size_t shards, std::uint32_t start);
  void post_slice(Shard& shard, std::size_t part);
  void slice(Shard& shard, std::size_t part);
  // How many rows it has looked at.
  std::uint32_t take_from(Account& account, Part& part);
  bool has_enough(const Part& part) const;
  bool has_ended(Part& part) const;

  const std::vector<Wanted> wanted_;
  const std::uint32_t start_;
  const std::size_t rows_of_shard_max_, bytes_of_shard_max_;
  std::vector<Part> parts_;

  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t missing_;
};

}  // namespace hotline

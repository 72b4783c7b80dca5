#include "dispatch/row_sample.h"

#include <algorithm>

namespace hotline {

namespace {
constexpr std::uint32_t rows_of_account_max = 16;       // Of one table: that many accounts give some.
constexpr std::uint32_t looked_at_of_account_max = 64;  // An account may have thousands.
}  // namespace

RowSample::RowSample(std::vector<Wanted> wanted, std::size_t shards, std::uint32_t start)
    : wanted_(std::move(wanted)),
      start_(start % partitions),
      rows_of_shard_max_((rows_max + shards - 1) / shards),
      bytes_of_shard_max_(bytes_max / shards),
      parts_(shards),
      missing_(shards) {
  for (Part& part : parts_) {
    part.walk.partition = start_;
    part.found.resize(wanted_.size());
  }
}

std::shared_ptr<RowSample> RowSample::begin(const std::vector<Shard*>& shards, std::vector<Wanted> wanted,
                                            std::uint32_t start) {
  std::shared_ptr<RowSample> sample(new RowSample(std::move(wanted), shards.size(), start));
  for (std::size_t i = 0; i < shards.size(); ++i) sample->post_slice(*shards[i], i);
  return sample;
}

void RowSample::post_slice(Shard& shard, std::size_t part) {
  Post post;
  post.kind = Post::Kind::call;
  post.extra = std::make_unique<Post::Extra>();
  post.extra->call = [self = shared_from_this(), &shard, part] { self->slice(shard, part); };
  shard.inbox().push_one(std::move(post));
}

void RowSample::slice(Shard& shard, std::size_t number) {
  Part& part = parts_[number];
  for (std::uint32_t looked_at = 0; looked_at < looked_at_max && !has_enough(part) && !has_ended(part);
       ++looked_at)
    if (Account* account = shard.accounts.next(part.walk); account != nullptr)
      looked_at += take_from(*account, part);
  if (!has_enough(part) && !has_ended(part)) return post_slice(shard, number);
  const std::lock_guard lock(mutex_);
  if (--missing_ == 0) done_.notify_all();
}

std::uint32_t RowSample::take_from(Account& account, Part& part) {
  std::uint32_t looked_at = 0;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    const TableRows* const rows = account.rows.find(wanted_[i].table);
    if (rows == nullptr) continue;
    std::uint32_t seen = 0, taken = 0;
    for (const auto& [key, row] : *rows) {
      if (++seen > looked_at_of_account_max || taken == rows_of_account_max ||
          part.found[i] == rows_of_shard_max_)
        break;
      if (row.schema >= wanted_[i].below || part.bytes + row.value.size() > bytes_of_shard_max_) continue;
      part.rows.push_back({wanted_[i].name, row.schema, row.value});
      part.bytes += row.value.size();
      ++part.found[i];
      ++taken;
    }
    looked_at += seen;
  }
  return looked_at;
}

bool RowSample::has_enough(const Part& part) const {
  return std::ranges::all_of(part.found, [this](std::size_t found) { return found == rows_of_shard_max_; });
}

bool RowSample::has_ended(Part& part) const {
  if (part.is_second_round) return part.walk.partition >= start_;
  if (!part.walk.has_ended()) return false;
  part.is_second_round = true;
  part.walk = {};
  return start_ == 0;
}

bool RowSample::is_done() {
  const std::lock_guard lock(mutex_);
  return missing_ == 0;
}

Result<std::vector<SampleRow>> RowSample::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!done_.wait_for(lock, patience, [this] { return missing_ == 0; }))
    return Error{"its `convert` could not be tried: " + std::to_string(missing_) + " of " +
                 std::to_string(parts_.size()) + " shards gave no sample of their rows within " +
                 std::to_string(patience.count()) + " ms; see `hotline status`"};
  std::vector<SampleRow> rows;
  for (Part& part : parts_) std::ranges::move(part.rows, std::back_inserter(rows));
  return rows;
}

}  // namespace hotline

#include "state/sqlite_store.h"

#include <pthread.h>

#include <algorithm>

#include "base/log.h"

namespace hotline {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t half_minute_us = 30'000'000;

std::size_t bytes_of(const StoreBatch& batch) {
  std::size_t bytes = sizeof(StoreBatch) + batch.drop_messages.size() * sizeof(std::uint64_t);
  for (const StoredMessage& message : batch.put_messages) {
    bytes += sizeof message + message.account.size() + message.module.size();
    if (message.body) bytes += message.body->size();
  }
  for (const StoredRow& row : batch.put_rows)
    bytes += sizeof row + row.account.size() + row.table.size() + row.key.size() + row.value.size();
  for (const StoreBatch::RowName& row : batch.erase_rows)
    bytes += sizeof row + row.account.size() + row.table.size() + row.key.size();
  return bytes;
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(Settings settings, Clock& clock) {
  auto file = StoreFile::open(settings.file);
  if (!file) return file.error();
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(settings), clock, std::move(file.value())));
}

SqliteStore::SqliteStore(Settings settings, Clock& clock, std::unique_ptr<StoreFile> file)
    : settings_(std::move(settings)), clock_(clock), file_(std::move(file)) {}

SqliteStore::~SqliteStore() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  wake_.notify_one();
  if (writer_.joinable()) {
    writer_.join();
  } else {
    run();  // It was never started: what was submitted is still to be written.
  }
}

Result<void> SqliteStore::load(const std::function<void(StoredRow&&)>& on_row,
                               const std::function<void(StoredMessage&&)>& on_message) {
  return file_->load(on_row, on_message);
}

std::uint64_t SqliteStore::message_id_max() {
  const auto id = file_->message_id_max();
  return id ? id.value() : 0;  // load() has said what is wrong with a file that cannot be read.
}

void SqliteStore::start(Committed committed) {
  committed_ = std::move(committed);
  last_write_ = last_emptied_ = steady_clock::now();
  writer_ = std::thread([this] { run(); });
  pthread_setname_np(writer_.native_handle(), "store");
}

void SqliteStore::submit(StoreBatch batch) {
  Waiting waiting;
  waiting.submitted_us = clock_.mono_us();
  waiting.bytes = bytes_of(batch);
  waiting.changes = batch.put_messages.size() + batch.drop_messages.size() + batch.put_rows.size() +
                    batch.erase_rows.size();
  waiting.batch = std::move(batch);
  {
    const std::lock_guard lock(mutex_);
    health_.bytes_waiting += waiting.bytes;
    waiting_.push_back(std::move(waiting));
    if (waiting_.size() > 1) return;  // The writer knows already.
  }
  wake_.notify_one();
}

void SqliteStore::read_bodies(std::vector<std::uint64_t> ids, BodiesRead done) {
  if (!writer_.joinable()) return done(file_->bodies(ids));
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back([this, ids = std::move(ids), done = std::move(done)] { done(file_->bodies(ids)); });
  }
  wake_.notify_one();
}

StoreHealth SqliteStore::health() {
  const std::uint64_t now_us = clock_.mono_us();
  const std::lock_guard lock(mutex_);
  StoreHealth health = health_;
  if (health.problem.empty()) health.problem = log_problem_;
  health.batches_waiting = waiting_.size();
  if (!waiting_.empty() && now_us > waiting_.front().submitted_us)
    health.oldest_waiting_ms = (now_us - waiting_.front().submitted_us) / 1000;
  health.commit_us_max = std::max(commit_us_max_[0], commit_us_max_[1]);
  return health;
}

// The writer: requests first, then what waits, then the log; else it sleeps until one of them is due.
void SqliteStore::run() {
  std::unique_lock lock(mutex_);
  Instant give_up = Instant::max();
  for (;;) {
    if (is_closing_ && give_up == Instant::max())
      give_up = steady_clock::now() + milliseconds(settings_.close_wait_ms);
    if (!requests_.empty()) {
      const auto request = std::move(requests_.front());
      requests_.pop_front();
      lock.unlock();
      request();
      lock.lock();
      continue;
    }
    const Instant now = steady_clock::now();
    if (is_closing_ && (waiting_.empty() || now >= give_up)) break;
    if (!waiting_.empty() && now >= next_commit_) {
      commit_group(lock);
    } else if (waiting_.empty() && now >= tend_log_at()) {
      tend_log(lock);
    } else {
      const Instant due = waiting_.empty() ? tend_log_at() : next_commit_;
      if (due == Instant::max()) {
        wake_.wait(lock);
      } else {
        wake_.wait_until(lock, std::min(due, give_up));
      }
    }
  }
  if (!waiting_.empty()) {
    log::error("store.closed_unwritten", {{"batches", waiting_.size()}, {"problem", health_.problem}});
  } else if (auto emptied = file_->checkpoint(StoreFile::Checkpoint::truncate); !emptied) {
    log::warning("store.log_kept", {{"problem", emptied.error().message}});
  }
}

// One transaction. The lock is let go while the disk is written, and for Committed.
void SqliteStore::commit_group(std::unique_lock<std::mutex>& lock) {
  take_group();
  lock.unlock();
  const Instant begun = steady_clock::now();
  const auto written = file_->write(group_);
  const Instant ended = steady_clock::now();
  if (!written) {
    // A log that could be written from its start again needs no more room on the disk.
    (void)file_->checkpoint(StoreFile::Checkpoint::passive);
    retry_ms_ = std::clamp(retry_ms_ * 2, settings_.retry_ms_min, settings_.retry_ms_max);
    next_commit_ = ended + milliseconds(retry_ms_);
    lock.lock();
    note_failure(written.error().message);
    return;
  }
  retry_ms_ = 0;
  next_commit_ = begun + microseconds(settings_.commit_interval_us);
  last_write_ = ended;
  log_is_empty_ = false;

  lock.lock();
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(group_.size());
  std::vector<Waiting> done(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  for (const Waiting& each : done) {
    health_.bytes_waiting -= each.bytes;
    health_.messages_written += each.batch.put_messages.size();
  }
  note_commit(static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(ended - begun).count()));
  lock.unlock();
  announce(done);
  done.clear();
  if (file_->log_bytes() > settings_.log_bytes_max && ended >= log_retry_at_) {
    lock.lock();
    tend_log(lock);
    return;
  }
  lock.lock();
}

// Pointers into a deque stay good while others are pushed behind.
void SqliteStore::take_group() {
  group_.clear();
  std::size_t bytes = 0;
  std::size_t changes = 0;
  for (const Waiting& each : waiting_) {
    bytes += each.bytes;
    changes += each.changes;
    const bool is_too_large =
        bytes > settings_.transaction_bytes_max || changes > settings_.transaction_changes_max;
    if (is_too_large && !group_.empty()) break;
    group_.push_back(&each.batch);
  }
}

void SqliteStore::note_commit(std::uint64_t took_us) {
  const std::uint64_t half_minute = clock_.mono_us() / half_minute_us;
  if (half_minute != half_minute_) {
    commit_us_max_[1] = half_minute == half_minute_ + 1 ? commit_us_max_[0] : 0;
    commit_us_max_[0] = 0;
    half_minute_ = half_minute;
  }
  commit_us_max_[0] = std::max(commit_us_max_[0], took_us);
  ++health_.commits;
  if (!health_.is_writable) log::info("store.writable", {{"batches_waiting", waiting_.size()}});
  health_.is_writable = true;
  health_.problem.clear();
}

void SqliteStore::note_failure(const std::string& problem) {
  if (health_.is_writable || health_.problem != problem)
    log::error("store.unwritable", {{"problem", problem}, {"batches_waiting", waiting_.size()}});
  health_.is_writable = false;
  health_.problem = problem;
}

// Once a shard, with its newest number.
void SqliteStore::announce(const std::vector<Waiting>& done) {
  if (!committed_) return;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> newest;
  for (const Waiting& each : done) {
    const auto found = std::find_if(newest.begin(), newest.end(),
                                    [&](const auto& entry) { return entry.first == each.batch.shard; });
    if (found == newest.end()) {
      newest.emplace_back(each.batch.shard, each.batch.number);
    } else {
      found->second = each.batch.number;
    }
  }
  for (const auto& [shard, number] : newest) committed_(shard, number);
}

// When the log wants attention while nothing waits; max() when it does not.
SqliteStore::Instant SqliteStore::tend_log_at() const {
  if (log_is_empty_) return Instant::max();
  const Instant copy_at = file_->log_bytes() > settings_.log_bytes_quiet
                              ? last_write_ + milliseconds(settings_.quiet_ms)
                              : Instant::max();
  const Instant empty_at = std::min(last_write_ + milliseconds(settings_.empty_after_ms),
                                    last_emptied_ + milliseconds(settings_.empty_every_ms));
  return std::max(std::min(copy_at, empty_at), log_retry_at_);
}

void SqliteStore::tend_log(std::unique_lock<std::mutex>& lock) {
  const Instant now = steady_clock::now();
  const bool is_emptied = now >= last_write_ + milliseconds(settings_.empty_after_ms) ||
                          now >= last_emptied_ + milliseconds(settings_.empty_every_ms);
  lock.unlock();
  const auto tended =
      file_->checkpoint(is_emptied ? StoreFile::Checkpoint::truncate : StoreFile::Checkpoint::passive);
  const std::uint64_t bytes_left = file_->log_bytes();
  lock.lock();
  std::string problem;
  if (!tended) {
    problem = tended.error().message;
  } else if (bytes_left > settings_.log_bytes_quiet) {
    problem =
        "store " + settings_.file.path + ": " + std::to_string(bytes_left >> 10) +
        " KiB of its log cannot be copied into the database while another program reads it; close what has "
        "it open (sqlite3, a backup)";
  }
  if (!problem.empty()) log_retry_at_ = now + milliseconds(settings_.retry_ms_max);
  if (!problem.empty() && log_problem_.empty()) log::warning("store.log_kept", {{"problem", problem}});
  log_problem_ = problem;
  if (!tended || !is_emptied) return;
  log_is_empty_ = true;
  last_emptied_ = now;
}

template <typename Work>
auto SqliteStore::on_writer(Work work) -> decltype(work()) {
  if (!writer_.joinable()) return work();
  // Shared: the caller may be gone before the writer has left the task.
  const auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
  auto result = task->get_future();
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back([task] { (*task)(); });
  }
  wake_.notify_one();
  return result.get();
}

Result<HistoryRecord> SqliteStore::append_history(std::string kind, std::string json) {
  HistoryRecord record;
  record.wall_ms = clock_.wall_ms();
  record.kind = std::move(kind);
  record.json = std::move(json);
  return on_writer([&] {
    log_is_empty_ = false;
    return file_->append_history(std::move(record));
  });
}

Result<std::vector<HistoryRecord>> SqliteStore::history(std::size_t newest_max) {
  return on_writer([&] { return file_->history(newest_max); });
}

Result<void> SqliteStore::set_setting(std::string_view name, std::string_view value) {
  return on_writer([&] {
    log_is_empty_ = false;
    return file_->set_setting(name, value);
  });
}

Result<std::string> SqliteStore::setting(std::string_view name) {
  return on_writer([&] { return file_->setting(name); });
}

Result<void> SqliteStore::checkpoint() {
  return on_writer([&] {
    auto emptied = file_->checkpoint(StoreFile::Checkpoint::truncate);
    if (emptied) log_is_empty_ = true;
    return emptied;
  });
}

}  // namespace hotline

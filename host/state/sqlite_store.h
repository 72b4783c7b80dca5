// SqliteStore: the store of one machine. One writer thread, one SQLite database, group commit.
//
//   submit() -> waiting batches -> one transaction of all that waits -> fsync -> Committed, once a shard
//
// 1. A batch leaves the queue when it is on disk, not before; a failed transaction leaves nothing behind.
// 2. A batch is never split: after a crash a shard's batches are there up to some number, whole, and that
// number
//    is at least the last one Committed was called with.
// 3. After start() only the writer thread touches the database; others have it do their work and wait.
//
// Failure: the transaction is rolled back and tried again after 100 ms, doubling to 2 s, until it goes
// through; health() says why meanwhile. A disk that has room again is noticed by itself.
//
// The log is copied into the database by the writer, never by a commit: when it is large, when nothing waits,
// and emptied when nothing was written for a while, so that deleted messages are gone from the disk soon
// after.
#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "state/store.h"
#include "state/store_file.h"

namespace hotline {

class SqliteStore final : public Store {
 public:
  struct Settings {
    StoreFile::Settings file;
    // A transaction begins this long after the one before it began: what comes in between shares an fsync.
    // After a pause there is no wait.
    std::uint64_t commit_interval_us = 1000;
    std::size_t transaction_changes_max = 8192;  // A larger batch goes alone.
    std::size_t transaction_bytes_max = 8u << 20;
    std::uint64_t log_bytes_max = 8u << 20;    // Copied even while batches wait.
    std::uint64_t log_bytes_quiet = 1u << 20;  // Copied once nothing waited for quiet_ms.
    std::uint64_t quiet_ms = 20;
    std::uint64_t empty_after_ms = 1000;    // Emptied once nothing was written for that long …
    std::uint64_t empty_every_ms = 30'000;  // … or, without such a pause, that often.
    std::uint64_t retry_ms_min = 100;
    std::uint64_t retry_ms_max = 2000;
    std::uint64_t close_wait_ms = 5000;  // How long the destructor tries to commit what waits.
  };

  // `clock` must outlive the store. Fails with words for the operator: a file that is locked, damaged, newer,
  // or another program's.
  static Result<std::unique_ptr<SqliteStore>> open(Settings settings, Clock& clock);
  // `Committed` is called until this returns.
  ~SqliteStore() override;

  Result<void> load(const std::function<void(StoredRow&&)>& on_row,
                    const std::function<void(StoredMessage&&)>& on_message) override;
  std::uint64_t message_id_max() override;
  void start(Committed committed) override;
  void submit(StoreBatch batch) override;
  StoreHealth health() override;
  void read_bodies(std::vector<std::uint64_t> ids, BodiesRead done) override;  // Between two transactions.

  // Any thread but a shard's and the store's own.
  Result<HistoryRecord> append_history(std::string kind, std::string json) override;
  Result<std::vector<HistoryRecord>> history(std::size_t newest_max) override;  // Oldest first.
  Result<void> set_setting(std::string_view name, std::string_view value) override;
  Result<std::string> setting(std::string_view name) override;
  Result<void> checkpoint() override;

 private:
  using Instant = std::chrono::steady_clock::time_point;
  struct Waiting {
    StoreBatch batch;
    std::uint64_t submitted_us = 0;
    std::size_t bytes = 0;
    std::size_t changes = 0;
  };

  SqliteStore(Settings settings, Clock& clock, std::unique_ptr<StoreFile> file);
  template <typename Work>
  auto on_writer(Work work) -> decltype(work());

  void run();
  void commit_group(std::unique_lock<std::mutex>& lock);
  void take_group();
  void note_commit(std::uint64_t took_us);
  void note_failure(const std::string& problem);
  void announce(const std::vector<Waiting>& done);
  void tend_log(std::unique_lock<std::mutex>& lock);
  Instant tend_log_at() const;

  const Settings settings_;
  Clock& clock_;
  Committed committed_;

  // The writer's; before start() and after its end, the owner's.
  std::unique_ptr<StoreFile> file_;
  std::vector<const StoreBatch*> group_;  // The first of waiting_: those of the transaction under way.
  Instant next_commit_{};
  Instant last_write_{};
  Instant last_emptied_{};
  Instant log_retry_at_{};
  std::uint64_t retry_ms_ = 0;
  bool log_is_empty_ = false;

  std::mutex mutex_;  // For all below.
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  std::deque<std::function<void()>> requests_;
  StoreHealth health_;
  std::string log_problem_;
  std::uint64_t commit_us_max_[2] = {0, 0};  // Of this half minute, and of the one before.
  std::uint64_t half_minute_ = 0;
  bool is_closing_ = false;
  std::thread writer_;
};

}  // namespace hotline

// MemoryStore: the store of a simulation. It keeps what a disk would have kept, and breaks when told to.
//
// Nothing happens by itself: what was submitted waits until the simulation commits it, so a seed decides
// where a crash falls. Batches become safe one by one in the order they were submitted, whole or not at all.
// Threads: one.
#pragma once

#include <deque>
#include <map>
#include <tuple>

#include "base/clock.h"
#include "state/store.h"

namespace hotline {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(Clock& clock) : clock_(clock) {}  // Must outlive the store.
  ~MemoryStore() override = default;                     // What waits is forgotten: see commit_all().

  Result<void> load(const std::function<void(StoredRow&&)>& on_row,
                    const std::function<void(StoredMessage&&)>& on_message) override;
  std::uint64_t message_id_max() override;
  void start(Committed committed) override { committed_ = std::move(committed); }
  void submit(StoreBatch batch) override;
  StoreHealth health() override;
  void read_bodies(std::vector<std::uint64_t> ids, BodiesRead done) override;
  Result<HistoryRecord> append_history(std::string kind, std::string json) override;
  Result<std::vector<HistoryRecord>> history(std::size_t newest_max) override;  // Oldest first.
  Result<void> set_setting(std::string_view name, std::string_view value) override;
  Result<std::string> setting(std::string_view name) override;
  Result<void> checkpoint() override;

  // Makes the oldest waiting batch safe and calls Committed. False: none waits, or the disk is full.
  bool commit_next();
  std::size_t commit_all();  // The number made safe, those submitted by Committed included.

  // A disk without room: nothing becomes safe until it is called with false.
  void set_full(bool is_full) { is_full_ = is_full; }

  // The process dies. Of what waited, the first `safe_untold` batches had reached the disk, and nobody was
  // told. Then load() and start() again.
  void crash(std::size_t safe_untold = 0);

  // A disk that lied: the last `count` safe batches (of at most lose_max) are gone. Shows that a simulation
  // notices a loss; no store of ours does this.
  void lose_last(std::size_t count);
  static constexpr std::size_t lose_max = 64;

  std::size_t waiting_count() const { return waiting_.size(); }
  std::size_t message_count() const { return contents().messages.size(); }
  std::size_t row_count() const { return contents().rows.size(); }
  std::vector<StoredRow> rows() const;  // That are safe.

 private:
  struct Contents {
    std::map<std::uint64_t, StoredMessage> messages;
    std::uint64_t id_max = 0;                                                     // Of all there ever were.
    std::map<std::tuple<std::string, std::string, std::string>, StoredRow> rows;  // By account, table, key.
    void apply(const StoreBatch& batch);
  };
  struct Waiting {
    StoreBatch batch;
    std::uint64_t submitted_us = 0;
  };

  void make_safe(StoreBatch batch);
  Contents contents() const;  // A copy: for starts and tests.
  Error full() const;

  Clock& clock_;
  Committed committed_;
  bool is_full_ = false;
  std::deque<Waiting> waiting_;
  std::deque<StoreBatch> recent_;  // Safe, newest last, and not yet in settled_.
  Contents settled_;
  std::vector<HistoryRecord> history_;
  std::map<std::string, std::string, std::less<>> settings_;
  std::uint64_t commits_ = 0;
  std::uint64_t messages_written_ = 0;
};

}  // namespace hotline

// CoreStore: the store of this process, wherever its writer is: here, or, while the core is replaced, in the
// other process.
//
//     A: here ---------------------------------> closed
//     B: far, what is not yet safe is kept ----> here: what is kept is written again
//
// There is one writer at any time. Writing a batch again that was written changes nothing, so whoever takes
// over does so with all that nobody has called safe.
//
// Threads: as Store says; heard_*() from the thread that hears the other process; here() and close() from one
// that may wait for the disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "state/store.h"
#include "upgrade/message.h"
#include "upgrade/store_wire.h"

namespace hotline {

class CoreStore final : public Store {
 public:
  using Say = std::function<void(const upgrade::Message& message)>;  // Never waits; keeps the order.

  explicit CoreStore(std::unique_ptr<Store> here);
  // The writer is far.
  CoreStore(Say say, std::uint64_t message_id_max);
  ~CoreStore() override;

  // Store
  Result<void> load(const std::function<void(StoredRow&&)>& on_row,
                    const std::function<void(StoredMessage&&)>& on_message) override;
  std::uint64_t message_id_max() override;
  void start(Committed committed) override;
  void submit(StoreBatch batch) override;
  StoreHealth health() override;
  void read_bodies(std::vector<std::uint64_t> ids, BodiesRead done) override;
  Result<HistoryRecord> append_history(std::string kind, std::string json) override;
  Result<std::vector<HistoryRecord>> history(std::size_t newest_max) override;
  Result<void> set_setting(std::string_view name, std::string_view value) override;
  Result<std::string> setting(std::string_view name) override;
  Result<void> checkpoint() override;

  // B: what A says of it.
  void heard_safe(const upgrade::Safe& safe);
  void heard_answer(const upgrade::Answer& answer);
  // It answers no more: whoever waits for an answer is told so.
  void far_ended();
  // B: the writer is here from now on; what nobody called safe is submitted first, and what was asked and not
  // answered is asked here.
  void here(std::unique_ptr<Store> store);
  // A: all that was submitted is on disk, or the store is kept and the error says why; then the file is
  // closed.
  Result<void> close();
  bool is_here() const;

 private:
  struct Asked {
    upgrade::Question question;
    std::string bytes;
    std::function<void(Result<std::string>)> done;  // Once.
  };
  void ask(upgrade::Question question, std::string bytes, std::function<void(Result<std::string>)> done);
  Result<std::string> ask_and_wait(upgrade::Question question, std::string bytes);
  void park(bool is_closing);
  Result<void> close_file();
  std::shared_ptr<Store> store_here() const;

  const Say say_;
  const std::uint64_t message_id_max_ = 0;
  Committed committed_;

  mutable std::mutex mutex_;  // For all below.
  std::shared_ptr<Store> here_;
  std::deque<StoreBatch> unsafe_;  // Submitted far, in their order.
  bool is_closing_ = false;
  std::deque<StoreBatch> parked_;  // B's, that came while it closes.
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_ask_ = 0;
  bool has_far_ended_ = false;
};

// A's side of it: what B asks, answered from A's store. `answered` is called once, on any thread; it may wait
// for the disk before that.
void answer_from(Store& store, const upgrade::Ask& ask, std::function<void(upgrade::Answer)> answered);

// B's batches in A's store are those of shards from this number on.
inline constexpr std::uint32_t far_shards = 1u << 16;

}  // namespace hotline

// Store: what survives the process. Behind one interface: SQLite on one machine, memory in a simulation.
//
// A shard collects its changes into a Batch and submits it; the writer commits batches of all shards
// together (group commit) and tells when they are safe. Batches are committed in the order they were
// submitted, those of all shards: what an account's old home has submitted is there before what its new one
// does.
//
// Threads: submit() from any; everything else before the shards run, or where a call says so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"

namespace hotline {

// A message that was put into a mailbox.
struct StoredMessage {
  std::uint64_t id = 0;  // Grows with time; unique in the store.
  std::string account;
  std::uint64_t wall_ms = 0;
  std::uint64_t tag = 0;
  std::uint32_t flags = 0;
  std::string module;  // Whose drain writes it out.
  Ref<const Buffer> body;
};

// A message that is on disk, told to where its account is at home.
struct StoredEntry {
  std::string account;
  std::uint64_t id = 0;
};

// A row of a durable table.
struct StoredRow {
  std::string table;
  std::string account;
  std::string key;
  std::uint32_t schema = 0;
  std::string value;
};

struct StoreBatch {
  std::uint32_t shard = 0;
  std::uint64_t number = 0;  // The shard's own, growing.
  std::vector<StoredMessage> put_messages;
  std::vector<std::uint64_t> drop_messages;
  std::vector<StoredRow> put_rows;
  struct RowName {
    std::string table, account, key;
  };
  std::vector<RowName> erase_rows;
  // Order matters between put and erase of one row: a batch holds one of both for a row, never two.
  bool empty() const {
    return put_messages.empty() && drop_messages.empty() && put_rows.empty() && erase_rows.empty();
  }
};

// One line of the push history, or any other event that must outlive the process.
struct HistoryRecord {
  std::uint64_t number = 0;  // From 1.
  std::uint64_t wall_ms = 0;
  std::string kind;   // "push", "rollback", "refused", "start", …
  std::string json;   // What, who, why, how it ended.
  std::string chain;  // SHA-256 over the record before it and this one, hexadecimal.
};

// The bodies of some messages, in the order they were asked for; null: the store has no such message.
using StoredBodies = std::vector<Ref<const Buffer>>;

struct StoreHealth {
  bool is_writable = true;
  std::string problem;  // "database or disk is full", with the way out.
  std::uint64_t batches_waiting = 0;
  std::uint64_t bytes_waiting = 0;
  std::uint64_t oldest_waiting_ms = 0;
  std::uint64_t commits = 0;
  std::uint64_t messages_written = 0;
  std::uint64_t commit_us_max = 0;  // Of the last minute or so.
};

class Store {
 public:
  // On the store's thread: batch `number` of `shard`, and all before it, are on disk.
  using Committed = std::function<void(std::uint32_t shard, std::uint64_t number)>;

  virtual ~Store() = default;  // Commits what is waiting, if the disk takes it.

  // Before any submit. Rows and messages are handed over in no particular order but: messages by id.
  virtual Result<void> load(const std::function<void(StoredRow&&)>& on_row,
                            const std::function<void(StoredMessage&&)>& on_message) = 0;
  virtual std::uint64_t message_id_max() = 0;
  virtual void start(Committed committed) = 0;

  // Never blocks on the disk. A batch that cannot be written now (disk full, locked) is kept and tried again
  // until it can; health() says why meanwhile.
  virtual void submit(StoreBatch batch) = 0;
  virtual StoreHealth health() = 0;  // Any thread.
  // Reads the bodies of messages that are on disk. Never blocks on it: `done` is called once, on the store's
  // thread, or within the call where the store has none. Any thread.
  using BodiesRead = std::function<void(Result<StoredBodies> bodies)>;
  virtual void read_bodies(std::vector<std::uint64_t> ids, BodiesRead done) = 0;

  // History and small named settings (the running set). Waits for the disk: not from a shard.
  virtual Result<HistoryRecord> append_history(std::string kind, std::string json) = 0;
  virtual Result<std::vector<HistoryRecord>> history(std::size_t newest_max) = 0;
  virtual Result<void> set_setting(std::string_view name, std::string_view value) = 0;
  virtual Result<std::string> setting(std::string_view name) = 0;  // Empty when there is none.
  // Folds the write-ahead log into the database file, so that deleted bytes are gone. Waits for the disk.
  virtual Result<void> checkpoint() = 0;
};

}  // namespace hotline

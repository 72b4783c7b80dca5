// StoreFile: the store's one SQLite database, and every statement that is run on it.
//
//   hotline.db         the database; only checkpoints write it
//   hotline.db-wal     what was committed since the last checkpoint (synchronous=FULL: safe once committed)
//   hotline.db-shm     SQLite's index of the latter
//   hotline.db.lock    held while a host has the store open; a second one is refused
//
// Deleted messages do not remain: secure_delete, the layer of scrub_vfs.h, and a truncating checkpoint.
// Rejected: locking_mode=EXCLUSIVE, because then no `sqlite3` can look at a running store or back it up; and
// mmap, because an I/O error would then be a SIGBUS.
// Threads: one at a time.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "state/sqlite_connection.h"
#include "state/store.h"
#include "state/store_lock.h"
#include "state/store_schema.h"

namespace hotline {

class StoreFile {
 public:
  struct Settings {
    std::string path;
    std::string vfs;                  // SQLite's default when empty. Another one breaks on purpose (tests).
    std::uint32_t page_bytes = 4096;  // Of a new file.
    std::uint32_t cache_bytes = 32u << 20;
    std::uint32_t lock_wait_ms = 2000;  // For a killed host's last child to let go.
    std::uint32_t busy_wait_ms = 200;   // For another program that has the file locked.
    std::span<const StoreUpgrade> schema = store_upgrades();
  };
  enum class Checkpoint {
    passive,   // Copies what it can; the log's file keeps its size and is written from its start again.
    truncate,  // Copies everything and empties the log's file; fails while another program reads.
  };

  // Makes the file and its directory when they are not there; only the host's user may read them.
  static Result<std::unique_ptr<StoreFile>> open(const Settings& settings);
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;
  ~StoreFile();

  Result<void> load(const std::function<void(StoredRow&&)>& on_row,
                    const std::function<void(StoredMessage&&)>& on_message);
  // Of some messages, in the order they were asked for; null: there is no such message.
  Result<StoredBodies> bodies(const std::vector<std::uint64_t>& ids);
  // No message has a greater id, and none that was dropped since had one. Not exact: ids are noted in blocks.
  Result<std::uint64_t> message_id_max();

  // All of `batches` in one transaction, in their order; on an error, none of them. Writing what was written
  // before changes nothing. A message put and dropped within the group never reaches the disk.
  Result<void> write(std::span<const StoreBatch* const> batches);

  // `record` needs kind, json and wall_ms; number and chain are filled in.
  Result<HistoryRecord> append_history(HistoryRecord record);
  Result<std::vector<HistoryRecord>> history(std::size_t newest_max);  // Oldest first.
  Result<void> set_setting(std::string_view name, std::string_view value);
  Result<std::string> setting(std::string_view name);

  Result<void> checkpoint(Checkpoint kind);
  std::uint64_t log_bytes() const {
    return (log_pages_ - log_pages_copied_) * page_bytes_;
  }  // Not yet copied to the database.

 private:
  StoreFile(SqliteConnection connection, StoreLock lock, std::string path);
  Result<void> configure(const Settings& settings);
  Result<void> prepare();
  Result<void> begin(std::string_view while_doing);
  Result<void> commit(std::string_view while_doing);
  Error fail(int code, std::string_view while_doing);

  int put_message(const StoredMessage& message);
  int drop_messages(std::uint64_t first, std::uint64_t last);
  int reserve_ids();
  int write_messages(std::span<const StoreBatch* const> batches);
  int write_rows(const StoreBatch& batch);

  StoreLock lock_;  // First: let go last, since members are destroyed in reverse order.
  std::string path_;
  SqliteConnection connection_;
  std::uint64_t page_bytes_ = 0;
  std::uint64_t log_pages_ = 0;
  std::uint64_t log_pages_copied_ = 0;

  std::uint64_t ids_reserved_ = 0;    // On disk: ids up to here may have been used.
  std::uint64_t ids_to_reserve_ = 0;  // The same, once the transaction under way is committed.

  SqliteStatement begin_, commit_, read_body_, put_message_, drop_message_, drop_range_, put_row_, erase_row_,
      reserve_ids_;
  // A group's messages by id, between write()s only their room.
  std::vector<const StoredMessage*> puts_;
  std::vector<std::uint64_t> drops_;
};

}  // namespace hotline

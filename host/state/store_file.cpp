#include "state/store_file.h"

#include <algorithm>

#include "base/check.h"
#include "state/history_chain.h"
#include "state/scrub_vfs.h"

namespace hotline {
namespace {

constexpr std::uint64_t id_block = 1u << 20;  // Of message ids; what a restart may pass over.

std::string text(std::string_view bytes) {
  return std::string(bytes);
}

}  // namespace

StoreFile::StoreFile(SqliteConnection connection, StoreLock lock, std::string path)
    : lock_(std::move(lock)), path_(std::move(path)), connection_(std::move(connection)) {}

StoreFile::~StoreFile() = default;

Result<std::unique_ptr<StoreFile>> StoreFile::open(const Settings& settings) {
  const auto vfs = scrub_vfs_over(settings.vfs);
  if (!vfs) return vfs.error();
  auto lock = StoreLock::take(settings.path, settings.lock_wait_ms);
  if (!lock) return lock.error();
  auto connection = SqliteConnection::open(settings.path, vfs.value());
  if (!connection) return connection.error();
  std::unique_ptr<StoreFile> file(
      new StoreFile(std::move(connection.value()), std::move(lock.value()), settings.path));
  if (auto configured = file->configure(settings); !configured) return configured.error();
  if (auto prepared = file->prepare(); !prepared) return prepared.error();
  return file;
}

Result<void> StoreFile::configure(const Settings& settings) {
  sqlite3_busy_timeout(connection_.get(), static_cast<int>(settings.busy_wait_ms));
  const std::string pragmas = "PRAGMA page_size = " + std::to_string(settings.page_bytes) +
                              "; PRAGMA cache_size = -" + std::to_string(settings.cache_bytes / 1024) +
                              "; PRAGMA max_page_count = " + std::to_string(scrub_pages_max) +
                              "; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA mmap_size = 0; "
                              "PRAGMA wal_autocheckpoint = 0;";
  if (const int code = connection_.execute(pragmas); code != SQLITE_OK) return fail(code, "opening it");
  // The schema before the journal mode: another program's file is left as it is.
  if (auto upgraded = upgrade_schema(connection_, path_, settings.schema); !upgraded) return upgraded;
  const auto mode = connection_.query_text("PRAGMA journal_mode = WAL");
  if (!mode) return mode.error();
  if (mode.value() != "wal") {
    return Error{"store " + path_ +
                 ": its file system has no shared memory, which SQLite's write-ahead log needs; " +
                 "give the host a --state on a local disk"};
  }
  const auto page_bytes = connection_.query_number("PRAGMA page_size");
  if (!page_bytes) return page_bytes.error();
  page_bytes_ = page_bytes.value();
  sqlite3_wal_hook(
      connection_.get(),
      [](void* self, sqlite3*, const char*, int pages) {
        auto& file = *static_cast<StoreFile*>(self);
        if (file.log_pages_copied_ == file.log_pages_) file.log_pages_copied_ = 0;  // It began anew.
        file.log_pages_ = static_cast<std::uint64_t>(pages);
        return SQLITE_OK;
      },
      this);
  return {};
}

Result<void> StoreFile::prepare() {
  const std::pair<SqliteStatement*, std::string_view> statements[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&read_body_, "SELECT body FROM message WHERE id = ?"},
      {&put_message_, "INSERT OR REPLACE INTO message VALUES(?,?,?,?,?,?,?)"},
      {&drop_message_, "DELETE FROM message WHERE id = ?"},
      {&drop_range_, "DELETE FROM message WHERE id BETWEEN ? AND ?"},
      {&put_row_, "INSERT OR REPLACE INTO row VALUES(?,?,?,?,?)"},
      {&erase_row_, "DELETE FROM row WHERE account = ? AND tbl = ? AND key = ?"},
      {&reserve_ids_, "INSERT OR REPLACE INTO meta VALUES('message_ids_reserved', ?)"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = connection_.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(prepared.value());
  }
  const auto reserved =
      connection_.query_number("SELECT ifnull(max(value), 0) FROM meta WHERE name = 'message_ids_reserved'");
  if (!reserved) return reserved.error();
  ids_reserved_ = reserved.value();
  return {};
}

Error StoreFile::fail(int code, std::string_view while_doing) {
  Error error = connection_.problem(code, while_doing);  // Before the rollback: it forgets what went wrong.
  connection_.roll_back();
  return error;
}

Result<void> StoreFile::begin(std::string_view while_doing) {
  // SQLite goes on writing a file that was deleted or moved under it; what it then calls committed is gone.
  int has_moved = 0;
  sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  if (has_moved != 0) {
    return Error{"store " + path_ +
                 ": the file was moved or deleted while the host runs; put it back, or restart the host"};
  }
  if (const int code = begin_.run(); code != SQLITE_OK) return fail(code, while_doing);
  return {};
}

Result<void> StoreFile::commit(std::string_view while_doing) {
  if (const int code = commit_.run(); code != SQLITE_OK) return fail(code, while_doing);
  return {};
}

Result<void> StoreFile::load(const std::function<void(StoredRow&&)>& on_row,
                             const std::function<void(StoredMessage&&)>& on_message) {
  auto rows = connection_.prepare("SELECT tbl, account, key, schema, value FROM row");
  if (!rows) return rows.error();
  int code = SQLITE_OK;
  while ((code = rows->step()) == SQLITE_ROW) {
    on_row({text(rows->bytes(0)), text(rows->bytes(1)), text(rows->bytes(2)),
            static_cast<std::uint32_t>(rows->number(3)), text(rows->bytes(4))});
  }
  if (code != SQLITE_DONE) return fail(code, "reading the tables");
  auto messages =
      connection_.prepare("SELECT id, account, wall_ms, tag, flags, module, body FROM message ORDER BY id");
  if (!messages) return messages.error();
  while ((code = messages->step()) == SQLITE_ROW) {
    on_message({messages->number(0), text(messages->bytes(1)), messages->number(2), messages->number(3),
                static_cast<std::uint32_t>(messages->number(4)), text(messages->bytes(5)),
                Buffer::copy(messages->bytes(6))});
  }
  if (code != SQLITE_DONE) return fail(code, "reading the messages");
  return {};
}

Result<StoredBodies> StoreFile::bodies(const std::vector<std::uint64_t>& ids) {
  StoredBodies bodies;
  bodies.reserve(ids.size());
  for (const std::uint64_t id : ids) {
    read_body_.bind(1, id);
    const int code = read_body_.step();
    bodies.push_back(code == SQLITE_ROW ? Buffer::copy(read_body_.bytes(0)) : nullptr);
    read_body_.reset();
    if (code != SQLITE_ROW && code != SQLITE_DONE) return connection_.problem(code, "reading messages back");
  }
  return bodies;
}

Result<std::uint64_t> StoreFile::message_id_max() {
  auto present = connection_.query_number("SELECT ifnull(max(id), 0) FROM message");
  if (!present) return present;
  return std::max(present.value(), ids_reserved_);
}

Result<void> StoreFile::write(std::span<const StoreBatch* const> batches) {
  if (auto begun = begin("writing"); !begun) return begun;
  int code = write_messages(batches);
  for (const StoreBatch* batch : batches) {
    if (code != SQLITE_OK) break;
    code = write_rows(*batch);
  }
  if (code != SQLITE_OK) return fail(code, "writing");
  auto committed = commit("writing");
  if (committed) ids_reserved_ = ids_to_reserve_;
  return committed;
}

// In the order of their ids, whichever shards they come from: so a page is filled before the next is begun,
// and deleted where it is already at hand.
int StoreFile::write_messages(std::span<const StoreBatch* const> batches) {
  puts_.clear();
  drops_.clear();
  for (const StoreBatch* batch : batches) {
    for (const StoredMessage& message : batch->put_messages) puts_.push_back(&message);
    drops_.insert(drops_.end(), batch->drop_messages.begin(), batch->drop_messages.end());
  }
  const auto by_id = [](const StoredMessage* one, const StoredMessage* other) { return one->id < other->id; };
  if (!std::is_sorted(puts_.begin(), puts_.end(), by_id)) std::stable_sort(puts_.begin(), puts_.end(), by_id);
  if (!std::is_sorted(drops_.begin(), drops_.end())) std::sort(drops_.begin(), drops_.end());

  if (const int code = reserve_ids(); code != SQLITE_OK) return code;
  auto drop = drops_.begin();
  for (const StoredMessage* message : puts_) {
    while (drop != drops_.end() && *drop < message->id) ++drop;
    if (drop != drops_.end() && *drop == message->id) continue;
    if (const int code = put_message(*message); code != SQLITE_OK) return code;
  }
  for (std::size_t at = 0; at < drops_.size();) {
    std::size_t end = at + 1;
    while (end < drops_.size() && drops_[end] - drops_[end - 1] <= 1) ++end;
    if (const int code = drop_messages(drops_[at], drops_[end - 1]); code != SQLITE_OK) return code;
    at = end;
  }
  return SQLITE_OK;
}

// An id is never used twice, though the messages that had the last ones are gone. One write a block keeps
// that in mind.
int StoreFile::reserve_ids() {
  ids_to_reserve_ = ids_reserved_;
  if (puts_.empty() || puts_.back()->id <= ids_reserved_) return SQLITE_OK;
  ids_to_reserve_ = puts_.back()->id + id_block;
  reserve_ids_.bind(1, ids_to_reserve_);
  return reserve_ids_.run();
}

int StoreFile::put_message(const StoredMessage& message) {
  check(message.id >> 63 == 0, "a message id fits SQLite's signed integer");
  put_message_.bind(1, message.id);
  put_message_.bind_text(2, message.account);
  put_message_.bind(3, message.wall_ms);
  put_message_.bind(4, message.tag);
  put_message_.bind(5, message.flags);
  put_message_.bind_text(6, message.module);
  put_message_.bind_blob(7, message.body ? message.body->bytes() : std::string_view());
  return put_message_.run();
}

// All of `first` to `last` are to be dropped.
int StoreFile::drop_messages(std::uint64_t first, std::uint64_t last) {
  SqliteStatement& statement = first == last ? drop_message_ : drop_range_;
  statement.bind(1, first);
  if (first != last) statement.bind(2, last);
  return statement.run();
}

int StoreFile::write_rows(const StoreBatch& batch) {
  for (const StoredRow& row : batch.put_rows) {
    put_row_.bind_text(1, row.account);
    put_row_.bind_text(2, row.table);
    put_row_.bind_text(3, row.key);
    put_row_.bind(4, row.schema);
    put_row_.bind_blob(5, row.value);
    if (const int code = put_row_.run(); code != SQLITE_OK) return code;
  }
  for (const StoreBatch::RowName& row : batch.erase_rows) {
    erase_row_.bind_text(1, row.account);
    erase_row_.bind_text(2, row.table);
    erase_row_.bind_text(3, row.key);
    if (const int code = erase_row_.run(); code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

Result<HistoryRecord> StoreFile::append_history(HistoryRecord record) {
  auto newest = history(1);
  if (!newest) return newest.error();
  const bool is_first = newest->empty();
  record.number = is_first ? 1 : newest->back().number + 1;
  record.chain = history_chain(is_first ? std::string_view() : newest->back().chain, record);
  auto insert = connection_.prepare("INSERT INTO history VALUES(?,?,?,?,?)");
  if (!insert) return insert.error();
  insert->bind(1, record.number);
  insert->bind(2, record.wall_ms);
  insert->bind_text(3, record.kind);
  insert->bind_text(4, record.json);
  insert->bind_text(5, record.chain);
  if (auto begun = begin("writing the history"); !begun) return begun.error();
  if (const int code = insert->run(); code != SQLITE_OK) return fail(code, "writing the history");
  if (auto committed = commit("writing the history"); !committed) return committed.error();
  // The cache is for the rows of the message path. Without this, each push would leave some of it to the
  // history's newest pages.
  connection_.release_memory();
  return record;
}

Result<std::vector<HistoryRecord>> StoreFile::history(std::size_t newest_max) {
  auto select = connection_.prepare(
      "SELECT number, wall_ms, kind, json, chain FROM history ORDER BY number DESC LIMIT ?");
  if (!select) return select.error();
  select->bind(1, newest_max);
  std::vector<HistoryRecord> records;
  int code = SQLITE_OK;
  while ((code = select->step()) == SQLITE_ROW) {
    records.push_back({select->number(0), select->number(1), text(select->bytes(2)), text(select->bytes(3)),
                       text(select->bytes(4))});
  }
  if (code != SQLITE_DONE) return fail(code, "reading the history");
  std::reverse(records.begin(), records.end());
  return records;
}

Result<void> StoreFile::set_setting(std::string_view name, std::string_view value) {
  auto insert = connection_.prepare("INSERT OR REPLACE INTO setting VALUES(?,?)");
  if (!insert) return insert.error();
  insert->bind_text(1, name);
  insert->bind_blob(2, value);
  if (auto begun = begin("writing a setting"); !begun) return begun;
  if (const int code = insert->run(); code != SQLITE_OK) return fail(code, "writing a setting");
  return commit("writing a setting");
}

Result<std::string> StoreFile::setting(std::string_view name) {
  auto select = connection_.prepare("SELECT value FROM setting WHERE name = ?");
  if (!select) return select.error();
  select->bind_text(1, name);
  const int code = select->step();
  if (code == SQLITE_DONE) return std::string();
  if (code != SQLITE_ROW) return fail(code, "reading a setting");
  return text(select->bytes(0));
}

Result<void> StoreFile::checkpoint(Checkpoint kind) {
  int pages = 0;
  int pages_copied = 0;
  const int mode = kind == Checkpoint::passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  const int code = sqlite3_wal_checkpoint_v2(connection_.get(), "main", mode, &pages, &pages_copied);
  if (code != SQLITE_OK) return fail(code, "copying the log into the database");
  log_pages_ = static_cast<std::uint64_t>(std::max(pages, 0));
  log_pages_copied_ = static_cast<std::uint64_t>(std::max(pages_copied, 0));
  return {};
}

}  // namespace hotline

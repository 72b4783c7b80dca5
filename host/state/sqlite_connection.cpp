#include "state/sqlite_connection.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace hotline {

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)) {}

SqliteStatement& SqliteStatement::operator=(SqliteStatement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}

// SQLite takes a null pointer for NULL; no bytes are an empty value here.
void SqliteStatement::bind_text(int at, std::string_view value) {
  sqlite3_bind_text(statement_, at, value.data() == nullptr ? "" : value.data(),
                    static_cast<int>(value.size()), SQLITE_STATIC);
}

void SqliteStatement::bind_blob(int at, std::string_view value) {
  sqlite3_bind_blob(statement_, at, value.data() == nullptr ? "" : value.data(),
                    static_cast<int>(value.size()), SQLITE_STATIC);
}

int SqliteStatement::run() {
  const int code = sqlite3_step(statement_);
  const int reset_code = sqlite3_reset(statement_);
  if (code == SQLITE_DONE || code == SQLITE_ROW) return reset_code;
  return code;
}

std::string_view SqliteStatement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<SqliteConnection> SqliteConnection::open(const std::string& path, const std::string& vfs) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                   vfs.empty() ? nullptr : vfs.c_str());
  SqliteConnection connection(raw, path);
  if (code != SQLITE_OK) return connection.problem(code, "opening it");
  sqlite3_extended_result_codes(raw, 1);
  return connection;
}

SqliteConnection::SqliteConnection(SqliteConnection&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)), path_(std::move(other.path_)) {}

SqliteConnection& SqliteConnection::operator=(SqliteConnection&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(path_, other.path_);
  return *this;
}

Result<SqliteStatement> SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return problem(code, "preparing a statement");
  return SqliteStatement(statement);
}

Result<std::uint64_t> SqliteConnection::query_number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const int code = statement->step();
  if (code != SQLITE_ROW) return problem(code, "reading it");
  return statement->number(0);
}

Result<std::string> SqliteConnection::query_text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const int code = statement->step();
  if (code != SQLITE_ROW) return problem(code, "reading it");
  return std::string(statement->bytes(0));
}

void SqliteConnection::roll_back() {
  if (sqlite3_get_autocommit(connection_) == 0) execute("ROLLBACK");
}

Error SqliteConnection::problem(int code, std::string_view while_doing) const {
  const int disk_error = sqlite3_system_errno(connection_);
  std::string text = "store " + path_ + ": " + std::string(while_doing) + " failed: " + sqlite3_errstr(code);
  // Where SQLite meets a full disk in another call than write(), it says "disk I/O error".
  const bool is_full = (code & 0xff) == SQLITE_FULL ||
                       ((code & 0xff) == SQLITE_IOERR && (disk_error == ENOSPC || disk_error == EDQUOT));
  if (is_full) return {text + "; make room on its file system: what waits is then written by itself"};
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {text + "; another program holds it: close what has it open (sqlite3, a backup)"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {text + " (" + sqlite3_errmsg(connection_) +
              "); stop the host and put a backup in its place, or save what can be read with `sqlite3 " +
              path_ + " .recover`"};
    case SQLITE_IOERR: {
      const std::string reason = disk_error == 0 ? "" : std::string(", ") + std::strerror(disk_error);
      return {text + " (code " + std::to_string(code) + reason +
              "); see the kernel's log about its disk: what waits is tried again by itself"};
    }
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return {text +
              "; the host must be able to write the file, its directory and what is beside it (-wal, -shm)"};
    default: return {text + " (code " + std::to_string(code) + ", " + sqlite3_errmsg(connection_) + ")"};
  }
}

}  // namespace hotline

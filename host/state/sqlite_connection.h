// SqliteConnection and SqliteStatement: SQLite's C objects with an owner, and its errors in words.
//
// Threads: one at a time (SQLITE_OPEN_NOMUTEX): a connection and its statements belong together.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hotline {

// A prepared statement, finalized with its owner. Parameters count from 1, columns from 0.
// What is bound is borrowed and must live until the statement was run.
class SqliteStatement {
 public:
  SqliteStatement() = default;
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&& other) noexcept;
  ~SqliteStatement() { sqlite3_finalize(statement_); }

  void bind(int at, std::uint64_t value) {
    sqlite3_bind_int64(statement_, at, static_cast<sqlite3_int64>(value));
  }
  void bind_text(int at, std::string_view value);
  void bind_blob(int at, std::string_view value);

  // Runs a statement that has no rows to give, and makes it ready for the next time. SQLITE_OK or an error.
  int run();
  // SQLITE_ROW, SQLITE_DONE or an error. After anything but a row: reset().
  int step() { return sqlite3_step(statement_); }
  void reset() { sqlite3_reset(statement_); }

  std::uint64_t number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
  }
  // Valid until the next step or reset.
  std::string_view bytes(int column) const;

 private:
  sqlite3_stmt* statement_ = nullptr;
};

class SqliteConnection {
 public:
  // Opens `path`, which must exist (a file of no bytes will do), through the named VFS.
  static Result<SqliteConnection> open(const std::string& path, const std::string& vfs);
  SqliteConnection(SqliteConnection&& other) noexcept;
  SqliteConnection& operator=(SqliteConnection&& other) noexcept;
  ~SqliteConnection() { sqlite3_close(connection_); }

  int execute(const std::string& sql) {
    return sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  }
  Result<SqliteStatement> prepare(std::string_view sql);
  // The first column of the first row, as a number and as text.
  Result<std::uint64_t> query_number(std::string_view sql);
  Result<std::string> query_text(std::string_view sql);
  // Gives back what is cached and can be read again.
  void release_memory() { sqlite3_db_release_memory(connection_); }
  // Undoes an open transaction, if SQLite has not done so already.
  void roll_back();

  // Why the last call failed, and what the operator can do: `while_doing` reads like "writing messages".
  Error problem(int code, std::string_view while_doing) const;
  sqlite3* get() const { return connection_; }

 private:
  SqliteConnection(sqlite3* connection, std::string path) : connection_(connection), path_(std::move(path)) {}

  sqlite3* connection_ = nullptr;
  std::string path_;
};

}  // namespace hotline

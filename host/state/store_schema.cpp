#include "state/store_schema.h"

namespace hotline {
namespace {

constexpr std::uint64_t application_id =
    0x484f544c;  // "HOTL": tells our files from others' (PRAGMA application_id).

constexpr StoreUpgrade steps_known[] = {
    // Ids grow with time, so messages are appended at one end and nothing is moved. Rows lie by account: what
    // an account owns is read and carried together.
    {1, R"sql(
      CREATE TABLE message(
        id INTEGER PRIMARY KEY, account TEXT NOT NULL, wall_ms INTEGER NOT NULL, tag INTEGER NOT NULL,
        flags INTEGER NOT NULL, module TEXT NOT NULL, body BLOB NOT NULL);
      CREATE TABLE row(
        account TEXT NOT NULL, tbl TEXT NOT NULL, key TEXT NOT NULL, schema INTEGER NOT NULL, value BLOB NOT NULL,
        PRIMARY KEY(account, tbl, key)) WITHOUT ROWID;
      CREATE TABLE history(
        number INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL,
        chain TEXT NOT NULL);
      CREATE TABLE setting(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    )sql"},
};

Error foreign(const std::string& path) {
  return {"store " + path +
          " is an SQLite database of another program; give the host a state directory of its own"};
}

// The number of the last step taken; 0 for a new file.
Result<std::uint64_t> schema_number(SqliteConnection& connection, const std::string& path) {
  const auto application = connection.query_number("PRAGMA application_id");
  if (!application) return application.error();
  const auto tables = connection.query_number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (application.value() == 0 && tables.value() == 0) return std::uint64_t{0};
  if (application.value() != application_id) return foreign(path);
  return connection.query_number("SELECT value FROM meta WHERE name = 'schema'");
}

}  // namespace

std::span<const StoreUpgrade> store_upgrades() {
  return steps_known;
}

Result<void> upgrade_schema(SqliteConnection& connection, const std::string& path,
                            std::span<const StoreUpgrade> steps) {
  const auto found = schema_number(connection, path);
  if (!found) return found.error();
  const std::uint64_t newest = steps.size();
  if (found.value() == newest) return {};
  if (found.value() > newest) {
    return Error{"store " + path + " has schema " + std::to_string(found.value()) +
                 ", and this host knows schemas up to " + std::to_string(newest) +
                 "; start the host that wrote it, or a newer one"};
  }
  std::string sql = "BEGIN IMMEDIATE;";
  if (found.value() == 0) {
    sql += "PRAGMA application_id = " + std::to_string(application_id) +
           "; CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;";
  }
  for (const StoreUpgrade& step : steps.subspan(found.value())) sql += step.sql;
  sql += "INSERT OR REPLACE INTO meta VALUES('schema', " + std::to_string(newest) + "); COMMIT;";
  const int code = connection.execute(sql);
  if (code == SQLITE_OK) return {};
  const Error error = connection.problem(
      code, "upgrading it from schema " + std::to_string(found.value()) + " to " + std::to_string(newest));
  connection.roll_back();
  return error;
}

}  // namespace hotline

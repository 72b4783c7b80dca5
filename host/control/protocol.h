// What the control methods take and answer: the same structs on both ends of the socket.
//
//     method       parameters                          result
//     status       {}                                  StatusReport
//     memory       {}                                  MemoryReport
//     modules      {}                                  ModulesReport
//     plan         {files, reason, force}              PlanReport; PushProgress as notifications
//     push         {files, as_one, reason, force,      PushReport; PushProgress as notifications.
//                   shadow_ms, shadow_max, canary,   `canary` has the shares in hundredths of a percent,
//                   canary_accounts, hold_ms,        `shadow_max` how many of 1,000 events may differ
//                   gate_ms}
//     canary.status, .pause, .resume {}                CanaryStatus
//     canary.promote, .abort {reason}                  PushReport; its outcome is "canary" when a push went
//                                                      on from its shadow run to there, "refused" when a
//                                                      shard was stuck: an abort is then tried again
//     rollback     {module, to, reason}                PushReport; `to` "" is the one before the current
//     module.disable, .enable {module, reason}         PushReport
//     upgrade      {file, reason}                      PushReport; `file` "" is the program before this one
//     history      {limit}                             HistoryReport, newest first
//     blocklist        {}                              BlocklistReport
//     blocklist.add    {build_id, reason}              BlockReport
//     blocklist.remove {build_id}                      {}
//     user.add     {account, password}                 {account}          (these four are commands of
//     user.passwd  {account, password}                 {account}           the module that keeps
//     user.remove  {account}                           {account}           accounts)
//     user.list    {}                                  AccountsReport
//     sessions     {account}                           SessionsReport; `account` "" is all
//     mailbox      {account}                           MailboxReport
//     partitions   {}                                  PartitionsReport
//     partition.move {partition, shard}                PartitionMoveReport
//     tables       {}                                  TablesReport
//     parked.list  {}                                  ParkedReport
//     quarantine.list   {}                             QuarantineReport, oldest first
//     quarantine.drop   {number}                       {dropped}; `number` 0 is all
//     quarantine.retry  {number}                       {number}
//     log.level    {level}                             {level}
//     config.show  {}                                  config_report() of config_keys.h
//     tls.reload   {}                                  TlsReport
//     shutdown     {}                                  {}; the connection closes when the host has ended
//
// What is refused (a file that does not verify, an account that exists) is the error -32000 with a
// message to show as it is, but for push and rollback: these answer a report with the outcome "refused".
//
// Members are only added, never renamed: a missing one is read as its default, an unknown one ignored,
// so that a command line and a host of neighbouring versions understand each other. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hotline {

struct ListenReport {
  std::string kind;
  std::string address;
  std::uint32_t port = 0;
};

// Decayed over 1, 10 and 100 seconds, a second.
struct RateReport {
  double s1 = 0;
  double s10 = 0;
  double s100 = 0;
};

struct ShardReport {
  std::uint32_t number = 0;
  std::uint64_t connections = 0;
  std::uint64_t sessions = 0;           // Attached and detached.
  std::uint64_t sessions_detached = 0;  // Of these: without a connection, waiting to be resumed.
  std::uint64_t inbox = 0;              // Events from other shards that wait.
  std::uint64_t inbox_longest = 0;      // The most that ever waited.
  double loop_busy = 0;                 // Share of the time the loop was not waiting, 0 to 1.
};

struct MessagesReport {
  std::uint64_t stanzas_in = 0;
  std::uint64_t stanzas_out = 0;
  std::uint64_t messages = 0;  // Of the stanzas in: messages.
  RateReport stanzas_in_per_s;
  RateReport stanzas_out_per_s;
  std::uint64_t mailboxes = 0;  // Those that are not empty.
  std::uint64_t mailbox_entries = 0;
  std::uint64_t mailbox_bytes = 0;
  std::uint64_t mailbox_memory_bytes = 0;      // Of those, in memory; the rest is on disk only.
  std::uint64_t mailbox_bodies_given_up = 0;   // Left memory, since the start ...
  std::uint64_t mailbox_bodies_read_back = 0;  // ... and were read from the disk again.
  std::uint64_t mailbox_expired = 0;           // Nobody took them in time.
  std::uint64_t silent_clients_cut = 0;        // They were asked for a sign of life and gave none.
  std::uint64_t proxy_headers_refused = 0;     // Connections of load balancers that did not say for whom.
  std::uint64_t transfers_refused = 0;         // Of files: no place was left, or none for that address.
};

struct StoreReport {
  bool is_writable = true;
  std::string problem;  // With the way out; empty: none.
  std::uint64_t batches_waiting = 0;
  std::uint64_t bytes_waiting = 0;
  std::uint64_t oldest_waiting_ms = 0;
  std::uint64_t commits = 0;
  std::uint64_t messages_written = 0;
  std::uint64_t commit_us_max = 0;
};

struct AlarmReport {
  std::string name;     // "store.unwritable"
  std::string message;  // The thing, the limit, the way out.
  std::uint64_t since_wall_ms = 0;
};

struct ModuleReport {
  std::string name;
  std::string version;
  std::string build_id;
  // "current", "disabled" (in its place), "previous" (where a rollback leads), "resident" (older, still
  // loaded), "left" (gone back from or blocked, still loaded), "candidate", "pinned".
  std::string state;
  std::uint64_t live_wall_ms = 0;                           // When it last became current; 0: never.
  std::uint64_t calls = 0;                                  // Of this generation.
  std::uint64_t faults = 0;                                 // Likewise.
  std::uint64_t slow_calls = 0;                             // Ended well, and over the soft budget.
  std::uint64_t signals = 0, exceptions = 0, overruns = 0;  // Of the faults.
  std::string newest_fault;                                 // What, where, in which call; never about whom.
  std::optional<double> call_us_p50;                        // Unset where it is not measured.
  std::optional<double> call_us_p99;
  std::uint64_t memory_bytes = 0;                // In its arena.
  std::map<std::string, std::int64_t> counters;  // The module's own.
  std::string signer;                            // Name of the key that signed it; empty: none.
  std::string note;                              // Why it stays mapped, where it should not.
};

struct ModulesReport {
  std::vector<ModuleReport> modules;
};

struct PushesReport {
  std::uint64_t pushes = 0;
  std::uint64_t rollbacks = 0;
  std::uint64_t refused = 0;
  std::uint64_t pause_us_last = 0;  // The longest any shard stood still at the barrier of the last one.
  std::uint64_t pause_us_max = 0;   // Of all since the start.
};

struct TlsReport {
  std::string certificate;  // Path.
  std::string fingerprint;  // SHA-256, hexadecimal.
  bool is_development = false;
};

// How many rows of a table have a schema.
struct SchemaReport {
  std::uint32_t schema = 0;
  std::uint64_t rows = 0;
};

struct TableReport {
  std::string name;
  std::string module;  // Whose it is; empty: no live module's.
  bool is_durable = true;
  std::uint32_t writes = 0;  // The schema its module writes.
  std::vector<SchemaReport> schemas;
  std::uint64_t converting = 0;       // Rows that were to be converted when the last sweep began ...
  std::uint64_t converting_left = 0;  // ... and of those, how many still are.
  std::uint64_t parked = 0;           // Rows that cannot be converted.
};

struct TablesReport {
  std::vector<TableReport> tables;
};

// Never a row's content.
struct ParkedRowReport {
  std::string table, account, key;
  std::uint32_t schema = 0;
  std::string why;
};

struct ParkedReport {
  std::uint64_t parked = 0;
  std::vector<ParkedRowReport> rows;  // The first thousand of each shard.
};

struct StatusReport {
  std::string version;
  std::int64_t pid = 0;
  std::string domain;
  std::string state_dir;
  std::uint64_t uptime_s = 0;
  std::uint64_t memory_bytes = 0;  // Resident.
  std::vector<ListenReport> listen;
  TlsReport tls;
  std::vector<ShardReport> shards;
  MessagesReport messages;
  StoreReport store;
  std::vector<AlarmReport> alarms;
  std::vector<ModuleReport> modules;  // The current generation of each.
  std::vector<TableReport> tables;    // Those that are being converted, or have rows that are parked.
  PushesReport pushes;
  // A signal was survived: memory may have been scribbled on, and a planned restart is asked for.
  bool is_tainted = false;
  std::string taint;              // The first of them.
  std::uint64_t quarantined = 0;  // Events in the quarantine.
};

// One module's part in a push or rollback.
struct ModuleChange {
  std::string name;
  std::string from;  // Version; empty: it was not there before.
  std::string to;
  std::string build_id;  // Of `to`.
  std::string signer;    // Name of the key that signed it; empty: none.
};

struct RefusalReport {
  std::string file;    // Or module, for a rollback.
  std::string reason;  // With the way out.
};

struct StepReport {
  std::string name;  // "verify", "preflight", "stage", "live", "retire"
  double ms = 0;
  std::string detail;  // What there is to say of it; may be empty.
};

struct PushReport {
  std::string outcome;       // "live", "refused", or "aborted": taken back in its shadow run or in canary.
  std::uint64_t number = 0;  // In the history.
  std::vector<ModuleChange> modules;
  std::vector<RefusalReport> refusals;
  std::vector<StepReport> steps;
  std::vector<std::string> notes;  // Worth knowing, nothing to stop for.
  double took_ms = 0;              // From the request to live.
  std::uint64_t pause_us = 0;      // The longest any shard stood still at the barrier.
  // Of an upgrade: of each partition, shortest first, that no process served it.
  std::vector<std::uint64_t> partition_pauses_us;
};

// A table whose rows change their schema.
struct PlannedTableReport {
  std::string name;
  std::uint32_t from = 0;  // 0: it is new.
  std::uint32_t to = 0;
  std::string way;  // "up and down proved on 200 live rows"
};

// A key below `modules.<name>` in the configuration. Never its value.
struct PlannedKeyReport {
  std::string name;
  bool is_set = false;
  bool is_read = true;  // False: the module did not ask for it in preflight.
};

struct PlannedModuleReport {
  std::string file, name, from, to, build_id, signer;
  std::string kind;  // "code only", "new module", "schema step", "ABI step 1.0 -> 1.1", "needs a newer host"
  std::vector<std::string> gained, lost;  // Routes, commands, tables: as the manifest says them.
  std::vector<std::string> needs, needs_no_more;
  std::vector<PlannedTableReport> tables;
  std::vector<PlannedKeyReport> config;
};

struct PlanReport {
  std::vector<PlannedModuleReport> modules;
  std::vector<RefusalReport> blockers;  // What a push would be refused for.
  std::vector<std::string> notes;
  bool is_hot = false;         // It can go live without a restart.
  std::uint64_t barriers = 0;  // So many were there lately,
  std::uint64_t pause_us = 0;  // and the longest made a shard wait so long: what is to be expected.
};

// The push that is in a shadow run or in canary, or whose gate is still open.
struct CanaryStatus {
  std::string state;  // "none", "shadow", "canary", "paused", "provisional"
  std::vector<ModuleChange> modules;
  std::string share;       // Of the accounts: "5 %".
  std::uint64_t step = 0;  // Of the shares, from 1; 0: in its shadow run, or provisional.
  std::uint64_t steps = 0;
  std::uint64_t passed_ms = 0;  // Of hold_ms.
  std::uint64_t hold_ms = 0;
  std::vector<std::string> says;  // What was compared and differed; what the gate found, or waits for.
};

// While a push runs: a step has ended; or, once, with the step "plan", what the push is about to change.
struct PushProgress {
  std::string step;
  std::string detail;  // "12 events, the slowest 41 us", or empty.
  double ms = 0;
  std::optional<PlanReport> plan;
};

struct HistoryEntry {
  std::uint64_t number = 0;
  std::uint64_t wall_ms = 0;
  std::string kind;  // "start", "push", "rollback", …
  std::string outcome;
  std::string user;
  std::int64_t uid = -1;
  std::int64_t pid = 0;
  std::string reason;  // As the operator gave it.
  std::vector<ModuleChange> modules;
  std::vector<RefusalReport> refusals;
  std::vector<StepReport> steps;  // The last of a refused push is the one that refused.
  double took_ms = 0;
  std::uint64_t pause_us = 0;
};

struct HistoryReport {
  std::vector<HistoryEntry> records;
};

struct BlockedReport {
  std::string build_id, module, version;
  std::string reason;
  std::string by;
  std::uint64_t wall_ms = 0;
};

struct BlockReport {
  std::string build_id;         // The whole of it.
  std::string module, version;  // Empty: that build was never loaded here.
  std::string warning;          // A start of the host needs that build: what to do first. Empty: none does.
};

struct BlocklistReport {
  std::vector<BlockedReport> blocked;
};

struct AccountsReport {
  std::vector<std::string> accounts;
};

struct SessionReport {
  std::string address;  // Full JID.
  std::uint32_t shard = 0;
  bool is_attached = true;
  std::string peer;       // Address of the client; empty while detached.
  std::string transport;  // "TLSv1.3", "ws+TLSv1.2", "tcp".
  std::uint64_t since_wall_ms = 0;
  bool has_sm = false;
  std::uint64_t unacknowledged = 0;  // Stanzas sent and not yet acknowledged by the client.
};

struct SessionsReport {
  std::vector<SessionReport> sessions;
};

// Never a message's content.
struct MailboxReport {
  std::string account;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t entries_max = 0;
  std::uint64_t bytes_max = 0;
  std::uint64_t oldest_wall_ms = 0;  // 0: it is empty.
};

// Who holds how much memory. Parts are counted, none is estimated.
struct MemoryPartReport {
  std::string name;
  std::uint64_t count = 0;  // 0: of what cannot be counted.
  std::uint64_t bytes = 0;
};

struct MemoryReport {
  std::uint64_t resident_bytes = 0;  // The process's, as the kernel counts it.
  std::uint64_t sessions = 0;
  std::vector<MemoryPartReport> parts;
  std::int64_t rest_bytes = 0;  // Resident and in no part; less than 0: parts that are not resident.
};

// One of the 256 shares of all accounts.
struct PartitionReport {
  std::uint32_t partition = 0;
  std::uint32_t shard = 0;
  std::uint64_t accounts = 0;
  std::uint64_t sessions = 0;
  std::uint64_t connections = 0;
  std::uint64_t mailbox_entries = 0;
};

struct PartitionsReport {
  std::vector<PartitionReport> partitions;  // One that moves just now is missing.
};

struct PartitionMoveReport {
  std::uint32_t partition = 0;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint64_t accounts = 0;
  std::uint64_t sessions = 0;
  std::uint64_t connections = 0;
  std::uint64_t mailbox_entries = 0;
  std::uint64_t pause_us = 0;  // That nobody served it.
  std::uint64_t whole_us = 0;
};

// An event that no generation of its module survived. What it said is not told.
struct QuarantineEntry {
  std::uint64_t number = 0;
  std::string module;
  std::string call;  // "on_stanza"
  std::string account;
  std::uint64_t wall_ms = 0;
  bool has_content = false;  // It can be offered again.
};

struct QuarantineReport {
  std::vector<QuarantineEntry> entries;
  std::uint64_t total = 0;  // That ever came, since the start.
};

// Each as JSON, in protocol.cpp: written whole, read with the defaults above for what is missing.
#define HOTLINE_DECLARE_JSON(Report)                       \
  void to_json(nlohmann::json& out, const Report& report); \
  void from_json(const nlohmann::json& in, Report& report);
HOTLINE_DECLARE_JSON(ModuleReport)
HOTLINE_DECLARE_JSON(ListenReport)
HOTLINE_DECLARE_JSON(RateReport)
HOTLINE_DECLARE_JSON(ShardReport)
HOTLINE_DECLARE_JSON(MessagesReport)
HOTLINE_DECLARE_JSON(StoreReport)
HOTLINE_DECLARE_JSON(AlarmReport)
HOTLINE_DECLARE_JSON(ModulesReport)
HOTLINE_DECLARE_JSON(PushesReport)
HOTLINE_DECLARE_JSON(TlsReport)
HOTLINE_DECLARE_JSON(SchemaReport)
HOTLINE_DECLARE_JSON(TableReport)
HOTLINE_DECLARE_JSON(TablesReport)
HOTLINE_DECLARE_JSON(ParkedRowReport)
HOTLINE_DECLARE_JSON(ParkedReport)
HOTLINE_DECLARE_JSON(StatusReport)
HOTLINE_DECLARE_JSON(QuarantineEntry)
HOTLINE_DECLARE_JSON(QuarantineReport)
HOTLINE_DECLARE_JSON(ModuleChange)
HOTLINE_DECLARE_JSON(RefusalReport)
HOTLINE_DECLARE_JSON(StepReport)
HOTLINE_DECLARE_JSON(PushReport)
HOTLINE_DECLARE_JSON(PlannedTableReport)
HOTLINE_DECLARE_JSON(PlannedKeyReport)
HOTLINE_DECLARE_JSON(PlannedModuleReport)
HOTLINE_DECLARE_JSON(PlanReport)
HOTLINE_DECLARE_JSON(PushProgress)
HOTLINE_DECLARE_JSON(CanaryStatus)
HOTLINE_DECLARE_JSON(HistoryEntry)
HOTLINE_DECLARE_JSON(HistoryReport)
HOTLINE_DECLARE_JSON(BlockedReport)
HOTLINE_DECLARE_JSON(BlockReport)
HOTLINE_DECLARE_JSON(BlocklistReport)
HOTLINE_DECLARE_JSON(AccountsReport)
HOTLINE_DECLARE_JSON(SessionReport)
HOTLINE_DECLARE_JSON(SessionsReport)
HOTLINE_DECLARE_JSON(MailboxReport)
HOTLINE_DECLARE_JSON(MemoryPartReport)
HOTLINE_DECLARE_JSON(MemoryReport)
HOTLINE_DECLARE_JSON(PartitionReport)
HOTLINE_DECLARE_JSON(PartitionsReport)
HOTLINE_DECLARE_JSON(PartitionMoveReport)
#undef HOTLINE_DECLARE_JSON

}  // namespace hotline

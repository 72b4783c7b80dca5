#include "control/protocol.h"

namespace hotline {

// By hand for its optional members: nlohmann/json 3.11.2 does not know std::optional.
void to_json(nlohmann::json& out, const ModuleReport& report) {
  out = {{"name", report.name},
         {"version", report.version},
         {"build_id", report.build_id},
         {"state", report.state},
         {"calls", report.calls},
         {"faults", report.faults},
         {"counters", report.counters},
         {"live_wall_ms", report.live_wall_ms},
         {"slow_calls", report.slow_calls},
         {"signals", report.signals},
         {"exceptions", report.exceptions},
         {"overruns", report.overruns},
         {"newest_fault", report.newest_fault},
         {"memory_bytes", report.memory_bytes},
         {"note", report.note},
         {"signer", report.signer}};
  if (report.call_us_p50) out["call_us_p50"] = *report.call_us_p50;
  if (report.call_us_p99) out["call_us_p99"] = *report.call_us_p99;
}

void from_json(const nlohmann::json& in, ModuleReport& report) {
  const auto read = [&in](const char* name, auto& member) {
    if (const auto found = in.find(name); found != in.end()) found->get_to(member);
  };
  const auto read_optional = [&in](const char* name, std::optional<double>& member) {
    member.reset();
    if (const auto found = in.find(name); found != in.end() && !found->is_null())
      member = found->get<double>();
  };
  report = {};
  read("name", report.name);
  read("version", report.version);
  read("build_id", report.build_id);
  read("state", report.state);
  read("live_wall_ms", report.live_wall_ms);
  read("calls", report.calls);
  read("faults", report.faults);
  read("slow_calls", report.slow_calls);
  read("signals", report.signals);
  read("exceptions", report.exceptions);
  read("overruns", report.overruns);
  read("newest_fault", report.newest_fault);
  read("memory_bytes", report.memory_bytes);
  read("counters", report.counters);
  read("note", report.note);
  read("signer", report.signer);
  read_optional("call_us_p50", report.call_us_p50);
  read_optional("call_us_p99", report.call_us_p99);
}

void to_json(nlohmann::json& out, const PushProgress& progress) {
  out = {{"step", progress.step}, {"detail", progress.detail}, {"ms", progress.ms}};
  if (progress.plan) out["plan"] = *progress.plan;
}

void from_json(const nlohmann::json& in, PushProgress& progress) {
  progress = {};
  progress.step = in.value("step", std::string());
  progress.detail = in.value("detail", std::string());
  progress.ms = in.value("ms", 0.0);
  if (const auto found = in.find("plan"); found != in.end()) progress.plan = found->get<PlanReport>();
}

// Here rather than in the header: each of these is some hundred lines to the compiler.
#define HOTLINE_JSON(Report, ...)                                      \
  namespace by_macro {                                                 \
  NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Report, __VA_ARGS__) \
  }                                                                    \
  void to_json(nlohmann::json& out, const Report& report) {            \
    by_macro::to_json(out, report);                                    \
  }                                                                    \
  void from_json(const nlohmann::json& in, Report& report) {           \
    by_macro::from_json(in, report);                                   \
  }

HOTLINE_JSON(ListenReport, kind, address, port)
HOTLINE_JSON(RateReport, s1, s10, s100)
HOTLINE_JSON(ShardReport, number, connections, sessions, sessions_detached, inbox, inbox_longest, loop_busy)
HOTLINE_JSON(MessagesReport, stanzas_in, stanzas_out, messages, stanzas_in_per_s, stanzas_out_per_s,
             mailboxes, mailbox_entries, mailbox_bytes, mailbox_memory_bytes, mailbox_bodies_given_up,
             mailbox_bodies_read_back, mailbox_expired, silent_clients_cut, proxy_headers_refused,
             transfers_refused)
HOTLINE_JSON(StoreReport, is_writable, problem, batches_waiting, bytes_waiting, oldest_waiting_ms, commits,
             messages_written, commit_us_max)
HOTLINE_JSON(AlarmReport, name, message, since_wall_ms)
HOTLINE_JSON(ModulesReport, modules)
HOTLINE_JSON(PushesReport, pushes, rollbacks, refused, pause_us_last, pause_us_max)
HOTLINE_JSON(TlsReport, certificate, fingerprint, is_development)
HOTLINE_JSON(SchemaReport, schema, rows)
HOTLINE_JSON(TableReport, name, module, is_durable, writes, schemas, converting, converting_left, parked)
HOTLINE_JSON(TablesReport, tables)
HOTLINE_JSON(ParkedRowReport, table, account, key, schema, why)
HOTLINE_JSON(ParkedReport, parked, rows)
HOTLINE_JSON(StatusReport, version, pid, domain, state_dir, uptime_s, memory_bytes, listen, tls, shards,
             messages, store, alarms, modules, tables, pushes, is_tainted, taint, quarantined)
HOTLINE_JSON(QuarantineEntry, number, module, call, account, wall_ms, has_content)
HOTLINE_JSON(QuarantineReport, entries, total)
HOTLINE_JSON(ModuleChange, name, from, to, build_id, signer)
HOTLINE_JSON(RefusalReport, file, reason)
HOTLINE_JSON(StepReport, name, ms, detail)
HOTLINE_JSON(PushReport, outcome, number, modules, refusals, steps, notes, took_ms, pause_us,
             partition_pauses_us)
HOTLINE_JSON(PlannedTableReport, name, from, to, way)
HOTLINE_JSON(PlannedKeyReport, name, is_set, is_read)
HOTLINE_JSON(PlannedModuleReport, file, name, from, to, build_id, signer, kind, gained, lost, needs,
             needs_no_more, tables, config)
HOTLINE_JSON(PlanReport, modules, blockers, notes, is_hot, barriers, pause_us)
HOTLINE_JSON(CanaryStatus, state, modules, share, step, steps, passed_ms, hold_ms, says)
HOTLINE_JSON(HistoryEntry, number, wall_ms, kind, outcome, user, uid, pid, reason, modules, refusals, steps,
             took_ms, pause_us)
HOTLINE_JSON(HistoryReport, records)
HOTLINE_JSON(BlockedReport, build_id, module, version, reason, by, wall_ms)
HOTLINE_JSON(BlockReport, build_id, module, version, warning)
HOTLINE_JSON(BlocklistReport, blocked)
HOTLINE_JSON(AccountsReport, accounts)
HOTLINE_JSON(SessionReport, address, shard, is_attached, peer, transport, since_wall_ms, has_sm,
             unacknowledged)
HOTLINE_JSON(SessionsReport, sessions)
HOTLINE_JSON(MailboxReport, account, entries, bytes, entries_max, bytes_max, oldest_wall_ms)
HOTLINE_JSON(MemoryPartReport, name, count, bytes)
HOTLINE_JSON(MemoryReport, resident_bytes, sessions, parts, rest_bytes)
HOTLINE_JSON(PartitionReport, partition, shard, accounts, sessions, connections, mailbox_entries)
HOTLINE_JSON(PartitionsReport, partitions)
HOTLINE_JSON(PartitionMoveReport, partition, from, to, accounts, sessions, connections, mailbox_entries,
             pause_us, whole_us)

#undef HOTLINE_JSON

}  // namespace hotline

#include <map>

#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"
#include "control/protocol.h"

namespace hotline::cli {
namespace {

std::string counters_text(const std::map<std::string, std::int64_t>& counters) {
  std::string text;
  for (const auto& [name, value] : counters) {
    text.append(text.empty() ? "" : ", ").append(name).append(" ").append(signed_count_text(value));
  }
  return text;
}

std::string short_build_id(const std::string& build_id) {
  return build_id.substr(0, 10);
}

void print_modules(const std::vector<ModuleReport>& modules, std::ostream& out) {
  Table table({{"module", left},
               {"version", left},
               {"build", left},
               {"state", left},
               {"calls", right},
               {"faults", right},
               {"slow", right},
               {"p50", right},
               {"p99", right},
               {"memory", right},
               {"live since", left},
               {"signed by", left},
               {"counters", left},
               {"newest fault", left},
               {"note", left}});
  for (const ModuleReport& module : modules) {
    table.add({module.name, module.version, short_build_id(module.build_id), module.state,
               count_text(module.calls), count_text(module.faults), count_text(module.slow_calls),
               micros_text(module.call_us_p50), micros_text(module.call_us_p99),
               module.memory_bytes == 0 ? "" : bytes_text(module.memory_bytes),
               time_text(module.live_wall_ms), module.signer, counters_text(module.counters),
               module.newest_fault, module.note});
  }
  table.print(out);
}

void print_shards(const std::vector<ShardReport>& shards, std::ostream& out) {
  Table table({{"shard", right},
               {"connections", right},
               {"sessions", right},
               {"detached", right},
               {"inbox", right},
               {"inbox longest", right},
               {"loop busy", right}});
  for (const ShardReport& shard : shards) {
    table.add({std::to_string(shard.number), count_text(shard.connections), count_text(shard.sessions),
               count_text(shard.sessions_detached), count_text(shard.inbox), count_text(shard.inbox_longest),
               share_text(shard.loop_busy)});
  }
  table.print(out);
}

std::string listen_text(const std::vector<ListenReport>& listen) {
  std::string text;
  for (const ListenReport& address : listen) {
    const bool is_v6 = address.address.find(':') != std::string::npos;
    text += (text.empty() ? "" : ", ") + address.kind + " " +
            (is_v6 ? "[" + address.address + "]" : address.address) + ":" + std::to_string(address.port);
  }
  return text.empty() ? "nowhere" : text;
}

std::string store_text(const StoreReport& store) {
  std::string text = store.is_writable ? "writable" : "NOT WRITABLE: " + store.problem;
  text += "; " + counted(store.commits, "commit") + ", the longest " +
          micros_text(static_cast<double>(store.commit_us_max)) + "; " +
          counted(store.messages_written, "message") + " written";
  if (store.batches_waiting > 0) {
    text += "; waiting: " + bytes_text(store.bytes_waiting) + ", the oldest for " +
            micros_text(static_cast<double>(store.oldest_waiting_ms) * 1000);
  }
  return text;
}

std::string messages_text(const MessagesReport& messages) {
  return count_text(messages.stanzas_in) + " in (" + rate_text(messages.stanzas_in_per_s.s10) + "), " +
         count_text(messages.stanzas_out) + " out (" + rate_text(messages.stanzas_out_per_s.s10) + ")";
}

std::string mailboxes_text(const MessagesReport& messages) {
  if (messages.mailboxes == 0) return "all empty";
  return count_text(messages.mailboxes) + (messages.mailboxes == 1 ? " holds " : " hold ") +
         counted(messages.mailbox_entries, "message") + ", " + bytes_text(messages.mailbox_bytes) +
         (messages.mailbox_bodies_given_up == 0
              ? ""
              : " (" + bytes_text(messages.mailbox_memory_bytes) + " of them in memory)");
}

std::string pushes_text(const PushesReport& pushes) {
  std::string text = count_text(pushes.pushes) + " live, " + counted(pushes.rollbacks, "rollback") + ", " +
                     count_text(pushes.refused) + " refused";
  if (pushes.pushes + pushes.rollbacks > 0) {
    text += "; pause at the barrier: last " + micros_text(static_cast<double>(pushes.pause_us_last)) +
            ", longest " + micros_text(static_cast<double>(pushes.pause_us_max));
  }
  return text;
}

void print_status(const StatusReport& status, std::ostream& out) {
  out << "hotlined " << printable(status.version) << " serves " << printable(status.domain) << ", up "
      << duration_text(status.uptime_s) << " (process " << status.pid << ", "
      << bytes_text(status.memory_bytes) << ")\n";
  const auto line = [&out](const char* name, const std::string& text) {
    out << name << std::string(11 - display_width(name), ' ') << printable(text) << '\n';
  };
  line("state", status.state_dir);
  line("listens", listen_text(status.listen));
  if (!status.tls.certificate.empty()) {
    line("tls", status.tls.certificate + (status.tls.is_development ? " (self-made, for development)" : ""));
  }
  line("stanzas", messages_text(status.messages));
  line("mailboxes", mailboxes_text(status.messages));
  line("store", store_text(status.store));
  line("pushes", pushes_text(status.pushes));
  for (const TableReport& table : status.tables) {
    const std::string converting = converting_text(table);
    if (!converting.empty()) line("converting", table.name + " rows " + converting);
    if (table.parked > 0)
      line("parked", counted(table.parked, "row") + " of " + table.name +
                         " cannot be converted: see `hotline parked list`");
  }
  if (status.is_tainted) line("TAINTED", status.taint);
  if (status.quarantined > 0)
    line("quarantine", counted(status.quarantined, "event") + "; see `hotline quarantine list`");
  if (status.alarms.empty()) {
    line("alarms", "none");
  }
  for (const AlarmReport& alarm : status.alarms) {
    line("ALARM", alarm.name + " since " + time_text(alarm.since_wall_ms) + ": " + alarm.message);
  }
  out << '\n';
  print_modules(status.modules, out);
  out << '\n';
  print_shards(status.shards, out);
}

}  // namespace

Exit show_status(Context& context) {
  return context.ask<StatusReport>("status", nlohmann::json::object(),
                                   [&](const StatusReport& status) { print_status(status, context.out); });
}

Exit show_memory(Context& context) {
  return context.ask<MemoryReport>("memory", nlohmann::json::object(), [&](const MemoryReport& report) {
    Table table({{"part", left}, {"count", right}, {"bytes", right}, {"bytes each", right}});
    for (const MemoryPartReport& part : report.parts)
      table.add({part.name, part.count == 0 ? "" : count_text(part.count), count_text(part.bytes),
                 part.count == 0 ? "" : count_text(part.bytes / part.count)});
    table.add({"the rest", "", signed_count_text(report.rest_bytes), ""});
    table.add({"resident", "", count_text(report.resident_bytes), ""});
    table.print(context.out);
    context.out << counted(report.sessions, "session") << '\n';
  });
}

Exit show_modules(Context& context) {
  return context.ask<ModulesReport>("modules", nlohmann::json::object(), [&](const ModulesReport& report) {
    if (report.modules.empty()) {
      context.out << "no module is loaded: push one with `hotline push FILE`\n";
    }
    print_modules(report.modules, context.out);
  });
}

Exit show_sessions(Context& context, const std::string& account) {
  Exit exit = Exit::done;
  std::optional<RpcClient> client = context.connect(exit);
  if (!client) return exit;
  std::optional<std::string> whose = account;
  if (!account.empty() && !(whose = context.account(*client, account, exit))) return exit;
  const RpcResult<nlohmann::json> answer =
      client->call("sessions", {{"account", *whose}}, Context::silence_s_max);
  if (const auto* failure = std::get_if<RpcFailure>(&answer)) return context.fail(*failure);
  return context.show<SessionsReport>(std::get<nlohmann::json>(answer), [&](const SessionsReport& report) {
    if (report.sessions.empty()) {
      context.out << (account.empty() ? "no sessions\n" : "no sessions of " + printable(*whose) + "\n");
    }
    Table table({{"session", left},
                 {"shard", right},
                 {"state", left},
                 {"peer", left},
                 {"transport", left},
                 {"since", left},
                 {"sm", left},
                 {"unacknowledged", right}});
    for (const SessionReport& session : report.sessions) {
      table.add({session.address, std::to_string(session.shard),
                 session.is_attached ? "attached" : "detached", session.peer, session.transport,
                 time_text(session.since_wall_ms), session.has_sm ? "on" : "off",
                 count_text(session.unacknowledged)});
    }
    table.print(context.out);
  });
}

Exit show_mailbox(Context& context, const std::string& account) {
  Exit exit = Exit::done;
  std::optional<RpcClient> client = context.connect(exit);
  if (!client) return exit;
  const std::optional<std::string> whose = context.account(*client, account, exit);
  if (!whose) return exit;
  const RpcResult<nlohmann::json> answer =
      client->call("mailbox", {{"account", *whose}}, Context::silence_s_max);
  if (const auto* failure = std::get_if<RpcFailure>(&answer)) return context.fail(*failure);
  return context.show<MailboxReport>(std::get<nlohmann::json>(answer), [&](const MailboxReport& mailbox) {
    context.out << printable(mailbox.account) << ": " << counted(mailbox.entries, "message") << " of at most "
                << count_text(mailbox.entries_max) << ", " << bytes_text(mailbox.bytes) << " of "
                << bytes_text(mailbox.bytes_max);
    if (mailbox.oldest_wall_ms != 0) context.out << ", the oldest from " << time_text(mailbox.oldest_wall_ms);
    context.out << '\n';
  });
}

}  // namespace hotline::cli

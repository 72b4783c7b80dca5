#include "control/serve/methods.h"

#include <mutex>

#include "base/address.h"
#include "control/config_keys.h"
#include "control/protocol.h"
#include "control/serve/canary_methods.h"
#include "control/serve/memory_report.h"
#include "control/serve/partition_methods.h"
#include "control/serve/table_reports.h"
#include "push/known_build.h"

namespace hotline {

namespace {

using nlohmann::json;

constexpr std::size_t sessions_shown_max = 20'000;
constexpr std::size_t history_shown_max = 10'000;

}  // namespace

PushReport report_of(const PushOutcome& outcome) {
  PushReport report;
  report.outcome = outcome.outcome;
  report.number = outcome.number;
  for (const PushedModule& module : outcome.modules)
    report.modules.push_back({module.name, module.from, module.to, module.build_id, module.signer});
  for (const PushRefusal& refusal : outcome.refusals)
    report.refusals.push_back({refusal.file, refusal.reason});
  for (const PushStep& step : outcome.steps) report.steps.push_back({step.name, step.ms, step.detail});
  report.notes = outcome.notes;
  report.took_ms = outcome.took_ms;
  report.pause_us = outcome.pause_us;
  return report;
}

PlanReport report_of(const PushPlan& plan) {
  PlanReport report;
  for (const PlannedModule& module : plan.modules) {
    PlannedModuleReport& one = report.modules.emplace_back();
    one = {module.file, module.name,   module.from, module.to,    module.build_id,      module.signer,
           module.kind, module.gained, module.lost, module.needs, module.needs_no_more, {},
           {}};
    for (const PlannedTable& table : module.tables)
      one.tables.push_back({table.name, table.from, table.to, table.way});
    for (const PlannedKey& key : module.config) one.config.push_back({key.name, key.is_set, key.is_read});
  }
  for (const PushRefusal& refusal : plan.blockers) report.blockers.push_back({refusal.file, refusal.reason});
  report.notes = plan.notes;
  report.is_hot = plan.is_hot;
  report.barriers = plan.barriers;
  report.pause_us = plan.pause_us;
  return report;
}

PushedBy pushed_by(const RpcCall& call) {
  return {call.caller.user, static_cast<std::int64_t>(call.caller.uid),
          static_cast<std::int64_t>(call.caller.pid), call.params.value("reason", std::string())};
}

namespace {

constexpr const char* busy = "another push is under way and more are waiting; try again when they have ended";

// Files of one push one after the other, each a push of its own, until one is refused.
PushOutcome push_each(Pipeline& pipeline, const PushRequest& request, const PushListener& told) {
  PushOutcome whole;
  for (const std::string& file : request.files) {
    PushRequest its = request;
    its.files = {file};
    PushOutcome one = pipeline.push(its, told);
    whole.outcome = one.outcome;
    whole.number = one.number;
    whole.took_ms += one.took_ms;
    whole.pause_us = std::max(whole.pause_us, one.pause_us);
    std::move(one.modules.begin(), one.modules.end(), std::back_inserter(whole.modules));
    std::move(one.refusals.begin(), one.refusals.end(), std::back_inserter(whole.refusals));
    std::move(one.notes.begin(), one.notes.end(), std::back_inserter(whole.notes));
    std::move(one.steps.begin(), one.steps.end(), std::back_inserter(whole.steps));
    if (one.outcome != "live") break;
  }
  return whole;
}

PushRequest push_request(const RpcCall& call, std::vector<std::string> files, CanaryPlan canary) {
  return {.files = std::move(files),
          .by = pushed_by(call),
          .may_be_older = call.params.value("force", false),
          .canary = std::move(canary)};
}

PushListener listener_for(const RpcReply& reply) {
  return {.progress =
              [reply](const std::string& step, const std::string& detail, double ms) {
                reply.progress(PushProgress{step, detail, ms, {}});
              },
          .planned =
              [reply](const PushPlan& plan) {
                reply.progress(PushProgress{"plan", {}, 0, report_of(plan)});
              },
          .ended = [reply](const PushOutcome& outcome) { reply.result(report_of(outcome)); }};
}

void push(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto files = call.params.at("files").get<std::vector<std::string>>();
  if (files.empty()) return reply.refuse("push needs at least one file");
  const bool as_one = call.params.value("as_one", false);
  const PushRequest request = push_request(call, files, canary_plan(call, *parts.config));
  if (const std::string wrong = wrong_with(request.canary, files.size(), as_one); !wrong.empty())
    return reply.refuse(wrong);
  const bool queued = parts.pushes->submit([parts, as_one, request, reply] {
    const PushListener told = listener_for(reply);
    if (!as_one && request.files.size() > 1)
      return reply.result(report_of(push_each(*parts.pipeline, request, told)));
    const PushOutcome outcome = parts.pipeline->push(request, told);
    if (!outcome.is_under_way()) reply.result(report_of(outcome));
  });
  if (!queued) reply.refuse(busy);
}

void plan(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto files = call.params.at("files").get<std::vector<std::string>>();
  if (files.empty()) return reply.refuse("a plan needs at least one file");
  const bool queued = parts.pushes->submit([parts, request = push_request(call, files, {}), reply] {
    reply.result(report_of(parts.pipeline->plan(request, listener_for(reply))));
  });
  if (!queued) reply.refuse(busy);
}

void rollback(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto module = call.params.at("module").get<std::string>();
  const std::string to = call.params.value("to", std::string());
  const bool queued = parts.backs->submit([parts, module, to, by = pushed_by(call), reply] {
    reply.result(report_of(parts.pipeline->rollback(module, to, by)));
  });
  if (!queued) reply.refuse(busy);
}

enum class Service { off, on };
void set_service(const MethodParts& parts, Service service, const RpcCall& call, const RpcReply& reply) {
  const auto module = call.params.at("module").get<std::string>();
  const bool queued = parts.backs->submit([parts, module, service, by = pushed_by(call), reply] {
    reply.result(report_of(service == Service::off ? parts.pipeline->disable(module, by)
                                                   : parts.pipeline->enable(module, by)));
  });
  if (!queued) reply.refuse(busy);
}

// The list is the pushes' thread's to change: a push that is under way sees it whole.
void blocklist(const MethodParts& parts, const RpcReply& reply) {
  const bool queued = parts.readers->submit([parts, reply] {
    const Result<std::vector<BlockedBuild>> entries = parts.pipeline->blocklist().entries();
    if (!entries) return reply.refuse(entries.error().message);
    BlocklistReport report;
    for (const BlockedBuild& build : *entries)
      report.blocked.push_back(
          {build.build_id, build.module, build.version, build.reason, build.by, build.wall_ms});
    reply.result(report);
  });
  if (!queued) reply.refuse(busy);
}

void block(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto build_id = call.params.at("build_id").get<std::string>();
  const bool queued = parts.pushes->submit([parts, build_id, by = pushed_by(call), reply] {
    const Result<KnownBuild> build = build_of(parts.state_dir, build_id);
    if (!build) return reply.refuse(build.error().message);
    const Result<std::string> blocked = parts.pipeline->block(build->build_id, by);
    if (!blocked) return reply.refuse(blocked.error().message);
    reply.result(BlockReport{build->build_id, build->module, build->version, *blocked});
  });
  if (!queued) reply.refuse(busy);
}

void unblock(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto build_id = call.params.at("build_id").get<std::string>();
  const bool queued = parts.pushes->submit([parts, build_id, reply] {
    Result<bool> removed = parts.pipeline->blocklist().remove(build_id);
    if (!removed) return reply.refuse(removed.error().message);
    if (!*removed) return reply.refuse("no blocked build is " + build_id + "; see `hotline blocklist list`");
    reply.result(json::object());
  });
  if (!queued) reply.refuse(busy);
}

HistoryEntry entry_of(const HistoryRecord& record) {
  HistoryEntry entry;
  entry.number = record.number;
  entry.wall_ms = record.wall_ms;
  entry.kind = record.kind;
  const json details = json::parse(record.json, nullptr, false);
  if (!details.is_object()) return entry;
  entry.outcome = details.value("outcome", "");
  entry.user = details.value("user", "");
  entry.uid = details.value("uid", std::int64_t{-1});
  entry.pid = details.value("pid", std::int64_t{0});
  entry.reason = details.value("reason", "");
  entry.took_ms = details.value("took_ms", 0.0);
  entry.pause_us = details.value("pause_us", std::uint64_t{0});
  for (const json& module : details.value("modules", json::array()))
    entry.modules.push_back(module.get<ModuleChange>());
  for (const json& refusal : details.value("refusals", json::array()))
    entry.refusals.push_back(refusal.get<RefusalReport>());
  for (const json& step : details.value("steps", json::array()))
    entry.steps.push_back(step.get<StepReport>());
  return entry;
}

void history(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto limit = std::min<std::size_t>(call.params.value("limit", std::size_t{20}), history_shown_max);
  const bool queued = parts.readers->submit([parts, limit, reply] {
    Result<std::vector<HistoryRecord>> records = parts.store->history(limit);
    if (!records) return reply.refuse(records.error().message);
    HistoryReport report;
    // The store tells them as they came.
    for (auto at = records->rbegin(); at != records->rend(); ++at) report.records.push_back(entry_of(*at));
    reply.result(report);
  });
  if (!queued) reply.refuse("too many questions are waiting; try again");
}

SessionReport report_of(const Shard& shard, const Session& session) {
  SessionReport report;
  report.address = session.address;
  report.shard = shard.number;
  report.is_attached = session.connection != nullptr;
  report.has_sm = session.sm.is_on;
  report.unacknowledged = session.unacknowledged.size();
  report.since_wall_ms = session.since_wall_ms;
  if (session.connection != nullptr) {
    const auto& stream = *static_cast<const Stream*>(session.connection->stream);
    Tls* tls = session.connection->tls();
    const std::string carrier = tls == nullptr ? "tcp" : tls->info().version;
    report.peer = stream.peer();
    report.transport = stream.listener->framer == FramerKind::websocket ? "ws+" + carrier : carrier;
  }
  return report;
}

void sessions(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  struct Sheet {
    std::mutex mutex;
    SessionsReport report;
  };
  auto sheet = std::make_shared<Sheet>();
  const std::string account = call.params.value("account", std::string());
  parts.threads->host().ask(
      [sheet, account](Shard& shard) {
        const std::lock_guard lock(sheet->mutex);
        shard.accounts.each([&](const Account& one) {
          if (!account.empty() && one.address != account) return;
          for (const Session* session : one.sessions)
            if (sheet->report.sessions.size() < sessions_shown_max)
              sheet->report.sessions.push_back(report_of(shard, *session));
        });
      },
      [sheet, reply] { reply.result(sheet->report); });
}

void memory(const MethodParts& parts, const RpcReply& reply) {
  parts.observer->modules([parts, reply](const ModulesReport& modules) {
    MemoryCensus::take(parts.threads->host(), [parts, modules, reply](const MemoryCensus::Figures& figures) {
      const bool queued = parts.readers->submit([parts, modules, figures, reply] {
        reply.result(memory_report(parts.threads->host(), figures, *parts.tls, modules.modules));
      });
      if (!queued) reply.refuse("too many questions are waiting; try again");
    });
  });
}

void mailbox(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto account = call.params.at("account").get<std::string>();
  parts.threads->host().ask_home(account, [account, reply](Shard& shard) {
    MailboxReport report;
    report.account = account;
    report.entries_max = shard.world.limits.mailbox_entries_max;
    report.bytes_max = shard.world.limits.mailbox_bytes_max;
    if (const Account* found = shard.accounts.find(account)) {
      report.entries = found->mailbox.size();
      report.bytes = found->mailbox.bytes();
      if (found->mailbox.first() != nullptr) report.oldest_wall_ms = found->mailbox.first()->wall_ms;
    }
    reply.result(report);
  });
}

void quarantine_list(const MethodParts& parts, const RpcReply& reply) {
  QuarantineReport report;
  for (const Quarantine::Entry& entry : parts.quarantine->list())
    report.entries.push_back({entry.number, entry.event.module, call_name(entry.event.kind),
                              entry.event.account, entry.event.wall_ms,
                              entry.event.content.get() != nullptr});
  report.total = parts.quarantine->total();
  reply.result(report);
}

void quarantine_drop(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto number = call.params.at("number").get<std::uint64_t>();
  if (number == 0) return reply.result({{"dropped", parts.quarantine->drop_all()}});
  if (!parts.quarantine->drop(number))
    return reply.refuse("there is no event " + std::to_string(number) +
                        " in the quarantine; see `hotline quarantine list`");
  reply.result({{"dropped", 1}});
}

void quarantine_retry(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto number = call.params.at("number").get<std::uint64_t>();
  const Result<void> offered = parts.quarantine->retry(number, parts.threads->host());
  if (!offered) return reply.refuse(offered.error().message);
  reply.result({{"number", number}});
}

// Lists of all shards become one list; the first refusal stands for all.
json merged(const std::vector<Host::Answer>& answers) {
  json whole = json::object();
  for (const Host::Answer& answer : answers) {
    json part = json::parse(answer.json, nullptr, false);
    if (!part.is_object()) return part;
    for (const auto& [key, value] : part.items()) {
      if (whole.contains(key) && whole[key].is_array() && value.is_array()) {
        whole[key].insert(whole[key].end(), value.begin(), value.end());
      } else {
        whole[key] = value;
      }
    }
  }
  return whole;
}

bool module_command(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  std::string account = call.params.value("account", std::string());
  Address address;
  if (!account.empty() && parse_address(account, address) && address.local.empty() &&
      account != parts.config->domain)
    account += "@" + parts.config->domain;  // "anna" is anna of this host.
  json params = call.params;
  if (!account.empty()) params["account"] = account;
  return parts.threads->host().command(
      call.method, account, params.dump(-1, ' ', false, json::error_handler_t::replace),
      [reply](const std::vector<Host::Answer>& answers) {
        for (const Host::Answer& answer : answers)
          if (answer.is_refusal) return reply.refuse(answer.json);
        json result = merged(answers);
        if (result.is_discarded())
          return reply.error(RpcError::internal_error, "a module answered what is not JSON");
        reply.result(result);
      });
}

}  // namespace

void add_methods(RpcServer& server, const MethodParts& parts) {
  server.add("status", [parts](const RpcCall&, const RpcReply& reply) {
    parts.observer->status([reply](const StatusReport& report) { reply.result(report); });
  });
  server.add("modules", [parts](const RpcCall&, const RpcReply& reply) {
    parts.observer->modules([reply](const ModulesReport& report) { reply.result(report); });
  });
  server.add("memory", [parts](const RpcCall&, const RpcReply& reply) { memory(parts, reply); });
  server.add("tables", [parts](const RpcCall&, const RpcReply& reply) {
    gather_tables(parts.threads->host(), [reply](std::vector<TableReport> tables) {
      reply.result(TablesReport{std::move(tables)});
    });
  });
  server.add("parked.list", [parts](const RpcCall&, const RpcReply& reply) {
    gather_parked(parts.threads->host(), [reply](const ParkedReport& report) { reply.result(report); });
  });
  server.add("plan", [parts](const RpcCall& call, const RpcReply& reply) { plan(parts, call, reply); });
  server.add("push", [parts](const RpcCall& call, const RpcReply& reply) { push(parts, call, reply); });
  server.add("rollback",
             [parts](const RpcCall& call, const RpcReply& reply) { rollback(parts, call, reply); });
  server.add("module.disable", [parts](const RpcCall& call, const RpcReply& reply) {
    set_service(parts, Service::off, call, reply);
  });
  server.add("module.enable", [parts](const RpcCall& call, const RpcReply& reply) {
    set_service(parts, Service::on, call, reply);
  });
  server.add("blocklist", [parts](const RpcCall&, const RpcReply& reply) { blocklist(parts, reply); });
  server.add("blocklist.add",
             [parts](const RpcCall& call, const RpcReply& reply) { block(parts, call, reply); });
  server.add("blocklist.remove",
             [parts](const RpcCall& call, const RpcReply& reply) { unblock(parts, call, reply); });
  add_canary_methods(server, parts);
  add_partition_methods(server, parts);
  server.add("history", [parts](const RpcCall& call, const RpcReply& reply) { history(parts, call, reply); });
  server.add("sessions",
             [parts](const RpcCall& call, const RpcReply& reply) { sessions(parts, call, reply); });
  server.add("mailbox", [parts](const RpcCall& call, const RpcReply& reply) { mailbox(parts, call, reply); });
  server.add("quarantine.list",
             [parts](const RpcCall&, const RpcReply& reply) { quarantine_list(parts, reply); });
  server.add("quarantine.drop",
             [parts](const RpcCall& call, const RpcReply& reply) { quarantine_drop(parts, call, reply); });
  server.add("quarantine.retry",
             [parts](const RpcCall& call, const RpcReply& reply) { quarantine_retry(parts, call, reply); });
  server.add("log.level", [](const RpcCall& call, const RpcReply& reply) {
    const auto text = call.params.at("level").get<std::string>();
    Result<log::Level> level = log::parse_level(text);
    if (!level) return reply.refuse(level.error().message);
    log::set_level(*level);
    reply.result({{"level", text}});
  });
  server.add("config.show",
             [parts](const RpcCall&, const RpcReply& reply) { reply.result(config_report(*parts.config)); });
  server.add("tls.reload", [parts](const RpcCall&, const RpcReply& reply) {
    if (Result<void> reloaded = parts.tls->reload(); !reloaded) return reply.refuse(reloaded.error().message);
    reply.result(Observer::tls_report(*parts.tls));
  });
  server.add("shutdown", [parts](const RpcCall&, const RpcReply& reply) {
    reply.result(json::object());
    parts.shutdown();
  });
  server.set_fallback(
      [parts](const RpcCall& call, const RpcReply& reply) { return module_command(parts, call, reply); });
}

}  // namespace hotline

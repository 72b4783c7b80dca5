#include "control/serve/observer.h"

#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "base/log.h"
#include "base/resident_bytes.h"
#include "control/serve/table_reports.h"

namespace hotline {

Observer::Observer(const Parts& parts, Facts facts)
    : threads_(*parts.threads),
      host_(parts.threads->host()),
      pipeline_(*parts.pipeline),
      store_(*parts.store),
      tls_(*parts.tls),
      clock_(*parts.clock),
      faults_(*parts.faults),
      quarantine_(*parts.quarantine),
      facts_(std::move(facts)),
      started_us_(clock_.mono_us()),
      busy_(host_.shard_count()),
      inbox_longest_(host_.shard_count()) {}

std::uint64_t Observer::sum(Counter ShardCounters::*counter) const {
  std::uint64_t all = 0;
  for (std::uint32_t i = 0; i < host_.shard_count(); ++i) all += (host_.shard(i).counters.*counter).get();
  return all;
}

void Observer::alarm(const std::string& name, bool is_raised, const std::string& message) {
  const auto found = alarms_.find(name);
  if (is_raised && found == alarms_.end()) {
    alarms_[name] = {name, message, clock_.wall_ms()};
    log::error("alarm.raised", {{"name", name}, {"text", message}});
  } else if (is_raised) {
    found->second.message = message;
  } else if (found != alarms_.end()) {
    alarms_.erase(found);
    log::info("alarm.cleared", {{"name", name}});
  }
}

std::string Observer::taint() const {
  const std::string words = faults_.taint();
  return words.empty() ? "a module raised a signal while its instances were made or destroyed" : words;
}

void Observer::tick() {
  const std::uint64_t now_us = clock_.mono_us();
  stanzas_in_.read(sum(&ShardCounters::stanzas_in), now_us);
  stanzas_out_.read(sum(&ShardCounters::stanzas_out), now_us);
  for (std::uint32_t i = 0; i < host_.shard_count(); ++i) {
    busy_[i] = threads_.loop_busy(i);
    const std::uint64_t inbox = host_.shard(i).inbox().size();
    inbox_longest_[i] = std::max(inbox_longest_[i], inbox);
    alarm("shard." + std::to_string(i) + ".inbox", inbox > facts_.queue_alarm,
          "the inbox of shard " + std::to_string(i) + " has " + std::to_string(inbox) +
              " entries (alarm above " + std::to_string(facts_.queue_alarm) +
              "): the shard does not keep up with its load");
  }
  alarm("host.tainted", rescued_signals() > 0,
        taint() +
            ": memory it may have scribbled on cannot be vouched for. Go back or push a fix, then "
            "restart the host at a quiet hour (`systemctl restart hotlined`; without systemd `hotline "
            "shutdown`, "
            "then start it again: it stays down until then)");
  const StoreHealth health = store_.health();
  alarm("store.unwritable", !health.is_writable, health.problem);
}

TlsReport Observer::tls_report(const TlsContext& tls) {
  return {tls.certificate_path(), tls.fingerprint(), tls.is_development()};
}

StatusReport Observer::basic_status() {
  StatusReport report;
  report.version = facts_.version;
  report.pid = getpid();
  report.domain = facts_.domain;
  report.state_dir = facts_.state_dir;
  report.uptime_s = (clock_.mono_us() - started_us_) / 1'000'000;
  report.memory_bytes = resident_bytes();
  report.listen = facts_.listen;
  report.tls = tls_report(tls_);
  for (std::uint32_t i = 0; i < host_.shard_count(); ++i) {
    Shard& shard = host_.shard(i);
    report.shards.push_back({i, shard.counters.connections.load(), shard.counters.sessions.load(),
                             shard.counters.detached.load(), shard.inbox().size(), inbox_longest_[i],
                             busy_[i]});
    report.messages.mailboxes += shard.counters.mailboxes.load();
    report.messages.mailbox_entries += shard.counters.mailbox_entries.load();
    report.messages.mailbox_bytes += shard.counters.mailbox_bytes.load();
    report.messages.mailbox_memory_bytes += shard.bodies.memory_bytes();
    report.messages.mailbox_bodies_given_up += shard.bodies.given_up();
    report.messages.mailbox_bodies_read_back += shard.bodies.read_back();
  }
  report.messages.stanzas_in = sum(&ShardCounters::stanzas_in);
  report.messages.stanzas_out = sum(&ShardCounters::stanzas_out);
  report.messages.messages = sum(&ShardCounters::messages_in);
  report.messages.mailbox_expired = sum(&ShardCounters::mailbox_expired);
  report.messages.silent_clients_cut = sum(&ShardCounters::silent_clients_cut);
  report.messages.proxy_headers_refused = sum(&ShardCounters::refused_proxy_headers);
  report.messages.transfers_refused = sum(&ShardCounters::refused_transfers);
  report.messages.stanzas_in_per_s = stanzas_in_.rate();
  report.messages.stanzas_out_per_s = stanzas_out_.rate();
  const StoreHealth health = store_.health();
  report.store = {health.is_writable,       health.problem, health.batches_waiting,  health.bytes_waiting,
                  health.oldest_waiting_ms, health.commits, health.messages_written, health.commit_us_max};
  for (const auto& [name, alarm] : alarms_) report.alarms.push_back(alarm);
  report.is_tainted = rescued_signals() > 0;
  if (report.is_tainted) report.taint = taint();
  report.quarantined = quarantine_.list().size();
  const PipelineTotals totals = pipeline_.totals();
  report.pushes = {totals.pushes, totals.rollbacks, totals.refused, totals.pause_us_last,
                   totals.pause_us_max};
  return report;
}

void Observer::gather(std::function<void(std::map<std::string, ModuleCounts>)> done) {
  struct Sheet {
    std::mutex mutex;
    std::map<std::string, ModuleCounts> counters;
  };
  auto sheet = std::make_shared<Sheet>();
  host_.ask(
      [sheet](Shard& shard) {
        ShardWorld& world = shard.world;
        for (std::size_t number = 0; number < world.modules->size(); ++number) {
          const auto module = static_cast<std::uint16_t>(number);
          const ModuleCounters& counters = shard.calls.counters(module);
          const std::vector<std::string> names = world.counter_names->names(module);
          const std::lock_guard lock(sheet->mutex);
          ModuleCounts& counts = sheet->counters[world.modules->name(module)];
          for (std::size_t i = 0; i < names.size(); ++i) counts[names[i]] += counters.values[i].load();
        }
      },
      [sheet, done = std::move(done)] { done(std::move(sheet->counters)); });
}

std::vector<ModuleReport> Observer::module_reports(const std::map<std::string, ModuleCounts>& counters,
                                                   bool only_current) {
  const auto micros = [](std::uint64_t ns) { return static_cast<double>(ns) / 1000.0; };
  std::map<std::string, CallFigures> figures = host_.figures_by_build();
  std::vector<ModuleReport> reports;
  for (GenerationReport& generation : pipeline_.generations()) {
    if (only_current && generation.state != "current") continue;
    ModuleReport report;
    report.name = generation.name;
    report.version = generation.version;
    report.build_id = generation.build_id;
    report.state = generation.state;
    report.live_wall_ms = generation.live_wall_ms;
    report.note = generation.note;
    report.signer = generation.signer;
    if (generation.charged != nullptr) {
      report.faults = generation.charged->faults();
      report.slow_calls = generation.charged->slow_calls;
      report.signals = generation.charged->signals;
      report.exceptions = generation.charged->exceptions;
      report.overruns = generation.charged->overruns;
      report.newest_fault = faults_.newest(generation.build_id);
    }
    if (const auto found = figures.find(generation.build_id); found != figures.end()) {
      const CallFigures& its = found->second;
      report.calls = its.calls;
      report.memory_bytes = its.memory_bytes;
      if (its.time_ns.count() > 0) {
        report.call_us_p50 = micros(its.time_ns.percentile(0.50));
        report.call_us_p99 = micros(its.time_ns.percentile(0.99));
      }
    }
    if (const auto found = counters.find(generation.name);
        generation.state == "current" && found != counters.end())
      report.counters = found->second;
    reports.push_back(std::move(report));
  }
  return reports;
}

void Observer::status(std::function<void(StatusReport)> done) {
  gather([this, report = basic_status(),
          done = std::move(done)](const std::map<std::string, ModuleCounts>& counters) mutable {
    report.modules = module_reports(counters, true);
    gather_tables(host_, [report = std::move(report),
                          done = std::move(done)](const std::vector<TableReport>& tables) mutable {
      for (const TableReport& table : tables)
        if (table.converting_left > 0 || table.parked > 0) report.tables.push_back(table);
      done(std::move(report));
    });
  });
}

void Observer::modules(std::function<void(ModulesReport)> done) {
  gather([this, done = std::move(done)](const std::map<std::string, ModuleCounts>& counters) {
    done({module_reports(counters, false)});
  });
}

}  // namespace hotline

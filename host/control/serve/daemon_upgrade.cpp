// How a daemon gives all it serves to another process (`hotline upgrade`), and how it takes it from one.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/heap.h"
#include "base/log.h"
#include "base/whole_file.h"
#include "control/protocol.h"
#include "control/serve/canary_methods.h"
#include "control/serve/daemon_parts.h"
#include "control/serve/host_settings.h"
#include "control/serve/methods.h"
#include "control/serve/own_formats.h"
#include "net/ticket_sharing.h"
#include "upgrade/notify.h"

namespace hotline {

namespace {

constexpr const char* own_module = "core";
constexpr const char* running_file = "/core/running.json";
constexpr std::size_t running_bytes_max = 16'384;
// Descriptors in front of the listeners'.
enum OwnDoor : std::size_t { control_door, lock_door, own_doors_count };

std::string as_text(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A descriptor whose duty to close it passes to what takes plain numbers.
int taken(const Descriptor& door) {
  return fcntl(door.get(), F_DUPFD_CLOEXEC, 0);
}

upgrade::DoorAddress door_of(const ListenAddress& address, std::uint16_t port) {
  return {std::string(ListenAddress::kind_name(address.kind)), address.address, address.name, port};
}

// The program before the one that runs, as the last upgrade noted it; empty: there was none.
std::string previous_digest(const std::string& state_dir) {
  const Result<std::string> text = read_whole_file(state_dir + running_file, running_bytes_max);
  const nlohmann::json json = nlohmann::json::parse(text ? *text : std::string(), nullptr, false);
  if (!json.is_object() || !json.contains("previous") || !json["previous"].is_string()) return {};
  return json["previous"].get<std::string>();
}

// What is kept of programs is the one that runs and the way back.
void remove_other_programs(const std::string& state_dir, const std::string& current,
                           const std::string& previous) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(state_dir + "/core", error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(error) && name != current && name != previous)
      std::filesystem::remove_all(entry.path(), error);
  }
}

}  // namespace

// One upgrade, from the request to its end.
struct Daemon::Parts::Upgrade {
  std::string file;  // Empty: the program before this one.
  PushedBy by;
  RpcReply reply;
  std::uint64_t begun_us = 0;
  PushOutcome out = {};
  std::unique_ptr<OldProcess> process = {};
  Program own = {};
  std::string aborted = {};         // Why, where it was before there was a process.
  std::promise<void> is_over = {};  // Other pushes and rollbacks wait for it.

  double took_ms(std::uint64_t now_us) const { return static_cast<double>(now_us - begun_us) / 1000.0; }
};

void Daemon::Parts::add_upgrade_methods() {
  rpc->add("upgrade", [this](const RpcCall& call, const RpcReply& reply) { upgrade_asked(call, reply); });
}

namespace {

std::string history_json(const PushOutcome& out, const PushedBy& by) {
  nlohmann::json json = {{"outcome", out.outcome},  {"user", by.user},     {"uid", by.uid},
                         {"pid", by.pid},           {"reason", by.reason}, {"took_ms", out.took_ms},
                         {"pause_us", out.pause_us}};
  json["modules"] = nlohmann::json::array();
  for (const PushedModule& module : out.modules)
    json["modules"].push_back({{"name", module.name},
                               {"from", module.from},
                               {"to", module.to},
                               {"build_id", module.build_id},
                               {"digest", module.digest},
                               {"signer", module.signer}});
  json["steps"] = nlohmann::json::array();
  for (const PushStep& step : out.steps)
    json["steps"].push_back({{"name", step.name}, {"ms", step.ms}, {"detail", step.detail}});
  json["refusals"] = nlohmann::json::array();
  for (const PushRefusal& refusal : out.refusals)
    json["refusals"].push_back({{"file", refusal.file}, {"reason", refusal.reason}});
  return as_text(json);
}

}  // namespace

// ---- the old process

void Daemon::Parts::upgrade_asked(const RpcCall& call, const RpcReply& reply) {
  if (upgrade != nullptr)
    return reply.refuse("an upgrade is under way; `hotline history` will say how it ends");
  if (!has_served_alone)
    return reply.refuse("this process is taking over from another one; try again when it has");
  if (pipeline->is_watching())
    return reply.refuse(
        "a push is in canary or provisional, and one change goes at a time; wait for its gate, or take it "
        "back");
  auto its = std::make_shared<Upgrade>(Upgrade{.file = call.params.value("file", std::string()),
                                               .by = pushed_by(call),
                                               .reply = reply,
                                               .begun_us = clock.mono_us()});
  upgrade = its;
  its->out.kind = its->file.empty() ? "rollback" : "upgrade";
  // Neither a push nor a rollback happens meanwhile: the new process has loaded what runs now.
  const std::shared_future<void> is_over = its->is_over.get_future().share();
  const bool is_queued = backs->submit([is_over] { is_over.wait(); }) && pushes->submit([this, its, is_over] {
    upgrade_to(its);
    is_over.wait();
  });
  if (!is_queued) upgrade_failed(its, "other pushes are under way; try again when they have ended", false);
}

// In either process: the control socket is the new one's from the doors on.
bool Daemon::Parts::abort_upgrade(const RpcCall& call, const RpcReply& reply) {
  const bool is_here = upgrade != nullptr, is_there = taking != nullptr && !has_served_alone;
  if (!is_here && !is_there) return false;
  const PushedBy by = pushed_by(call);
  const std::string why = "aborted by " + by.user + (by.reason.empty() ? "" : ": " + by.reason);
  PushOutcome out;
  if (is_here) out = upgrade->out;
  out.kind = "upgrade";
  out.outcome = "aborted";
  const bool is_looked_at = is_here && upgrade->process == nullptr;  // Its file, and nothing more yet.
  if ((is_there && !taking->ask_back(why)) || (is_here && !is_looked_at && !upgrade->process->go_back(why))) {
    reply.refuse("the upgrade cannot be aborted any more: the new process has everything");
    return true;
  }
  if (is_looked_at) upgrade->aborted = why;
  reply.result(report_of(out));
  return true;
}

// On the pushes' thread: it waits for the disk, and for the program's self-check.
void Daemon::Parts::upgrade_to(const std::shared_ptr<Upgrade>& its) {
  const auto refuse = [this, its](const std::string& why) {
    queue->push([this, its, why] { upgrade_failed(its, why, false); });
  };
  const ProgramPolicy policy{.state_dir = state_dir,
                             .requires_signature = config.push.require_signature,
                             .allows_development_key = config.push.allow_development_key,
                             .needs_preflight = config.push.preflight};
  const Formats ours = own_formats();
  Result<Program> own = store_own_program(policy, ours);
  if (!own) return refuse("this program cannot be kept as the way back: " + own.error().message);
  its->own = std::move(*own);
  const std::uint64_t verified_from_us = clock.mono_us();
  Result<Program> program = its->file.empty() ? stored_program(previous_digest(state_dir), policy, ours)
                                              : verify_program(its->file, policy, ours);
  if (!program) return refuse(program.error().message);
  for (const std::string& note : program->notes) its->out.notes.push_back(note);
  its->out.modules = {
      {own_module, HOTLINE_VERSION, program->version, program->build_id, program->digest, program->signer}};
  const double ms = static_cast<double>(clock.mono_us() - verified_from_us) / 1000.0;
  its->out.steps.push_back({"verify", ms, "signature, self-check, formats"});
  its->reply.progress(PushProgress{"verify", its->out.steps.back().detail, ms, {}});
  fault_point.reach("give", "verified");
  Result<std::pair<Descriptor, Descriptor>> ends = Channel::pair();
  if (!ends) return refuse(ends.error().message);
  std::vector<std::string> words = {"--state",     state_dir,
                                    "--take-over", std::to_string(ProgramRun::given_number),
                                    "--shards",    std::to_string(config.shards)};
  if (!launch.config_file.empty()) words.insert(words.end(), {"--config", launch.config_file});
  Result<ProgramRun> run = ProgramRun::start(
      {.file = program->file, .arguments = words, .given = ends->second.get(), .output = -1});
  if (!run) return refuse(program->file + " " + run.error().message);
  auto kept = std::make_shared<std::tuple<Program, Descriptor, ProgramRun>>(
      std::move(*program), std::move(ends->first), std::move(*run));
  queue->push([this, its, kept] {
    begin_upgrade(its, std::get<0>(*kept), std::move(std::get<1>(*kept)), std::move(std::get<2>(*kept)));
  });
}

upgrade::Offer Daemon::Parts::offer() {
  const ShardWorld& world = threads->host().world();
  upgrade::Offer offer;
  offer.shards = world.shards;
  // None that another process had which was to take over and did not: sessions that it made came back here,
  // and keep their handles. Odd steps, as ids of messages are even in one process and odd in the next.
  offer.host_number = static_cast<std::uint8_t>(world.host_number + 1 + 2 * upgrades_begun++);
  offer.domain = config.domain;
  for (std::size_t i = 0; i < config.listen.size(); ++i)
    offer.doors.push_back(door_of(config.listen[i], static_cast<std::uint16_t>(listen[i].port)));
  offer.message_id = world.message_id->load();
  offer.heap_bytes = heap_figures().used_bytes;
  return offer;
}

void Daemon::Parts::begin_upgrade(const std::shared_ptr<Upgrade>& its, const Program& program,
                                  Descriptor socket, ProgramRun run) {
  if (!its->aborted.empty()) {
    run.reap();
    return upgrade_failed(its, its->aborted, false);
  }
  OldProcess::Parts parts{
      .threads = threads.get(),
      .store = store.get(),
      .tls = tls.get(),
      .clock = &clock,
      .random = &random,
      .waits = readers.get(),
      .fault_point = fault_point,
      .to_control = [this](std::function<void()> act) { queue->push(std::move(act)); },
      .to_control_soon = [this](std::function<void()> act) { push_soon(std::move(act)); },
      .is_outside_done = [this](bool is_late) { return is_outside_done(is_late); },
      .give_own_doors = [this] { return own_doors(); },
      .take_own_doors =
          [this](const Channel::Descriptors&) {
            const std::string path = state_dir + "/control.sock";
            if (Result<void> back = rpc->take_socket(std::exchange(given_control, -1), path); !back)
              log::error("upgrade.control", {{"why", back.error().message}});
          },
      .progress =
          [its](const std::string& step, const std::string& detail, double ms) {
            its->out.steps.push_back({step, ms, detail});
            its->reply.progress(PushProgress{step, detail, ms, {}});
          },
      .record =
          [this, its](const std::vector<PushStep>&, std::uint64_t pause_us) {
            PushOutcome out = its->out;
            out.outcome = "live";
            out.pause_us = pause_us;
            out.took_ms = its->took_ms(clock.mono_us());
            return as_text({{"kind", out.kind},
                            {"json", history_json(out, its->by)},
                            {"current", out.modules.front().digest},
                            {"previous", its->own.digest}});
          },
      .given = [this, its] { given(its); },
      .failed = [this, its](const std::string& why, bool is_lost) { upgrade_failed(its, why, is_lost); }};
  its->process = std::make_unique<OldProcess>(
      std::move(parts), offer(), common_version(own_formats(), program.formats, "carried partition"),
      std::move(socket), std::move(run));
  set_far_process(its->process.get());
  its->process->begin();
}

void Daemon::Parts::far_committed(std::uint32_t far_shard, std::uint64_t number) {
  const std::lock_guard guard(far_mutex);
  if (far_process != nullptr) far_process->far_committed(far_shard, number);
}

void Daemon::Parts::set_far_process(OldProcess* process) {
  const std::lock_guard guard(far_mutex);
  far_process = process;
}

void Daemon::Parts::look_at_upgrade() {
  if (upgrade != nullptr && upgrade->process != nullptr) upgrade->process->look();
}

void Daemon::Parts::push_soon(std::function<void()> act) {
  auto kept = std::make_shared<std::function<void()>>(std::move(act));
  const bool is_queued = readers->submit([this, kept] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    queue->push(std::move(*kept));
  });
  if (!is_queued) queue->push(std::move(*kept));
}

bool Daemon::Parts::is_outside_done(bool is_late) {
  const bool is_told =
      outbox == nullptr || outbox->give_up_waiting("the host's program is being replaced", is_late);
  return work_pool->is_idle() && is_told;
}

Channel::Descriptors Daemon::Parts::own_doors() {
  given_control = rpc->give_socket();
  Channel::Descriptors doors;
  doors.emplace_back(fcntl(given_control, F_DUPFD_CLOEXEC, 0));
  doors.emplace_back(fcntl(lock, F_DUPFD_CLOEXEC, 0));
  return doors;
}

void Daemon::Parts::given(const std::shared_ptr<Upgrade>& its) {
  its->out.outcome = "live";
  its->out.pause_us = its->process->pause_us_max();
  its->out.took_ms = its->took_ms(clock.mono_us());
  log::info("upgrade.live", {{"version", its->out.modules.front().to}, {"pause_us", its->out.pause_us}});
  PushReport report = report_of(its->out);
  report.partition_pauses_us = its->process->pauses_us();
  its->reply.result(report);
  // Only the main process may say who is.
  notify_supervisor_and_wait("MAINPID=" + std::to_string(its->process->new_pid()));
  end(Ending::given);
}

void Daemon::Parts::upgrade_failed(const std::shared_ptr<Upgrade>& its, const std::string& why,
                                   bool is_lost) {
  if (upgrade != its) return;
  its->out.outcome = its->process == nullptr ? "refused" : "failed";
  its->out.refusals.push_back({its->file.empty() ? "core" : its->file, why});
  its->out.took_ms = its->took_ms(clock.mono_us());
  log::warning("upgrade.failed", {{"why", why}, {"user", its->by.user}});
  if (store->is_here()) {
    const bool is_queued = readers->submit([this, its] {
      if (Result<HistoryRecord> record =
              store->append_history(its->out.kind, history_json(its->out, its->by));
          record)
        its->out.number = record->number;
      its->reply.result(report_of(its->out));
    });
    if (!is_queued) its->reply.result(report_of(its->out));
  } else {
    its->reply.result(report_of(its->out));
  }
  if (is_lost) return end(Ending::start_anew);
  // Not from within its own deeds, nor while a shard uses it.
  const auto forget = [this, its] {
    queue->push([this, its] {
      if (upgrade != its) return;
      set_far_process(nullptr);
      its->process.reset();
      its->is_over.set_value();
      upgrade.reset();
    });
  };
  if (its->process == nullptr) return forget();
  its->process->leave(forget);
}

// The daemon goes down, whatever an upgrade is at: first nobody waits for it any more ...
void Daemon::Parts::let_pushes_go() {
  if (upgrade != nullptr) upgrade->is_over.set_value();
  if (!has_served_alone) is_alone.set_value();
}

// ... then, when no shard posts anything more, it goes; a process that has not taken over with it.
void Daemon::Parts::end_upgrade() {
  set_far_process(nullptr);
  if (upgrade != nullptr) upgrade->process.reset();
  taking.reset();
}

// ---- the new process

void Daemon::Parts::take_from(int socket) {
  open_loop();
  taking = std::make_unique<NewProcess>(
      NewProcess::Parts{
          .fault_point = fault_point,
          .to_control = [this](std::function<void()> act) { queue->push(std::move(act)); },
          .to_control_soon = [this](std::function<void()> act) { push_soon(std::move(act)); },
          .is_outside_done = [this](bool is_late) { return is_outside_done(is_late); },
          .prepare = [this](const upgrade::Offer& its) { return prepare_for(its); },
          .open_doors = [this](const upgrade::Offer& its, Channel::Descriptors doors,
                               const std::string& keys) { return open_doors(its, std::move(doors), keys); },
          .rest_doors = [this] { threads->rest_listeners([] {}); },
          .open_store = [this] { return open_store(); },
          .alone = [this](const std::string& record) { serve_alone(record); },
          .end =
              [this](const std::string& why) {
                log::error("upgrade.ended", {{"why", why}});
                end(Ending::failed);
              },
          .start_anew = [this] { end(Ending::start_anew); }},
      upgrade::Hello{.pid = static_cast<std::uint32_t>(getpid()), .version = HOTLINE_VERSION, .build_id = {}},
      own_formats().find("carried partition")->max, Descriptor(socket));
  fcntl(socket, F_SETFD, FD_CLOEXEC);
  taking->begin();
}

Result<Host*> Daemon::Parts::prepare_for(const upgrade::Offer& its) {
  const auto differs = [](const std::string& what) {
    return Error{"the configuration has another `" + what +
                 "` than the process that runs: such a change takes a restart"};
  };
  if (its.domain != config.domain) return differs("domain");
  if (its.shards != config.shards) return differs("shards");
  if (its.doors.size() != config.listen.size()) return differs("listen");
  for (std::size_t i = 0; i < its.doors.size(); ++i) {
    const ListenAddress& address = config.listen[i];
    upgrade::DoorAddress own = door_of(address, static_cast<std::uint16_t>(address.port));
    if (address.port == 0) own.port = its.doors[i].port;  // The system has chosen it.
    if (own != its.doors[i]) return differs("listen");
  }
  if (Result<void> made = make_host(its.host_number, taking->far_store(its.message_id)); !made)
    return made.error();
  taking->attach(threads->host());
  // Pushes and rollbacks begin when all is served here.
  const std::shared_future<void> alone = is_alone.get_future().share();
  if (Result<void> running = start_modules(); !running) return running.error();
  pushes->submit([alone] { alone.wait(); });
  backs->submit([alone] { alone.wait(); });
  return &threads->host();
}

Result<void> Daemon::Parts::open_doors(const upgrade::Offer& its, Channel::Descriptors doors,
                                       const std::string& keys) {
  if (doors.size() != own_doors_count + its.doors.size() * config.shards)
    return Error{"other sockets were handed over than were offered"};
  if (!ticket_sharing(*tls).take_ticket_keys(keys))
    return Error{"the session ticket keys are not understood"};
  lock = taken(doors[lock_door]);
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    std::vector<int> sockets;
    for (std::size_t shard = 0; shard < config.shards; ++shard)
      sockets.push_back(taken(doors[own_doors_count + i * config.shards + shard]));
    Result<std::uint16_t> port = threads->listen_on(std::move(sockets), facts_of(config.listen[i]));
    if (!port) return port.error();
    listen.push_back({its.doors[i].kind, its.doors[i].address, *port});
  }
  return open_control(taken(doors[control_door]));
}

void Daemon::Parts::serve_alone(const std::string& record) {
  has_served_alone = true;
  if (Result<void> written = write_run_file(); !written)
    log::error("upgrade.run_file", {{"why", written.error().message}});
  notify_supervisor("READY=1");
  log::info("upgrade.took_over", {{"pid", getpid()}, {"version", HOTLINE_VERSION}});
  const nlohmann::json json = nlohmann::json::parse(record, nullptr, false);
  if (json.is_object()) {
    const bool is_queued = readers->submit([this, json] {
      const Result<HistoryRecord> appended =
          store->append_history(json.value("kind", "upgrade"), json.value("json", "{}"));
      if (!appended) log::error("upgrade.history", {{"why", appended.error().message}});
      const nlohmann::json running = {{"current", json.value("current", "")},
                                      {"previous", json.value("previous", "")}};
      const Result<void> noted = replace_file(state_dir + running_file, running.dump(2) + "\n", 0600);
      if (!noted) log::error("upgrade.running", {{"why", noted.error().message}});
      remove_other_programs(state_dir, json.value("current", ""), json.value("previous", ""));
    });
    if (!is_queued) log::error("upgrade.history", {{"why", "too much waits for the disk"}});
  }
  is_alone.set_value();
}

}  // namespace hotline

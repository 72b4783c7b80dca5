#include "control/serve/daemon.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "control/serve/daemon_parts.h"
#include "control/serve/host_settings.h"
#include "control/serve/methods.h"
#include "push/symbol_archive.h"
#include "state/sqlite_store.h"
#include "upgrade/notify.h"

namespace hotline {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t look_every_ms = 100;

// The file of a module in a directory: the one of the highest version.
Result<std::string> initial_file(const std::string& directory, const std::string& name) {
  std::string best;
  Version best_version;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(name + "-") || !file.ends_with(".so")) continue;
    Result<Version> version =
        Version::parse(std::string_view(file).substr(name.size() + 1, file.size() - name.size() - 4));
    if (!version || (!best.empty() && *version < best_version)) continue;
    best = entry.path().string();
    best_version = *version;
  }
  if (best.empty())
    return Error{"no file " + directory + "/" + name +
                 "-<version>.so: build it, or name other modules in `modules_initial`"};
  return best;
}

// Two hosts on one state directory would each overwrite what the other promised.
Result<int> lock_state(const std::string& state_dir) {
  const std::string file = state_dir + "/lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return Error{file + " can not be opened: " + std::strerror(errno)};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  ::close(descriptor);
  return Error{"another hotlined runs on " + state_dir + ": stop it with `hotline --state " + state_dir +
               " shutdown`, or use another directory"};
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<void> Daemon::Parts::prepare() {
  std::error_code error;
  const std::string given = state_dir;
  fs::create_directories(state_dir, error);
  if (error) return Error{state_dir + " can not be made: " + error.message()};
  fs::permissions(state_dir, fs::perms::owner_all, error);
  state_dir = fs::canonical(state_dir, error).string();
  if (error) return Error{given + " can not be entered: " + error.message()};
  if (launch.take_over < 0) {  // Else the lock comes with the doors.
    Result<int> locked = lock_state(state_dir);
    if (!locked) return locked.error();
    lock = *locked;
  }
  if (Result<void> opened = log::open(config.log.file, config.log.format, config.log.level); !opened)
    return opened;
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  return {};
}

// Before any module's code runs.
Result<void> Daemon::Parts::arm() {
  crash = CrashRecord::read(state_dir);
  Result<CrashRecord> opened = CrashRecord::open(state_dir);
  if (!opened) return opened.error();
  crash_record.emplace(std::move(*opened));
  arm_guard({.on_signal = config.faults.on_signal == "restart" ? GuardSettings::OnSignal::restart
                                                               : GuardSettings::OnSignal::rescue,
             .record = &*crash_record});
  watchdog = std::make_unique<Watchdog>(clock, Watchdog::Settings{});
  return {};
}

// A fault's record in the history: never about whom, or what was said.
void append_fault(Store& store, const char* kind, const std::string& outcome, const ModuleChange& module,
                  const std::string& words) {
  const nlohmann::json json = {{"outcome", outcome},
                               {"user", "hotlined"},
                               {"reason", words},
                               {"modules", nlohmann::json::array({module})}};
  const Result<HistoryRecord> record =
      store.append_history(kind, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (!record) log::error("history.fault", {{"why", record.error().message}});
}

void Daemon::Parts::connect_faults() {
  quarantine = std::make_unique<Quarantine>(config.quarantine.keep_content);
  faults = std::make_unique<FaultDesk>(
      clock, FaultDesk::Settings{.window_s = config.faults.window_seconds},
      FaultDesk::Actions{
          .leave = [this](const Fault& fault, const std::string& reason) { leave_build(fault, reason); },
          .record =
              [this](const Fault& fault, const std::string& words, std::uint64_t count) {
                append_fault(*store, "fault", count == 1 ? "undone" : std::to_string(count) + " undone",
                             {fault.module, {}, fault.version, fault.build_id}, words);
              }});
  ShardWorld& world = threads->host().world();
  world.fault_seen = [this](Fault fault) { faults->fault(std::move(fault)); };
  world.event_failed = [this](FailedEvent event) {
    log::error("event.quarantined",
               {{"module", event.module}, {"call", call_name(event.kind)}, {"account", event.account}});
    quarantine->put(std::move(event));
  };
}

void Daemon::Parts::leave_build(const Fault& fault, const std::string& reason) {
  backs->submit([this, module = fault.module, build_id = fault.build_id, reason] {
    pipeline->leave(module, build_id, reason);
  });
}

void Daemon::Parts::record_crash() {
  if (!crash) return;
  const std::string words = words_of(*crash, SymbolArchive(state_dir, 0));
  log::error("host.crashed", {{"why", words}, {"build_id", crash->build_id}});
  std::string back_on;
  for (const GenerationReport& generation : pipeline->generations())
    if (generation.name == crash->module && (generation.state == "current" || generation.state == "disabled"))
      back_on = generation.version;
  append_fault(*store, "crash", "restarted", {crash->module, crash->version, back_on, crash->build_id},
               words);
}

Result<std::unique_ptr<Store>> Daemon::Parts::open_store() {
  std::error_code error;
  fs::create_directories(state_dir + "/store", error);
  if (error) return Error{state_dir + "/store can not be made: " + error.message()};
  SqliteStore::Settings store_settings;
  store_settings.file.path = state_dir + "/store/hotline.db";
  Result<std::unique_ptr<SqliteStore>> opened = SqliteStore::open(store_settings, clock);
  if (!opened) return opened.error();
  return std::unique_ptr<Store>(std::move(*opened));
}

// Everything but what goes from one process to the next: doors, partitions, the store's file.
Result<void> Daemon::Parts::make_host(std::uint8_t host_number, std::unique_ptr<CoreStore> its_store) {
  store = std::move(its_store);
  Result<std::unique_ptr<TlsContext>> context = TlsContext::open({.certificate_file = config.tls.certificate,
                                                                  .key_file = config.tls.key,
                                                                  .state_dir = state_dir,
                                                                  .domain = config.domain,
                                                                  .min_version = config.tls.min_version,
                                                                  .own_records = config.tls.own_records});
  if (!context) return context.error();
  tls = std::move(*context);

  Result<std::vector<GatewaySettings>> gateways = gateway_settings(config);
  if (!gateways) return gateways.error();
  outbox = std::make_unique<Gateways>(*gateways, clock, random);
  if (!config.other_nodes.empty()) relay = std::make_unique<Relay>(relay_nodes(config), clock);
  work_pool = std::make_unique<ThreadWorkPool>(std::max(1u, config.shards / 2), 10'000, 5);
  Result<std::unique_ptr<FileStore>> file_store =
      FileStore::open(state_dir + "/files", config.files.archive_dir);
  if (!file_store) return file_store.error();
  files = std::move(*file_store);
  file_pool = std::make_unique<ThreadWorkPool>(std::max(2u, config.shards), 100'000, 0);
  archive_pool = std::make_unique<ThreadWorkPool>(1, 64, 10);
  if (!config.transcoder.command.empty()) {
    Result<std::unique_ptr<Transcoder>> made =
        Transcoder::open(transcoder_settings(config, state_dir, launch.take_over >= 0));
    if (!made) return made.error();
    transcoder = std::move(*made);
    transcode_pool = std::make_unique<ThreadWorkPool>(config.transcoder.at_once, 64, 0);
  }
  pushes = std::make_unique<ThreadWorkPool>(1, 64, 0);
  backs = std::make_unique<ThreadWorkPool>(1, 64, 0);
  readers = std::make_unique<ThreadWorkPool>(1, 64, 0);
  Host::Settings settings = host_settings(config);
  settings.host_number = host_number;
  settings.starts_empty = launch.take_over >= 0;
  threads = std::make_unique<HostThreads>(
      settings,
      Host::Parts{.clock = &clock,
                  .random = &random,
                  .store = store.get(),
                  .work_pool = work_pool.get(),
                  .tls = tls.get(),
                  .outbox = outbox.get(),
                  .files = files.get(),
                  .file_pool = file_pool.get(),
                  .archive_pool = archive_pool.get(),
                  .relay = relay.get(),
                  .transcoder = transcoder.get(),
                  .transcode_pool = transcode_pool.get()},
      HostThreads::Limits{
          .connections_per_address_max = config.limits.connections_per_address_max,
          .connections_per_loopback_address_max = config.limits.connections_per_loopback_address_max});
  Host& host = threads->host();
  if (Result<void> loaded = host.load(); !loaded) return loaded;
  store->start([this, &host](std::uint32_t shard, std::uint64_t number) {
    if (shard >= far_shards) return far_committed(shard - far_shards, number);
    Post post;
    post.kind = Post::Kind::committed;
    post.number = number;
    host.shard(shard).inbox().push_one(std::move(post));
  });
  return {};
}

Result<void> Daemon::Parts::start_modules() {
  if (config.push.require_signature && config.push.allow_development_key) {
    if (Result<void> made = TrustStore(state_dir).make_development_key(); !made) return made;
  }
  Result<ModuleStore> module_store = ModuleStore::open(state_dir);
  if (!module_store) return module_store.error();
  PushSettings pushing = push_settings(config);
  pushing.fault_point = fault_point;
  pipeline = std::make_unique<Pipeline>(
      threads->host(), std::move(*module_store), clock, pushing,
      [this](const std::string& kind, const std::string& json) -> Result<std::uint64_t> {
        Result<HistoryRecord> record = store->append_history(kind, json);
        if (!record) return record.error();
        return record->number;
      });
  std::vector<std::string> initial;
  for (const std::string& name : config.modules_initial) {
    Result<std::string> file = initial_file(config.modules_dir, name);
    if (file) {
      initial.push_back(*file);
    } else if (std::error_code error; !fs::exists(state_dir + "/modules/running.json", error)) {
      return file.error();
    }
  }
  connect_faults();
  if (Result<PushOutcome> started = pipeline->start(initial, crash.value_or(Crash{})); !started)
    return started.error();
  record_crash();
  if (launch.take_over < 0)  // Else it is the old process's to write yet.
    if (Result<void> forgotten = crash_record->forget(); !forgotten)
      log::error("crash.record", {{"why", forgotten.error().message}});
  return threads->start();
}

Result<void> Daemon::Parts::bring_up() {
  Result<std::unique_ptr<Store>> opened = open_store();
  if (!opened) return opened.error();
  if (Result<void> made = make_host(0, std::make_unique<CoreStore>(std::move(*opened))); !made) return made;
  if (Result<void> running = start_modules(); !running) return running;
  for (const ListenAddress& address : config.listen) {
    Result<std::uint16_t> port =
        threads->listen(address.address, static_cast<std::uint16_t>(address.port), facts_of(address));
    if (!port) return port.error();
    listen.push_back({std::string(ListenAddress::kind_name(address.kind)), address.address, *port});
  }
  open_loop();
  if (Result<void> opened_control = open_control(-1); !opened_control) return opened_control;
  has_served_alone = true;
  is_alone.set_value();
  if (Result<void> written = write_run_file(); !written) return written;
  notify_supervisor("READY=1");
  return {};
}

void Daemon::Parts::open_loop() {
  uv_loop_init(&loop);
  has_loop = true;
  queue = std::make_unique<ControlQueue>(&loop);
  uv_async_init(&loop, &stop, [](uv_async_t* handle) { uv_stop(handle->loop); });
  for (uv_signal_t* handle : {&term, &interrupt, &hangup}) {
    uv_signal_init(&loop, handle);
    handle->data = this;
  }
  const auto end_it = [](uv_signal_t* handle, int) { uv_stop(handle->loop); };
  uv_signal_start(&term, end_it, SIGTERM);
  uv_signal_start(&interrupt, end_it, SIGINT);
  uv_signal_start(
      &hangup,
      [](uv_signal_t* handle, int) {
        TlsContext* const its = static_cast<Parts*>(handle->data)->tls.get();
        if (its == nullptr) return;
        if (Result<void> reloaded = its->reload(); !reloaded)
          log::error("tls.reload", {{"why", reloaded.error().message}});
      },
      SIGHUP);
}

// On a socket of its own, or on the one that another process listened on before.
Result<void> Daemon::Parts::open_control(int control_socket) {
  observer = std::make_unique<Observer>(
      Observer::Parts{.threads = threads.get(),
                      .pipeline = pipeline.get(),
                      .store = store.get(),
                      .tls = tls.get(),
                      .clock = &clock,
                      .faults = faults.get(),
                      .quarantine = quarantine.get()},
      Observer::Facts{
          .version = HOTLINE_VERSION, .domain = config.domain, .state_dir = state_dir, .listen = listen});
  const std::string path = state_dir + "/control.sock";
  Result<std::unique_ptr<RpcServer>> server =
      control_socket < 0 ? RpcServer::open(&loop, path) : RpcServer::open_on(&loop, control_socket, path);
  if (!server) return server.error();
  rpc = std::move(*server);
  add_methods(*rpc, {.threads = threads.get(),
                     .pipeline = pipeline.get(),
                     .store = store.get(),
                     .tls = tls.get(),
                     .observer = observer.get(),
                     .quarantine = quarantine.get(),
                     .config = &config,
                     .state_dir = state_dir,
                     .pushes = pushes.get(),
                     .backs = backs.get(),
                     .readers = readers.get(),
                     .shutdown = [this] { uv_async_send(&stop); },
                     .abort_upgrade = [this](const RpcCall& call,
                                             const RpcReply& reply) { return abort_upgrade(call, reply); }});
  add_upgrade_methods();
  uv_timer_init(&loop, &tick);
  tick.data = this;
  uv_timer_start(
      &tick, [](uv_timer_t* timer) { static_cast<Parts*>(timer->data)->observer->tick(); }, 1000, 1000);
  uv_timer_init(&loop, &look);
  look.data = this;
  uv_timer_start(
      &look, [](uv_timer_t* timer) { static_cast<Parts*>(timer->data)->look_at_pushes(); }, look_every_ms,
      look_every_ms);
  return {};
}

// A canary and a provisional push go on beside everything else, another push included.
void Daemon::Parts::look_at_pushes() {
  look_at_upgrade();
  if (!pipeline->is_watching() || is_looking.exchange(true)) return;
  const bool queued = backs->submit([this] {
    pipeline->tick();
    is_looking.store(false);
  });
  if (!queued) is_looking.store(false);
}

Result<void> Daemon::Parts::write_run_file() {
  nlohmann::json run = {{"pid", getpid()},
                        {"socket", state_dir + "/control.sock"},
                        {"domain", config.domain},
                        {"listen", listen}};
  const std::string file = state_dir + "/run.json";
  {
    std::ofstream out(file + ".new");
    out << run.dump(2) << "\n";
    if (!out.flush()) return Error{file + " can not be written"};
  }
  std::error_code error;
  fs::rename(file + ".new", file, error);
  if (error) return Error{file + " can not be written: " + error.message()};
  return {};
}

void Daemon::Parts::take_down() {
  std::error_code ignored;
  // What is said of the host under this name is another process's, once that has taken over or before this
  // has.
  if (ending != Ending::given && has_served_alone) fs::remove(state_dir + "/run.json", ignored);
  // Nobody asks any more, then nobody is connected, then nothing is left to write.
  if (faults) faults->close();
  let_pushes_go();
  pushes.reset();
  backs.reset();
  readers.reset();
  if (threads) threads->stop("system-shutdown", "the host is shut down");
  end_upgrade();
  work_pool.reset();
  file_pool.reset();
  if (files) files->end();
  archive_pool.reset();
  if (transcoder) transcoder->end();
  transcode_pool.reset();
  outbox.reset();
  relay.reset();
  if (has_loop) {
    for (uv_handle_t* handle :
         {reinterpret_cast<uv_handle_t*>(&tick), reinterpret_cast<uv_handle_t*>(&look),
          reinterpret_cast<uv_handle_t*>(&term), reinterpret_cast<uv_handle_t*>(&interrupt),
          reinterpret_cast<uv_handle_t*>(&hangup), reinterpret_cast<uv_handle_t*>(&stop)})
      if (handle->loop != nullptr) uv_close(handle, nullptr);
    if (rpc && !has_served_alone) ::close(rpc->give_socket());  // It stays the other process's.
    rpc.reset();
    queue.reset();
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
  }
  faults.reset();
  store.reset();
  if (pipeline) pipeline->close();
  pipeline.reset();
  threads.reset();
  watchdog.reset();
  disarm_guard();
  if (lock >= 0) ::close(lock);
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Daemon::~Daemon() {
  parts_->take_down();
}

Result<std::unique_ptr<Daemon>> Daemon::open(const Config& config, const std::string& state_dir,
                                             const Launch& launch) {
  auto daemon = std::unique_ptr<Daemon>(new Daemon(std::make_unique<Parts>()));
  Parts& parts = *daemon->parts_;
  parts.config = config;
  parts.state_dir = state_dir;
  parts.launch = launch;
  Result<FaultPoint> fault_point = FaultPoint::of_environment();
  if (!fault_point) return fault_point.error();
  parts.fault_point = std::move(*fault_point);
  if (Result<void> done = parts.prepare(); !done) return done.error();
  if (Result<void> done = parts.arm(); !done) return done.error();
  if (launch.take_over >= 0) {
    parts.take_from(launch.take_over);
  } else if (Result<void> done = parts.bring_up(); !done) {
    return done.error();
  }
  return daemon;
}

std::string Daemon::announcement() const {
  std::string line = "hotlined " HOTLINE_VERSION " serves " + parts_->config.domain + ":";
  for (const ListenReport& listen : parts_->listen)
    line += " " + listen.kind + " " + listen.address + ":" + std::to_string(listen.port);
  return line + " (pid " + std::to_string(getpid()) + ", state " + parts_->state_dir + ")";
}

Daemon::Ending Daemon::run() {
  uv_run(&parts_->loop, UV_RUN_DEFAULT);
  return parts_->ending;
}

}  // namespace hotline

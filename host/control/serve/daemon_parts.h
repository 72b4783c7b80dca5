// What a Daemon is made of, for its two files: daemon.cpp brings it up and takes it down, daemon_upgrade.cpp
// gives it to another process, or takes it from one.
#pragma once

#include <uv.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "control/rpc_server.h"
#include "control/serve/control_queue.h"
#include "control/serve/daemon.h"
#include "control/serve/fault_desk.h"
#include "control/serve/observer.h"
#include "outbox/gateways.h"
#include "outbox/relay.h"
#include "outbox/transcoder.h"
#include "push/crash_record.h"
#include "push/watchdog.h"
#include "upgrade/core_store.h"
#include "upgrade/new_process.h"
#include "upgrade/old_process.h"
#include "upgrade/program.h"

namespace hotline {

struct Daemon::Parts {
  Config config;
  std::string state_dir;
  Launch launch;
  int lock = -1;
  SystemClock clock;
  SecureRandom random;
  FaultPoint fault_point;
  std::optional<Crash> crash;  // What the last process died of.
  std::optional<CrashRecord> crash_record;
  std::unique_ptr<Watchdog> watchdog;
  std::unique_ptr<Quarantine> quarantine;
  std::unique_ptr<FaultDesk> faults;
  std::unique_ptr<CoreStore> store;
  std::unique_ptr<TlsContext> tls;
  std::unique_ptr<Gateways> outbox;
  std::unique_ptr<Relay> relay;
  std::unique_ptr<Transcoder> transcoder;
  std::unique_ptr<FileStore> files;
  std::unique_ptr<ThreadWorkPool> work_pool, file_pool, archive_pool, transcode_pool, pushes, backs, readers;
  std::unique_ptr<HostThreads> threads;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<Observer> observer;
  std::unique_ptr<RpcServer> rpc;
  std::vector<ListenReport> listen;
  uv_loop_t loop{};
  uv_timer_t tick{}, look{};
  std::atomic<bool> is_looking{false};
  uv_async_t stop{};
  uv_signal_t term{}, interrupt{}, hangup{};
  bool has_loop = false;

  // The process that takes over from this one, while it does; and the one that this one takes over from.
  struct Upgrade;
  std::unique_ptr<ControlQueue> queue;
  std::shared_ptr<Upgrade> upgrade;
  std::uint32_t upgrades_begun = 0;
  std::unique_ptr<NewProcess> taking;
  std::promise<void> is_alone;  // Pushes wait for it.
  bool has_served_alone = false;
  int given_control = -1;  // The control socket, while another process listens on it.
  std::mutex far_mutex;
  OldProcess* far_process = nullptr;  // Under far_mutex: it is told of B's batches while it is there.
  Ending ending = Ending::ended;
  std::string problem;  // Why it has ended, where that is a failure.

  Result<void> prepare();
  Result<void> arm();
  Result<void> bring_up();
  Result<std::unique_ptr<Store>> open_store();
  Result<void> make_host(std::uint8_t host_number, std::unique_ptr<CoreStore> its_store);
  Result<void> start_modules();
  void open_loop();
  Result<void> open_control(int control_socket);
  void connect_faults();
  void record_crash();
  void leave_build(const Fault& fault, const std::string& reason);
  Result<void> write_run_file();
  void look_at_pushes();
  void take_down();
  void end(Ending how) {
    ending = how;
    uv_stop(&loop);
  }

  // daemon_upgrade.cpp
  void take_from(int socket);
  void add_upgrade_methods();
  void upgrade_asked(const RpcCall& call, const RpcReply& reply);
  bool abort_upgrade(const RpcCall& call, const RpcReply& reply);
  void upgrade_to(const std::shared_ptr<Upgrade>& its);
  void begin_upgrade(const std::shared_ptr<Upgrade>& its, const Program& program, Descriptor socket,
                     ProgramRun run);
  upgrade::Offer offer();
  Channel::Descriptors own_doors();
  void push_soon(std::function<void()> act);
  bool is_outside_done(bool is_late);
  void given(const std::shared_ptr<Upgrade>& its);
  void upgrade_failed(const std::shared_ptr<Upgrade>& its, const std::string& why, bool is_lost);
  Result<Host*> prepare_for(const upgrade::Offer& offer);
  Result<void> open_doors(const upgrade::Offer& offer, Channel::Descriptors doors, const std::string& keys);
  void serve_alone(const std::string& record);
  void far_committed(std::uint32_t far_shard, std::uint64_t number);  // The store's thread.
  void set_far_process(OldProcess* process);
  void look_at_upgrade();
  void let_pushes_go();
  void end_upgrade();
};

}  // namespace hotline

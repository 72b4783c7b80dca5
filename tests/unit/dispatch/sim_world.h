// SimWorld: a whole host inside a test: real modules, real dispatch, one thread, simulated time, randomness,
// disk and sockets. The test decides when a byte arrives, a shard has its turn, a batch is on disk, or the
// process dies; so a seed is a history, and replays exactly.
//
// Threads: one. No sockets, no loops, no waiting.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "dispatch/host.h"
#include "dispatch/partitions/far.h"
#include "push/pipeline.h"
#include "state/memory_store.h"

namespace hotline::sim {

class SimClock final : public Clock {
 public:
  std::uint64_t mono_us() override { return now_us_ += tick_us_; }
  std::uint64_t wall_ms() override { return 1'700'000'000'000 + now_us_ / 1000; }
  void advance_us(std::uint64_t by) { now_us_ += by; }
  // So much passes whenever somebody looks: work takes time then.
  void set_tick_us(std::uint64_t tick_us) { tick_us_ = tick_us; }

 private:
  std::uint64_t tick_us_ = 0;
  std::uint64_t now_us_ = 1'000'000;
};

// Work waits until the world runs it.
class SimPool final : public WorkPool {
 public:
  bool submit(std::function<void()> work) override {
    waiting_.push_back(std::move(work));
    return true;
  }
  bool has_room() override { return true; }
  bool run_all();

 private:
  std::deque<std::function<void()>> waiting_;
};

// What lies between a client and the host: bytes on their way, both ways.
struct Wire {
  LinkEvents* events = nullptr;  // The host's end; nullptr when it has closed.
  bool is_detached = false;      // On its way to another shard: nothing is delivered.
  bool is_cut = false;           // The client's end is gone.
  bool is_full = false;          // The client takes nothing.
  std::string to_host;
  std::string to_client;
  std::string peer = "127.0.0.1";  // The client's address.

  bool is_open() const { return events != nullptr && !is_cut; }
};

// A temporary directory, gone with its object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string path() const { return path_; }

 private:
  std::string path_;
};

// Bytes between two processes: what one host posts to partitions that the other has.
class SimFar final : public Far {
 public:
  SimFar(Host& from, Host& to) : from_(from), to_(to) {}
  void post(std::uint32_t partition, Post post) override;
  bool has_room() const override { return true; }
  std::uint64_t posts() const { return posts_; }

 private:
  Host &from_, &to_;
  std::uint64_t posts_ = 0;
};

class SimWorld {
 public:
  static constexpr std::string_view password = "secret";

  struct Settings {
    std::uint64_t seed = 1;
    std::uint32_t shards = 2;
    std::vector<std::string> accounts;  // Bare addresses that exist.
    std::vector<std::string> modules;   // Files, live from the start.
    ShardLimits limits;
    ListenerFacts listener{.name = "xmpp", .framer = FramerKind::xml, .needs_tls = false};
    TlsContext* tls = nullptr;  // For a listener that wants it.
    // A second host on the same machine, disk and network, which gets its partitions from the first.
    SimWorld* beside = nullptr;
  };

  explicit SimWorld(Settings settings);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  // A client connects to a shard, from this machine or elsewhere.
  std::shared_ptr<Wire> connect(std::uint32_t shard, const std::string& from = "127.0.0.1");
  // The first `bytes` of what the client wrote reach the host.
  void deliver(Wire& wire, std::size_t bytes);
  // The client's end is gone; the host hears of it only when `is_noticed`.
  void cut(Wire& wire, bool is_noticed);

  void turn(std::uint32_t shard);  // One turn of that shard.
  void settle();                   // Turns until nobody has anything to do at this moment; with its twin.

  bool push(const std::string& file);
  bool rollback(const std::string& module, const std::string& to = {});
  // The process dies: of what waited for the disk, the first `safe_untold` batches had reached it. Then the
  // host starts again on what the disk has.
  void crash(std::size_t safe_untold);

  // What a command's answers are, once everything has settled.
  std::vector<Host::Answer> command(const std::string& name, const std::string& account,
                                    const std::string& json);

  // The bodies of what waits in an account's mailbox, oldest first.
  std::vector<std::string> mailbox(const std::string& account);

 private:
  SimClock own_clock_;
  MemoryStore own_store_{own_clock_};

 public:
  SimClock& clock;
  MemoryStore& store;
  Host& host() { return *host_; }
  Pipeline& pipeline() { return *pipeline_; }
  std::string last_refusal;
  std::size_t barriers_missed = 0;  // Of the next ones: some shard does not come.

 private:
  bool settle_once();
  void start();
  void stop();
  void add_account(const std::string& address);

  Settings settings_;
  SimWorld* twin_ = nullptr;           // The host beside this one, which is told of its batches here.
  std::unique_ptr<Store> twin_store_;  // This one's way to the other's store.
  std::unique_ptr<SimFar> far_;
  TempDir dir_;
  SeededRandom random_;
  std::unique_ptr<FileStore> files_;  // Before whoever may have one of them open.
  SimPool pool_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Pipeline> pipeline_;
  std::uint64_t accounts_batch_ = 0;
};

// A module's file in the build directory.
std::string module_file(std::string_view name);

// The seeds a test runs: `count` of them from 1, or the one in the environment variable HOTLINE_SEED.
// Sanitizer builds, which are slow and keep every image they loaded, run one in `seeds_share_sanitized` of
// them.
inline constexpr std::uint64_t seeds_share_sanitized = 10;
std::vector<std::uint64_t> seeds(std::uint64_t count);

}  // namespace hotline::sim

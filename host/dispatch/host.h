// Host: all shards of a process, and what they share. It makes a set of modules live on them, brings commands
// to the modules that answer them, and asks the shards questions.
//
// It starts no thread: HostThreads runs it on loops, a simulation runs it by hand.
//
// Threads: construction, load() and destruction while no shard runs; stage, unstage, serve and is_owed from
// the pipeline, one at a time; figures(), host_figures(), command() and ask() from any.
#pragma once

#include <atomic>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "dispatch/partitions/partitions.h"
#include "dispatch/shard.h"
#include "push/live_target.h"

namespace hotline {

class Host final : public LiveTarget {
 public:
  struct Settings {
    std::uint32_t shards = 1;
    std::uint8_t host_number = 0;  // As in ShardWorld.
    bool starts_empty = false;     // All partitions are to come from another process.
    ShardLimits limits;
    ModuleSettings modules;
  };
  struct Parts {
    Clock* clock;
    Random* random;
    Store* store;
    WorkPool* work_pool;
    TlsContext* tls;  // nullptr: no listener may want it.
    Outbox* outbox = nullptr;
    FileStore* files = nullptr;
    WorkPool* file_pool = nullptr;
    WorkPool* archive_pool = nullptr;
    Relay* relay = nullptr;
    Transcoder* transcoder = nullptr;
    WorkPool* transcode_pool = nullptr;
  };
  // Runs `swap` while no shard is inside an event.
  using Barrier = std::function<Safepoint::Outcome(const std::function<void()>& swap, Haste haste)>;

  Host(const Settings& settings, const Parts& parts, const std::function<Shard::Loops(std::uint32_t)>& loops,
       Barrier barrier);
  ~Host() override;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // What the store kept, each to its home.
  Result<void> load();

  std::uint32_t shard_count() const { return world_.shards; }
  Shard& shard(std::uint32_t number) { return *shards_[number]; }
  ShardWorld& world() { return world_; }
  Partitions& partitions() { return partitions_; }

  // LiveTarget
  std::vector<std::string> capabilities() const override;
  std::vector<StoredTable> stored_tables() override;
  ModuleFacts facts(const std::string& module) const override;
  bool has_lines_listener(const std::string& name) const override;
  Result<std::vector<SampleRow>> sample_rows(const Manifest& manifest) override;
  Result<void> stage(Generation& generation) override;
  Result<void> unstage(Generation& generation) override;
  Outcome serve(const Serving& serving) override;
  bool is_owed(const Generation& generation) override;
  CallFigures figures(const Generation& generation) override;
  HostFigures host_figures() override;

  // The same by build id, of all that are staged. Any thread.
  std::map<std::string, CallFigures> figures_by_build();

  // A control command for a module. `done` is called once, on any thread, with the answers: one, or one of
  // each shard.
  struct Answer {
    bool is_refusal = false;
    std::string json;  // Or the refusal's text.
  };
  using Answered = std::function<void(std::vector<Answer> answers)>;
  // False: no live module has such a command.
  bool command(const std::string& name, const std::string& account, const std::string& json, Answered done);

  // Runs `question` on the threads of all shards, then `done` on the last one's.
  void ask(std::function<void(Shard&)> question, std::function<void()> done);
  // On the home of that account only.
  void ask_home(const std::string& account, std::function<void(Shard&)> question);

 private:
  // The generations of a set that is on the shards; number 0: none.
  struct KnownSet {
    std::uint32_t number = 0;
    std::vector<const Generation*> generations;
    static KnownSet of(const ServedSet& set, std::uint32_t number);  // Those that are not disabled.
    bool is_of(const ServedSet& set) const;
    bool has(const Generation& generation) const;
  };
  using SetOfShards = std::vector<std::unique_ptr<ServingSet>>;
  // By module number: the generations that may convert rows for others of their module.
  using Companions = std::vector<std::vector<const Generation*>>;

  void answered(std::uint64_t command, bool is_refusal, std::string json);
  // host_serving.cpp
  CalledModule called(const Generation& generation, std::size_t shard) const;  // Under staged_mutex_.
  SetOfShards make_set(const ServedSet& set, std::uint32_t number);
  std::vector<std::unique_ptr<ShadowSet>> make_shadow(const Serving& serving, std::uint32_t number);
  void will_write(const ServedSet& set);  // Rows in its schemas may come to be.
  void remember(const Serving& serving);
  // Of all sets of `sets`.
  Companions companions(std::initializer_list<const ServedSet*> sets);
  bool has_ended(std::uint32_t left) const;
  // Under the barrier: those that were left and for which `goes` holds, to `gone`.
  void drop_left(const std::function<bool(const KnownSet&)>& goes, SetOfShards& gone);
  void forget(const Generation& generation);

  ShardWorld world_;
  TableNames tables_;
  ModuleNames modules_;
  FieldNames fields_;
  CounterNames counters_;
  std::atomic<std::uint64_t> message_id_{0};
  const Barrier barrier_;
  const bool starts_empty_;
  std::vector<std::unique_ptr<Shard>> shards_;
  Partitions partitions_{*this};

  std::mutex staged_mutex_;
  std::map<const Generation*, std::vector<std::unique_ptr<ModuleContext>>> staged_;
  std::map<std::string, std::set<std::uint32_t>> stored_schemas_;  // As loaded, by table.
  std::shared_ptr<const RouteTable> routes_;                       // Under staged_mutex_.

  // What is on the shards. The pipeline's, one call at a time.
  KnownSet current_, candidate_, shadow_;
  std::vector<KnownSet> left_;
  std::set<const Generation*> on_shards_;  // Some shard may know them.
  std::uint32_t last_set_ = 0;
  std::uint32_t last_live_ = 0;  // Of LiveSet::number.

  struct Waiting {
    std::size_t missing;
    std::vector<Answer> answers;
    Answered done;
  };
  std::mutex commands_mutex_;
  std::unordered_map<std::uint64_t, Waiting> commands_;
  std::uint64_t last_command_ = 0;
};

}  // namespace hotline

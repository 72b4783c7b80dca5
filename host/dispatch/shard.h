// Shard: the logic of one shard: its streams, sessions, mailboxes and rows, and the calls into modules.
//
// It knows no libuv and no thread: time, randomness, the store, work off the loop and how a link changes
// loops come from outside, so that a whole host runs single-threaded and seeded in a test.
//
// Threads: one, the shard's. Others reach it through inbox() and, while it stands at the safepoint, live().
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "dispatch/calls.h"
#include "dispatch/counter_names.h"
#include "dispatch/expiry.h"
#include "dispatch/failed_event.h"
#include "dispatch/field_names.h"
#include "dispatch/file_transfers.h"
#include "dispatch/http_relays.h"
#include "dispatch/http_requests.h"
#include "dispatch/limits.h"
#include "dispatch/module_context.h"
#include "dispatch/module_names.h"
#include "dispatch/module_timers.h"
#include "dispatch/post.h"
#include "dispatch/row_sweep.h"
#include "dispatch/rows.h"
#include "dispatch/sessions.h"
#include "dispatch/shard_counters.h"
#include "dispatch/streams.h"
#include "outbox/outbox.h"
#include "outbox/transcoder.h"
#include "shard/inbox.h"
#include "shard/loop.h"
#include "shard/timers.h"
#include "shard/work_pool.h"
#include "state/account.h"
#include "state/bodies.h"
#include "state/commit_window.h"
#include "state/store.h"

namespace hotline {

// What all shards of a host share.
struct ShardWorld {
  std::uint32_t shards = 1;
  Clock* clock = nullptr;
  Random* random = nullptr;
  Store* store = nullptr;
  WorkPool* work_pool = nullptr;
  Outbox* outbox = nullptr;          // nullptr: no gateway is configured.
  FileStore* files = nullptr;        // nullptr: modules have none.
  WorkPool* file_pool = nullptr;     // What waits for these files.
  WorkPool* archive_pool = nullptr;  // One thread: what moves them to slower storage.
  Relay* relay = nullptr;            // nullptr: there are no other nodes.
  Transcoder* transcoder = nullptr;  // nullptr: there is none.
  WorkPool* transcode_pool = nullptr;
  TlsContext* tls = nullptr;
  TableNames* tables = nullptr;
  ModuleNames* modules = nullptr;
  FieldNames* field_names = nullptr;
  CounterNames* counter_names = nullptr;
  ShardLimits limits;
  ModuleSettings settings;
  std::atomic<std::uint64_t>* message_id = nullptr;  // The last mailbox entry's.
  // A command was answered. Any thread.
  std::function<void(std::uint64_t command, bool is_refusal, std::string json)> command_answered;
  // A connection that was accepted has gone; `peer` is its address. Any thread. May be empty.
  std::function<void(std::string_view peer)> connection_closed;
  // Of that live set, no row of that shard is left to convert, on disk neither. The shard's thread.
  std::function<void(std::uint32_t shard, std::uint32_t live_set)> rows_swept;
  // A generation was charged with a fault; an event was survived by none. A shard's thread. May be empty.
  std::function<void(Fault fault)> fault_seen;
  std::function<void(FailedEvent event)> event_failed;
  std::vector<class Shard*> all;

  std::uint32_t home_of(std::string_view bare) const { return partition_of(bare) % shards; }
};

class Shard final : public ShardWork {
 public:
  // `wake` and `begin_turn` are the loop's; `put_on_loop` gives a link that left another loop to this one's.
  struct Loops {
    std::function<void()> wake;
    std::function<void()> begin_turn;
    std::function<void(Link&)> put_on_loop;
    std::function<void()> poll_safepoint;
  };
  Shard(std::uint32_t number, ShardWorld& world, Loops loops);
  ~Shard() override;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  const std::uint32_t number;
  ShardWorld& world;
  const Loops loops;

  Timers timers;
  Accounts accounts;
  Rows rows;
  CommitWindow window;
  Bodies bodies;
  Streams streams;
  HttpRequests requests;
  FileTransfers files;
  HttpRelays relays;
  Sessions sessions;
  Calls calls;
  ModuleTimers module_timers;
  Expiry expiry;
  RowSweep row_sweep;
  ShardCounters counters;

  Inbox<Post>& inbox() { return inbox_; }

  std::uint64_t now_us() const { return world.clock->mono_us(); }
  std::uint64_t wall_ms() const { return world.clock->wall_ms(); }
  bool is_home(std::string_view bare) const { return world.home_of(bare) == number; }

  // Posts to the account's home: another shard's inbox at the end of the turn, or this one's queue.
  void post(Post post);
  // The effect's stanza to each of its accounts: one post a home.
  std::uint32_t fan_out(const Effect& effect, std::uint32_t set, const Receipt& receipt);
  void post_to(std::uint32_t shard, Post post);  // Another one.
  bool has_room_for(std::string_view account) const;
  // The receipt's stanza is safe as far as its holder is concerned.
  void release(const Receipt& receipt);
  // One receipt for `parts` holders: each releases its copy.
  Receipt share(const Receipt& receipt, std::uint32_t parts);

  // What the loop drives.
  void begin_turn() override;
  void take_inbox() override;
  void run_timers() override;
  std::uint64_t next_timer_us() override;
  bool end_turn() override;

  // Whether it will look into its inbox within moments though nobody wakes it, as far as its habit tells. Any
  // thread.
  bool wakes_soon(std::uint64_t now_us) const;

  // Before the shards run: what the store kept. Rows have their own way: Rows::load.
  void load(StoredMessage message, std::uint16_t module);

  // Before the loop ends: closes every stream with a word, keeps what is safe.
  void close(std::string_view condition, std::string_view text);

 private:
  void handle(Post& post);
  void run_local();
  void send_out();
  void hand_out(std::uint32_t shard, std::uint64_t now_us);
  void sweep();

  Inbox<Post> inbox_;
  std::vector<Post> taken_;
  std::deque<Post> local_;
  std::vector<std::vector<Post>> out_;          // By shard.
  std::vector<std::vector<Receipt>> safe_out_;  // By shard.
  std::uint64_t safe_due_us_ = UINT64_MAX;      // When they go at the latest.
  // When a shard that was left to wake by itself is nudged; UINT64_MAX: none was. By shard.
  std::vector<std::uint64_t> nudge_us_;
  // Its habit, for wakes_soon(): written by its thread, read by any.
  std::atomic<std::uint64_t> rests_since_us_{0};  // 0: it has never rested.
  std::atomic<std::uint64_t> rest_us_mean_{UINT16_MAX};

  struct Group {
    Receipt whole;
    std::uint32_t left = 0;
  };
  std::unordered_map<std::uint64_t, Group> groups_;
  std::uint64_t last_group_ = 0;
};

}  // namespace hotline

// Shard: the logic of one shard: its streams, sessions, mailboxes and rows, and the calls into modules.
//
// It knows no libuv and no thread: time, randomness, the store, work off the loop and how a link changes
// loops come from outside, so that a whole host runs single-threaded and seeded in a test.
//
// Threads: one, the shard's. Others reach it through inbox() and, while it stands at the safepoint, live().
#pragma once

#include <atomic>
#include <bitset>
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
#include "dispatch/fetch_ahead.h"
#include "dispatch/field_names.h"
#include "dispatch/file_transfers.h"
#include "dispatch/http_relays.h"
#include "dispatch/http_requests.h"
#include "dispatch/limits.h"
#include "dispatch/module_context.h"
#include "dispatch/module_names.h"
#include "dispatch/module_timers.h"
#include "dispatch/partitions/held_partition.h"
#include "dispatch/partitions/homes.h"
#include "dispatch/post.h"
#include "dispatch/row_sweep.h"
#include "dispatch/rows.h"
#include "dispatch/session_watch.h"
#include "dispatch/sessions.h"
#include "dispatch/shard_counters.h"
#include "dispatch/streams.h"
#include "net/peer_address.h"
#include "outbox/outbox.h"
#include "outbox/transcoder.h"
#include "shard/inbox.h"
#include "shard/loop.h"
#include "shard/timers.h"
#include "shard/work_pool.h"
#include "state/accounts.h"
#include "state/bodies.h"
#include "state/commit_window.h"
#include "state/store.h"

namespace hotline {

// What all shards of a host share.
struct ShardWorld {
  std::uint32_t shards = 1;
  std::uint8_t host_number = 0;  // Of two hosts that a partition goes between, each has its own.
  Homes homes;
  // The other process, while the core is replaced. Whoever takes it away asks all shards (Host::ask) before
  // it ends: one may be about to use it.
  std::atomic<class Far*> far = nullptr;
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
  // Hosts that partitions go between give even ones, or odd ones: no id is given twice, and each mailbox's
  // grow.
  std::uint64_t next_entry_id() { return message_id->fetch_add(2, std::memory_order_relaxed) + 2; }
  void entry_id_is_beyond(std::uint64_t id);
  // A command was answered. Any thread.
  std::function<void(std::uint64_t command, bool is_refusal, std::string json)> command_answered;
  // A connection that was accepted has gone; `peer` is its address. Any thread. May be empty.
  std::function<void(std::string_view peer)> connection_closed;
  // One that another process had accepted is here. Any thread. May be empty.
  std::function<void(std::string_view peer)> connection_came;
  // Of that live set, no row of that shard is left to convert, on disk neither. The shard's thread.
  std::function<void(std::uint32_t shard, std::uint32_t live_set)> rows_swept;
  // A generation was charged with a fault; an event was survived by none. A shard's thread. May be empty.
  std::function<void(Fault fault)> fault_seen;
  std::function<void(FailedEvent event)> event_failed;
  std::vector<class Shard*> all;
  // For partitions from another process: a link of a socket, on no loop yet; and the listener of that name
  // (nullptr: there is none).
  std::function<std::unique_ptr<Link>(int socket, const PeerAddress& peer)> link_of;
  std::function<const ListenerFacts*(std::string_view name)> listener;

  // The shard that takes posts for it; Homes::elsewhere.
  std::uint32_t home_of(std::string_view bare) const { return homes.of(partition_of(bare)); }
  // What comes from no shard, for an account. Any thread.
  void hand_in(Post post);
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
  SessionWatch watch;
  Sessions sessions;
  Calls calls;
  ModuleTimers module_timers;
  Expiry expiry;
  RowSweep row_sweep;
  ShardCounters counters;

  Inbox<Post>& inbox() { return inbox_; }

  std::uint64_t now_us() const { return world.clock->mono_us(); }
  std::uint64_t wall_ms() const { return world.clock->wall_ms(); }
  // The partition's state is on this shard, now.
  bool is_here(std::uint32_t partition) const { return here_[partition]; }
  bool is_home(std::string_view bare) const { return is_here(partition_of(bare)); }

  // Posts to the account's home: another shard's inbox at the end of the turn, or this one's queue.
  void post(Post post);
  // The effect's stanza to each of its accounts: one post a home.
  std::uint32_t fan_out(const Effect& effect, std::uint32_t set, const Receipt& receipt);
  void post_to(std::uint32_t shard, Post post);  // Another one.
  bool has_room_for(std::string_view account) const;
  // The receipt's stanza is safe as far as its holder is concerned.
  void release(const Receipt& receipt);
  // At the end of the turn, with all others.
  void release_soon(const Receipt& receipt) { accepted_.push_back(receipt); }
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

  // A partition's way (partitions/partitions.h). leave(): between two turns, once nothing of it is under way
  // here, it is taken out and given to `then`.
  using Taken = std::function<void(std::unique_ptr<HeldPartition> held)>;
  void leave(std::uint32_t partition, Taken then);
  // It is here from now on; what waited for it is handled.
  void put_in(HeldPartition& held);
  // Another process has it for good, or is to give it (back).
  void set_away(std::uint32_t partition, bool is_away) { away_[partition] = is_away; }
  // What waits here for the partition is handled anew: it is here, or its home is another one.
  void post_waiting(std::uint32_t partition);
  // No partition is here, and nothing that this shard began waits for the disk, for anybody's word or to be
  // passed on. What another shard has for it is not seen: both have to be asked twice.
  bool has_given_all() const;

  // The receipt of that number, which this shard gave (share, Expiry).
  Receipt numbered(std::uint64_t its_number) const {
    return {its_number, 0, static_cast<std::uint16_t>(number), world.host_number, 0};
  }
  // What became of entries of an account that has left, told where it is at home.
  enum class EntryNews : std::uint32_t { on_disk = 0, expired = 1 };
  void tell_home(std::uint32_t partition, std::vector<StoredEntry> entries, EntryNews news);

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

  // partitions/elsewhere.cpp: what is for accounts that are not here.
  bool is_for_elsewhere(const Post& post) const;
  void send_on(Post post);
  void send_far(Post post);
  void wait_here(Post post);
  bool keep_what_is_here(Post& fan_out);
  void stored(Post& post);
  void release_at_home(const Receipt& receipt);
  void release_all(const std::vector<Receipt>& receipts);
  void release_accepted();
  void release_on(std::uint32_t shard, const Receipt& receipt);
  void release_far(const Receipt& receipt);

  // partitions/take_out.cpp
  bool leave_when_quiet();
  bool is_quiet() const;
  std::unique_ptr<HeldPartition> take_out(std::uint32_t partition);
  void take_out(Account& account, HeldPartition& held);
  // partitions/put_in.cpp
  void put_in(Account& account);

  template <typename Posts>
  void fetch_ahead(const Posts& posts, std::size_t first);

  Inbox<Post> inbox_;
  std::vector<Post> taken_;
  std::deque<Post> local_;
  std::size_t for_others_here_ =
      0;  // So many at the front of local_ reach to the last that is to be sent on.
  FetchAhead fetch_ahead_{accounts, sessions};
  std::vector<std::vector<Post>> out_;          // By shard.
  std::vector<Receipt> accepted_;               // Of messages that were accepted in this turn.
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

  std::bitset<partitions> here_;
  std::bitset<partitions> away_;  // In the other process: what comes for them here is sent on there.
  struct Leaving {
    std::uint32_t partition;
    Taken then;
  };
  std::deque<Leaving> leaving_;
  // Posts for partitions that are to come, by partition.
  struct Waiting {
    std::vector<Post> from_far, own;
  };
  std::unordered_map<std::uint32_t, Waiting> waiting_;
  std::atomic<std::size_t> waiting_count_{0};
};

}  // namespace hotline

// Partitions: where each of the 256 is at home, and how one goes elsewhere: to another shard of this process,
// or to another process and back.
//
//     move      close the door | fence | take out | put in                  (one process)
//     freeze    take out | pack  ->  bytes and descriptors
//                                    resume: all as before   <-  it did not go
//                                    forget: it is theirs    <-  it did
//     thaw      expect | unpack: READY | put in: GO
//
// Close the door: from then on what is posted to its accounts goes to its new home, where it waits (bounded)
// until the partition is there. The fence: each shard says that all it had posted to the old home has arrived
// there. Meanwhile the old home serves it as ever. Take out happens between two turns, when nothing of it is
// under way: its posts are with their homes, its output is sealed and with the sockets. So the order of what
// one account posts to another stays.
//
// Between processes the door stays where it is: what is posted to a frozen partition waits at its old home,
// which handles it on resume(), and on forget() sends it on, and from then on all that comes for it. Over
// there that comes before what waited there.
//
// Invariants
//   1. A partition is held by one shard of one process, or by one HeldPartition.
//   2. What is frozen is touched by nobody: no byte of its connections is read or written, before resume or,
//      over there, put in.
//   3. Nothing is lost and nothing doubled by a move, whatever step it stops at.
//
// One step at a time: who calls is the control thread. Answers come on the thread of some shard.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "carry/carried_partition.h"
#include "dispatch/partitions/held_partition.h"
#include "dispatch/post.h"

namespace hotline {

class Host;
class Shard;

class Partitions {
 public:
  explicit Partitions(Host& host);

  struct Moved {
    std::uint32_t from = 0, to = 0;
    std::size_t accounts = 0, sessions = 0, connections = 0, mailbox_entries = 0;
    std::uint64_t pause_us = 0;  // From the end of the last event on the old shard to the first on the new.
    std::uint64_t whole_us = 0;
  };
  // To another shard of this process. An error leaves it where it is.
  using MoveDone = std::function<void(Result<Moved>)>;
  void move(std::uint32_t partition, std::uint32_t to_shard, MoveDone done);

  // For another process, in the format that it reads. When it answers, all that its accounts had posted is
  // handled or with the far host, its changes are submitted to the store, and nobody here touches it: exactly
  // one of resume() and forget() must follow.
  using FreezeDone = std::function<void(Result<CarriedPartition>)>;
  void freeze(std::uint32_t partition, std::uint32_t version, FreezeDone done);
  // It did not go, and the other side has no copy of it any more (it has ended and was reaped, or has said
  // so): it goes on here, with what waited for it.
  using Done = std::function<void(Result<void>)>;
  void resume(std::uint32_t partition, Done done);
  // It is theirs: it is wiped here, and when this answers, what waited for it was given to the far host. What
  // could not be carried (connections whose TLS is OpenSSL's) is closed; its sessions went detached, so that
  // clients come back to them over there.
  void forget(std::uint32_t partition, std::function<void()> done);

  // The receiving side. From expect() on, what is posted to it here waits for it on that shard; `done` once
  // all that was posted to it before is with the far host.
  void expect(std::uint32_t partition, std::uint32_t on_shard, std::function<void()> done);
  // READY: reads and checks all of it and uses no key. Any thread; on an error nothing has happened, and what
  // is at fault is named.
  Result<std::unique_ptr<HeldPartition>> unpack(CarriedPartition carried) const;
  // GO: it is served here from now on; what came from the far host for it is handled first.
  void put_in(std::unique_ptr<HeldPartition> held, std::function<void()> done);
  // It will not come after all: what waits for it goes to the far host.
  void expect_no_more(std::uint32_t partition);
  // None will come any more: who has connected here and waits for one is told to come again.
  void expect_none();
  // A post of the far host, for an account of that partition, wherever it is by now. Any thread.
  void take(std::uint32_t partition, Post post);
  // Nothing is here any more, and nothing that was begun here waits for the disk or for a word: a process
  // whose partitions have all gone may end.
  void ask_whether_done(std::function<void(bool is_done)> done);

  // Where each is.
  struct Figures {
    std::uint32_t partition = 0;
    std::uint32_t shard = 0;
    std::size_t accounts = 0, sessions = 0, connections = 0, mailbox_entries = 0;
  };
  using Listed = std::function<void(std::vector<Figures>)>;
  void list(Listed done);

  // `done`, on that shard's thread, once all that any shard had posted to it before has come there.
  void fence(std::uint32_t shard, std::function<void()> done);

 private:
  struct Frozen {
    std::unique_ptr<HeldPartition> held;
    std::uint32_t shard = 0;  // That had it.
  };
  void leave(std::uint32_t partition, std::uint32_t to_shard, MoveDone done);
  void pack(std::unique_ptr<HeldPartition> held, std::uint32_t from, std::uint32_t version,
            const FreezeDone& done);
  void put_back(std::unique_ptr<HeldPartition> held, std::uint32_t shard);
  std::optional<Frozen> take_frozen(std::uint32_t partition);
  Shard& shard(std::uint32_t number) const;

  Host& host_;
  std::atomic<bool> is_moving_{false};
  std::mutex frozen_mutex_;
  std::map<std::uint32_t, Frozen> frozen_;  // By partition.
};

}  // namespace hotline

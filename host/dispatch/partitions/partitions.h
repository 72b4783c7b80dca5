// Partitions: where each of the 256 is at home, and how one goes elsewhere: to another shard of this process,
// or to another process and back.
//
//     move      close the door | fences | take out | put in          (one process)
//     freeze    close the door | fences | take out | pack  ->  bytes and descriptors
//                                                    resume: all as before   <-  it did not go
//                                                    forget: it is theirs    <-  it did
//     thaw      expect | (unpack: READY) | put in: GO
//
// Close the door: from then on what is posted to its accounts goes to the new home, where it waits (bounded)
// until the partition is there. Fences: each shard (and, between processes, the far one) says that all it
// had posted to the old home has arrived there. Meanwhile the old home serves it as ever, clients notice
// nothing. Take out happens between two turns, when nothing of it is under way: its posts are with their
// homes, its output is sealed and with the sockets. So the order of what one account posts to another stays.
//
// Invariants
//   1. A partition is held by one shard of one process, or by one HeldPartition.
//   2. What is frozen is touched by nobody: no byte of its connections is read or written, before resume or,
//      over there, put in.
//   3. Nothing is lost and nothing doubled by a move, whatever step it stops at.
//
// One step at a time: who calls is the control thread. Answers come on the thread of the shard that has (or
// gets) the partition.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"

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
  void leave(std::uint32_t partition, std::uint32_t to_shard, MoveDone done);
  Shard& shard(std::uint32_t number);

  Host& host_;
  std::atomic<bool> is_moving_{false};
};

}  // namespace hotline

// PartitionTraffic: the deeds of an upgrade that are a partition's: what is frozen goes onto the channel,
// what comes from it is put in.
//
// Threads: the control thread's. What shards answer is brought there by `to_control`.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "dispatch/host.h"
#include "upgrade/channel.h"
#include "upgrade/deed.h"

namespace hotline {

class PartitionTraffic {
 public:
  struct Parts {
    Host* host;
    Channel* channel;
    Clock* clock;
    std::function<void(std::function<void()>)> to_control;
    // A deed was done, or could not be. On the control thread.
    std::function<void(upgrade::Act act, std::uint16_t partition, Result<void> done)> done;
  };
  // `version`: of a carried partition, which the other process reads.
  PartitionTraffic(Parts parts, std::uint32_t version) : parts_(std::move(parts)), version_(version) {}

  // False: it is no deed of a partition.
  bool act(const upgrade::Deed& deed);
  // Some of what CARRY brings; its bytes are wiped then. The last one comes before the deed `unpack`.
  void heard(upgrade::Carry& carry, Channel::Descriptors descriptors);

  // Partitions were lost with the other process: what is acknowledged of them is in the store.
  bool has_lost() const { return has_lost_; }
  // When the partition that went last was taken out of its shard, and when the one that came last was put in.
  std::uint64_t taken_us() const { return taken_us_; }
  std::uint64_t served_us() const { return served_us_; }

 private:
  void freeze(std::uint16_t partition);
  void carry(std::uint16_t partition);
  void unpack(std::uint16_t partition);
  void answer(upgrade::Act act, std::uint16_t partition, Result<void> done);
  std::function<void()> answers(upgrade::Act act, std::uint16_t partition);

  const Parts parts_;
  const std::uint32_t version_;
  std::map<std::uint16_t, CarriedPartition> leaving_, coming_;
  std::map<std::uint16_t, std::unique_ptr<HeldPartition>> held_;
  bool has_lost_ = false;
  std::uint64_t taken_us_ = 0, served_us_ = 0;
};

}  // namespace hotline

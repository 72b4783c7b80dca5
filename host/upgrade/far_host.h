// FarHost: the other process, as this one's shards see it while the core is replaced: what is posted to
// accounts that are at home there.
//
// Threads: post() and has_room() from any; heard() from the one that hears the channel.
#pragma once

#include "dispatch/host.h"
#include "dispatch/partitions/far.h"
#include "upgrade/channel.h"
#include "upgrade/post_wire.h"

namespace hotline {

class FarHost final : public Far {
 public:
  // Both outlive it.
  FarHost(Host& host, Channel& channel);

  void post(std::uint32_t partition, Post post) override;
  bool has_room() const override { return channel_.has_room(); }

  // What the other process has posted here.
  Result<void> heard(const upgrade::Posts& posts);

 private:
  Host& host_;
  Channel& channel_;
  upgrade::PostReader reader_;  // The hearing thread's.
};

}  // namespace hotline

// FarHost: the other process, as this one's shards see it while the core is replaced: what is posted to
// accounts that are at home there.
//
// Threads: post() and has_room() from any; heard() from the one that hears the channel.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

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

  // A partition that is frozen here, and not yet given: what goes to it meanwhile waits over there, unheard,
  // and is kept here as well.
  void keep(std::uint32_t partition);
  void let_go(std::uint32_t partition);      // It was given; or what waits comes back by itself.
  void post_again(std::uint32_t partition);  // The other process is dead: here.

  // What the other process has posted here.
  Result<void> heard(const upgrade::Posts& posts);

 private:
  Host& host_;
  Channel& channel_;
  upgrade::PostReader reader_;  // The hearing thread's.

  std::mutex kept_mutex_;
  std::map<std::uint32_t, std::vector<std::string>> kept_;
};

}  // namespace hotline

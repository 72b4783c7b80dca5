// HostThreads: a Host on threads: a loop for each shard, the safepoint between them, listeners.
//
// Threads: all of it from the control thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "dispatch/host.h"
#include "net/listener.h"
#include "net/proxy_wait.h"
#include "net/uv_link.h"
#include "shard/loop.h"
#include "shard/safepoint.h"

namespace hotline {

class HostThreads {
 public:
  struct Limits {
    std::uint32_t connections_per_address_max = 5'000;
    std::uint32_t connections_per_loopback_address_max = 200'000;
    Safepoint::Patience push;
    // Longer than calls that are slow but within their budget.
    Safepoint::Patience rollback = {.attempt_us_max = 20'000};
  };
  HostThreads(const Host::Settings& settings, const Host::Parts& parts, const Limits& limits);
  ~HostThreads();
  HostThreads(const HostThreads&) = delete;
  HostThreads& operator=(const HostThreads&) = delete;

  Host& host() { return *host_; }

  Result<void> start();
  // Listens on all shards; the port it got. Before start(), or after.
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port, ListenerFacts facts);
  // The same on sockets that another process listened on, one a shard.
  Result<std::uint16_t> listen_on(std::vector<int> sockets, ListenerFacts facts);
  // Accepts nobody any more; `done`, on a shard's thread, once that holds.
  void rest_listeners(std::function<void()> done);
  void start_listeners();
  // Of all listeners in the order they were opened in, those of one for all shards together. They stay ours.
  std::vector<int> listening_sockets() const;
  // Ends all streams with `condition`, submits what is not yet on disk, ends the threads.
  void stop(const std::string& condition, const std::string& text);

  // Share of the time a shard's loop was not waiting, since it was last asked.
  double loop_busy(std::uint32_t shard);

 private:
  std::uint16_t add_listeners(std::vector<std::unique_ptr<Listener>> opened, ListenerFacts facts);
  void start_listener(std::uint32_t shard, Listener& listener, const ListenerFacts& facts);
  void accepted(std::uint32_t shard, int socket, const PeerAddress& peer, const ListenerFacts& facts);
  // From a load balancer: it says for whom before it is served.
  void await_header(std::uint32_t shard, int socket, const PeerAddress& proxy, const ListenerFacts& facts);
  void header_ended(std::uint32_t shard, ProxyWait& wait, ProxyWait::End end, const ListenerFacts& facts);
  void serve(std::uint32_t shard, int socket, const PeerAddress& peer, const ListenerFacts& facts);
  bool count_connection(const PeerAddress& peer);
  void connection_came(std::string_view peer);
  const ListenerFacts* facts_of(std::string_view name);
  void connection_closed(std::string_view peer);

  const Limits limits_;
  Clock& clock_;
  Safepoint safepoint_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::unique_ptr<LinkLoop>> link_loops_;
  std::unique_ptr<Host> host_;
  bool is_started_ = false;
  std::vector<std::unique_ptr<ListenerFacts>> facts_;              // Under addresses_mutex_.
  std::vector<std::vector<std::unique_ptr<Listener>>> listeners_;  // By shard.
  std::vector<std::unordered_map<const ProxyWait*, std::unique_ptr<ProxyWait>>> waits_;  // Likewise.

  std::mutex addresses_mutex_;
  std::unordered_map<std::string, std::uint32_t> addresses_;  // By PeerAddress::network().

  struct Busy {
    std::uint64_t at_us = 0, busy_us = 0;
  };
  std::vector<Busy> busy_;
};

}  // namespace hotline

// Relay: HTTP requests that another node answers, passed on to it as their bytes come, and its answers back.
//
// Many at once on one thread, by libcurl, which has names, TLS with its checks, keep-alive and time limits.
// What waits on the way is bounded, up and down: a body is asked for when the node has taken what there was
// (`wants`), and an answer is read when its peer has (`taken`). A node has so long to make some progress
// whenever it is its turn, then the request ends as `late`. A peer may take its time, so each gets a share of
// the places only.
//
// A request that is passed on says so in a field, and a host does not pass it on again: nodes that disagree
// whose it is send nothing round.
//
// Threads: any; events come on the relay's own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fair_places.h"

namespace hotline {

constexpr const char* relayed_field = "hotline-relayed";

struct RelayNode {
  std::string name;
  std::string url;  // "https://two.example.org:8443"
  std::uint32_t timeout_s = 20;
};

using RelayFields = std::vector<std::pair<std::string, std::string>>;

struct RelayRequest {
  std::string node;
  std::string method;  // GET, HEAD, PUT
  std::string path;
  RelayFields fields;
  std::uint64_t body_bytes = 0;
  PlaceTaker taker = {};
};

struct RelayAnswer {
  unsigned status = 0;
  RelayFields fields;
  std::uint64_t length = 0;
};

enum class RelayEnd { done, unreachable, late, broken };  // broken: in the middle of an answer.

struct RelayEvents {
  std::function<void()> wants;  // Some of the body: give().
  std::function<void(RelayAnswer answer)> answer;
  std::function<void(std::string bytes)> part;
  std::function<void(RelayEnd end)> ended;  // The last one.
};

class Relay {
 public:
  static constexpr std::size_t transfers_max = 512;  // At once.

  Relay(std::vector<RelayNode> nodes, Clock& clock);
  // Events stop before it returns; none is told of the end.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  bool knows(const std::string& node) const { return nodes_.contains(node); }
  // To a node that it knows. `number` is the caller's, and no other's. Without a place nothing happens.
  FairPlaces::Outcome begin(std::uint64_t number, RelayRequest request, RelayEvents events);
  // Each time it wants some; of a number that has ended: nothing.
  void give(std::uint64_t number, std::string bytes);
  void taken(std::uint64_t number, std::size_t bytes);
  void drop(std::uint64_t number);  // Without an event.

 private:
  class Transfer;
  void ask(std::function<void()> command);
  void serve();
  void finish(void* handle, int result);
  void watch();
  void leave(const Transfer& transfer);

  std::map<std::string, RelayNode> nodes_;
  Clock& clock_;
  std::mutex mutex_;
  std::deque<std::function<void()>> commands_;
  FairPlaces places_{transfers_max};  // Under mutex_.
  std::atomic<bool> is_ending_{false};
  void* multi_;                                                   // CURLM
  std::map<std::uint64_t, std::unique_ptr<Transfer>> transfers_;  // Its thread's.
  std::thread thread_;
};

}  // namespace hotline

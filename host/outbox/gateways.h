// Gateways: the outbox of a real host: each gateway with a bounded queue, threads of its own and retries.
//
// A gateway that is slow or gone holds up nobody else's messages. Between two attempts it waits 1, 2, 4, … s;
// a queue that is full says so at once. Destruction drops what waits, and has attempts under way give up.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "outbox/gateway.h"

namespace hotline {

class Gateways final : public Outbox {
 public:
  Gateways(const std::vector<GatewaySettings>& gateways, Clock& clock, Random& random);
  ~Gateways() override;
  Gateways(const Gateways&) = delete;
  Gateways& operator=(const Gateways&) = delete;

  Answer room(const std::string& gateway) override;
  Answer send(OutboxMessage message) override;
  // What waits to be tried again has failed now, and its owner is told; what is under way goes on, and so
  // does what was not tried yet, unless `all`. False: some does. [any thread]
  bool give_up_waiting(const std::string& why, bool all);

 private:
  class Lane;
  std::map<std::string, std::unique_ptr<Lane>> lanes_;
};

}  // namespace hotline

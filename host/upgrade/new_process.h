// NewProcess: this process takes over what another one serves, which has started it.
//
// The order of things is Taking's; here they are done. Until it is alone its store is the other's, and its
// partitions come one by one.
//
// Threads: the control thread's, but for `heard` and `ended` of the channel, which bring what they hear
// there.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "push/fault_point.h"
#include "upgrade/core_store.h"
#include "upgrade/far_host.h"
#include "upgrade/heap_room.h"
#include "upgrade/partition_traffic.h"
#include "upgrade/taking.h"

namespace hotline {

class NewProcess {
 public:
  struct Parts {
    FaultPoint fault_point;
    std::function<void(std::function<void()>)> to_control;
    std::function<void(std::function<void()>)> to_control_soon;  // In a millisecond or so.
    // What goes on outside of the shards and does not wait there (passwords, gateways) has ended, and whoever
    // asked for it was told. What waits to be tried again is given up; with `is_late` all that waits.
    std::function<bool(bool is_late)> is_outside_done;
    // Everything but doors, partitions and the store, as the offer wants it; the host it made.
    std::function<Result<Host*>(const upgrade::Offer& offer)> prepare;
    // The first descriptors are the control socket and the lock; then listeners, as listed in the offer.
    std::function<Result<void>(const upgrade::Offer& offer, Channel::Descriptors doors,
                               const std::string& ticket_keys)>
        open_doors;
    // Nobody is accepted any more: all goes back.
    std::function<void()> rest_doors;
    // The store's file, once it is nobody else's. It may wait for the disk: on the control thread, as nothing
    // that clients wait for is there.
    std::function<Result<std::unique_ptr<Store>>()> open_store;
    // All is served here. `record`: what is to be appended to the history; empty: A has died.
    std::function<void(const std::string& record)> alone;
    // It cannot go on; nothing is served here. Or partitions were lost with A: start anew, from the store.
    std::function<void(const std::string& why)> end;
    std::function<void()> start_anew;
  };
  NewProcess(Parts parts, upgrade::Hello hello, std::uint32_t version, Descriptor socket);
  ~NewProcess();
  NewProcess(const NewProcess&) = delete;
  NewProcess& operator=(const NewProcess&) = delete;

  void begin();
  // The store over there, for prepare().
  std::unique_ptr<CoreStore> far_store(std::uint64_t message_id);
  // The operator wants the old process to stay: it is told. False: it is too late.
  bool ask_back(const std::string& why);
  // Before the host's shards run: what is not here is over there.
  void attach(Host& host);

 private:
  void heard(upgrade::Message message, Channel::Descriptors descriptors);  // The hearing thread.
  void act_on(upgrade::Message& message, Channel::Descriptors descriptors);
  void run(const upgrade::Deeds& deeds);
  void run(const upgrade::Deed& deed);
  void prepare(const upgrade::Offer& offer);
  void open_doors();
  void open_store();
  void pay_debts();
  bool is_other_dead() const;

  const Parts parts_;
  upgrade::Taking taking_;
  const std::uint32_t version_;
  const Descriptor other_;  // A's pidfd.
  Host* host_ = nullptr;
  Channel channel_;
  std::unique_ptr<FarHost> far_;
  std::unique_ptr<PartitionTraffic> traffic_;
  HeapRoom room_;
  std::atomic<CoreStore*> store_{nullptr};  // The daemon's; it outlives this.
  upgrade::Offer offer_;
  Channel::Descriptors doors_;
  std::string ticket_keys_;
  std::string record_;
  std::uint64_t pays_until_us_ = 0;
  bool has_ended_ = false;
  std::shared_ptr<bool> is_there_ = std::make_shared<bool>(true);
};

}  // namespace hotline

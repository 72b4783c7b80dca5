#include "upgrade/new_process.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/heap.h"
#include "base/log.h"
#include "base/time_slice.h"
#include "upgrade/warm_code.h"

namespace hotline {

using upgrade::Act;

namespace {

constexpr const char* taker = "take";

constexpr int reap_ms_max = 5'000;
// Gateways get so long to take what waits for them; less than the other process gives.
constexpr std::uint64_t pays_us_max = 2'000'000;
// Beyond it the time that it takes is felt, too.
constexpr std::uint64_t heap_room_bytes_max = 1ull << 30;

// The one that made the pair of sockets, which is the old process.
Descriptor pidfd_of_other_end(int socket) {
  ucred other{};
  socklen_t size = sizeof other;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &other, &size) != 0) return {};
  return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, other.pid, 0)));
}

}  // namespace

NewProcess::NewProcess(Parts parts, upgrade::Hello hello, std::uint32_t version, Descriptor socket)
    : parts_(std::move(parts)),
      taking_(std::move(hello)),
      version_(version),
      other_(pidfd_of_other_end(socket.get())),
      channel_(std::move(socket)) {}

NewProcess::~NewProcess() {
  channel_.stop();
  *is_there_ = false;
  OPENSSL_cleanse(ticket_keys_.data(), ticket_keys_.size());
}

void NewProcess::begin() {
  ask_for_short_slices();  // Whoever is connected waits for this thread between the steps.
  channel_.start(
      [this](upgrade::Message message, Channel::Descriptors descriptors) {
        heard(std::move(message), std::move(descriptors));
      },
      [this](const std::string& why) {
        if (CoreStore* const store = store_.load()) store->far_ended();
        parts_.to_control([this, there = is_there_, why] {
          if (*there) run(taking_.died("the old process: " + why));
        });
      });
}

std::unique_ptr<CoreStore> NewProcess::far_store(std::uint64_t message_id) {
  auto store = std::make_unique<CoreStore>([this](const upgrade::Message& message) { channel_.say(message); },
                                           message_id);
  store_.store(store.get());
  return store;
}

bool NewProcess::ask_back(const std::string& why) {
  if (taking_.phase() != upgrade::Taking::Phase::taking) return false;
  if (taking_.taken() == upgrade::partition_count) return false;  // The old one is closing the store.
  channel_.say(upgrade::Back{why});
  return true;
}

void NewProcess::attach(Host& host) {
  host_ = &host;
  far_ = std::make_unique<FarHost>(host, channel_);
  host.world().far = far_.get();
}

void NewProcess::heard(upgrade::Message message, Channel::Descriptors descriptors) {
  // What these need is there once OFFER was answered; before they mean nothing.
  CoreStore* const store = store_.load();
  if (const auto* posts = std::get_if<upgrade::Posts>(&message)) {
    if (far_ == nullptr) return;
    if (Result<void> taken = far_->heard(*posts); !taken)
      log::error("upgrade.post", {{"why", taken.error().message}});
    return;
  }
  if (const auto* safe = std::get_if<upgrade::Safe>(&message)) {
    if (store != nullptr) store->heard_safe(*safe);
    return;
  }
  if (const auto* answer = std::get_if<upgrade::Answer>(&message)) {
    if (store != nullptr) store->heard_answer(*answer);
    return;
  }
  auto kept = std::make_shared<std::pair<upgrade::Message, Channel::Descriptors>>(std::move(message),
                                                                                  std::move(descriptors));
  parts_.to_control([this, there = is_there_, kept] {
    if (*there) act_on(kept->first, std::move(kept->second));
  });
}

// Keys leave the message here: a copy would stay in memory that nobody wipes.
void NewProcess::act_on(upgrade::Message& message, Channel::Descriptors descriptors) {
  if (const auto* offer = std::get_if<upgrade::Offer>(&message)) offer_ = *offer;
  if (auto* doors = std::get_if<upgrade::Doors>(&message)) {
    for (Descriptor& each : descriptors) doors_.push_back(std::move(each));
    if (doors->first == 0) ticket_keys_ = std::move(doors->ticket_keys);
  }
  if (const auto* closed = std::get_if<upgrade::StoreClosed>(&message)) record_ = closed->record;
  if (auto* carry = std::get_if<upgrade::Carry>(&message)) {
    if (traffic_ != nullptr) traffic_->heard(*carry, std::move(descriptors));
    if (carry->is_last) {
      parts_.fault_point.reach(taker, "carried");
      room_.give_one_of(upgrade::partition_count);
    }
  }
  if (std::holds_alternative<upgrade::Go>(message)) parts_.fault_point.reach(taker, "go");
  run(taking_.heard(message));
}

void NewProcess::run(const upgrade::Deeds& deeds) {
  for (const upgrade::Deed& deed : deeds)
    if (!has_ended_) run(deed);
}

void NewProcess::run(const upgrade::Deed& deed) {
  if (traffic_ != nullptr && traffic_->act(deed)) return;
  switch (deed.act) {
    case Act::say:
      if (std::holds_alternative<upgrade::Loaded>(deed.message)) parts_.fault_point.reach(taker, "loaded");
      if (const auto* serves = std::get_if<upgrade::Serves>(&deed.message)) {
        channel_.say(upgrade::Serves{serves->partition, traffic_->served_us()});
      } else {
        channel_.say(deed.message);
      }
      break;
    case Act::prepare: prepare(std::get<upgrade::Offer>(deed.message)); break;
    case Act::open_doors: open_doors(); break;
    case Act::open_store: open_store(); break;
    case Act::pay_debts:
      parts_.rest_doors();
      pays_until_us_ = host_->world().clock->mono_us() + pays_us_max;
      host_->partitions().expect_none();
      pay_debts();
      break;
    case Act::reap:
      if (is_other_dead()) break;
      has_ended_ = true;
      parts_.end("the old process has closed its socket, and lives on");
      break;
    case Act::serve_alone:
      parts_.fault_point.reach(taker, "alone");
      // Only now, as a lost partition's first event would find nothing of it here.
      if (traffic_->has_lost() || taking_.is_unlike_store()) return parts_.start_anew();
      trim_heap();  // What the hand-over needed and nobody will soon.
      parts_.alone(record_);
      break;
    case Act::end:
      channel_.flush();
      parts_.end(deed.words);
      break;
    default: break;
  }
}

void NewProcess::prepare(const upgrade::Offer& offer) {
  Result<Host*> host = parts_.prepare(offer);
  if (!host) return run(taking_.could_not(Act::prepare, 0, host.error().message));
  map_all_code();
  const std::uint64_t own_bytes = heap_figures().used_bytes;
  room_ = HeapRoom(std::min(offer.heap_bytes - std::min(offer.heap_bytes, own_bytes), heap_room_bytes_max));
  traffic_ = std::make_unique<PartitionTraffic>(
      PartitionTraffic::Parts{.host = *host,
                              .channel = &channel_,
                              .clock = (*host)->world().clock,
                              .to_control =
                                  [this](std::function<void()> act) {
                                    parts_.to_control([there = is_there_, act = std::move(act)] {
                                      if (*there) act();
                                    });
                                  },
                              .done =
                                  [this](Act act, std::uint16_t partition, const Result<void>& done) {
                                    if (act == Act::unpack) parts_.fault_point.reach(taker, "ready");
                                    if (act == Act::put_in) parts_.fault_point.reach(taker, "serves");
                                    if (act == Act::put_in && partition == upgrade::partition_count / 2)
                                      parts_.fault_point.reach(taker, "half");
                                    run(done ? taking_.did(act, partition)
                                             : taking_.could_not(act, partition, done.error().message));
                                  }},
      version_);
  run(taking_.did(Act::prepare, 0));
}

void NewProcess::open_doors() {
  Result<void> opened = parts_.open_doors(offer_, std::exchange(doors_, {}), ticket_keys_);
  OPENSSL_cleanse(ticket_keys_.data(), ticket_keys_.size());
  if (!opened) return run(taking_.could_not(Act::open_doors, 0, opened.error().message));
  parts_.fault_point.reach(taker, "doors");
  run(taking_.did(Act::open_doors, 0));
}

void NewProcess::open_store() {
  parts_.fault_point.reach(taker, "store");
  Result<std::unique_ptr<Store>> store = parts_.open_store();
  if (!store) return run(taking_.could_not(Act::open_store, 0, store.error().message));
  store_.load()->here(std::move(*store));
  run(taking_.did(Act::open_store, 0));
}

// Receipts and batches of what was begun here: the old process gives them as long as it takes, within bounds.
void NewProcess::pay_debts() {
  const bool is_late = host_->world().clock->mono_us() >= pays_until_us_;
  const bool is_outside_done = parts_.is_outside_done(is_late);
  const auto answered = [this, there = is_there_](bool is_done) {
    if (!*there || has_ended_) return;
    if (is_done) return run(taking_.did(Act::pay_debts, 0));
    parts_.to_control_soon([this, there] {
      if (*there && !has_ended_) pay_debts();
    });
  };
  host_->partitions().ask_whether_done(
      [answered, is_outside_done, to_control = parts_.to_control](bool is_done) {
        to_control([answered, is_done, is_outside_done] { answered(is_done && is_outside_done); });
      });
}

// It has closed its socket; whether it is dead is another question, and its keys are not ours before. It is
// not killed from here: it may be about to kill this process, and go on.
bool NewProcess::is_other_dead() const {
  if (!other_.is_open()) return true;
  pollfd ended{other_.get(), POLLIN, 0};
  return poll(&ended, 1, reap_ms_max) == 1;
}

}  // namespace hotline

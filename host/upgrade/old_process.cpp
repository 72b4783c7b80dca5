#include "upgrade/old_process.h"

#include <fcntl.h>
#include <openssl/crypto.h>

#include <algorithm>

#include "base/log.h"
#include "base/time_slice.h"
#include "net/ticket_sharing.h"
#include "upgrade/store_wire.h"
#include "upgrade/warm_code.h"

namespace hotline {

using upgrade::Act;

namespace {

constexpr const char* giver = "give";
// It loads modules, and its machine may be busy.
constexpr std::uint64_t loading_patience_us = 120'000'000;
// A partition waits, or the store: whoever is connected notices.
constexpr std::uint64_t step_patience_us = 15'000'000;
constexpr std::uint64_t owes_patience_us = 3'000'000;
constexpr std::uint64_t words_patience_us = 500'000;  // Of these, for who is told that it was given up.

Descriptor duplicate(int socket) {
  return Descriptor(fcntl(socket, F_DUPFD_CLOEXEC, 0));
}

}  // namespace

OldProcess::OldProcess(Parts parts, upgrade::Offer offer, std::uint32_t version, Descriptor socket,
                       ProgramRun program)
    : parts_(std::move(parts)),
      giving_(std::move(offer)),
      run_(std::move(program)),
      new_pid_(run_.pid()),
      channel_(std::make_shared<Channel>(std::move(socket))),
      far_(parts_.threads->host(), *channel_),
      traffic_({.host = &parts_.threads->host(),
                .channel = channel_.get(),
                .clock = parts_.clock,
                .to_control =
                    [this](std::function<void()> act) {
                      parts_.to_control([there = is_there_, act = std::move(act)] {
                        if (*there) act();
                      });
                    },
                .done =
                    [this](Act act, std::uint16_t partition, const Result<void>& done) {
                      heard_us_ = parts_.clock->mono_us();
                      if (act == Act::freeze) parts_.fault_point.reach(giver, "frozen");
                      run(done ? giving_.did(act, partition)
                               : giving_.could_not(act, partition, done.error().message));
                    }},
               version),
      step_us_(parts_.clock->mono_us()),
      heard_us_(step_us_) {
  parts_.threads->host().world().far = &far_;
}

OldProcess::~OldProcess() {
  run_.reap();  // Before its socket closes: it would take that for our death. Nothing, where it was let go.
  channel_->stop();
  *is_there_ = false;
  parts_.threads->host().world().far = nullptr;
}

void OldProcess::leave(std::function<void()> left) {
  Host& host = parts_.threads->host();
  host.world().far = nullptr;
  host.ask([](Shard&) {}, std::move(left));
}

void OldProcess::begin() {
  map_all_code();
  ask_for_short_slices();  // Whoever is connected waits for this thread between the steps.
  channel_->start(
      [this](upgrade::Message message, Channel::Descriptors descriptors) {
        heard(std::move(message), std::move(descriptors));
      },
      [this](const std::string& why) {
        parts_.to_control([this, there = is_there_, why] {
          if (*there) run(giving_.died("the new process: " + why));
        });
      });
  run(giving_.begin());
}

void OldProcess::look() {
  using Phase = upgrade::Giving::Phase;
  const Phase phase = giving_.phase();
  if (phase == Phase::over || phase == Phase::settling) return;
  if (phase == Phase::returning && owes_until_us_ > 0) {  // It may be a release that says nothing then.
    if (parts_.clock->mono_us() >= owes_until_us_) run(giving_.did(Act::await_debts, 0));
    return;
  }
  if (phase == Phase::closing) return;  // It is this process that is waited for, and that has its own bounds.
  const bool is_starting = phase == Phase::offering || phase == Phase::loading;
  const std::uint64_t patience_us = is_starting ? loading_patience_us : step_patience_us;
  if (parts_.clock->mono_us() - heard_us_ < patience_us) return;
  run(giving_.died("the new process said nothing for " + std::to_string(patience_us / 1'000'000) + " s"));
}

bool OldProcess::go_back(const std::string& why) {
  using Phase = upgrade::Giving::Phase;
  run(giving_.go_back(why));
  const Phase phase = giving_.phase();
  return phase == Phase::returning || phase == Phase::settling || phase == Phase::over;
}

void OldProcess::far_committed(std::uint32_t far_shard, std::uint64_t number) {
  channel_->say(upgrade::Safe{far_shard, number});
}

// Posts and the store's traffic keep their order with what the machine is told: the hearing thread hands both
// on as they come.
void OldProcess::heard(upgrade::Message message, Channel::Descriptors descriptors) {
  const auto fail = [this](const std::string& why) {
    parts_.to_control([this, there = is_there_, why] {
      if (*there) run(giving_.died("the new process is out of step: " + why));
    });
  };
  if (const auto* posts = std::get_if<upgrade::Posts>(&message)) {
    if (Result<void> taken = far_.heard(*posts); !taken) fail(taken.error().message);
    return;
  }
  if (const auto* piece = std::get_if<upgrade::Batch>(&message)) {
    batch_ += piece->bytes;
    if (!piece->is_last) return;
    Result<StoreBatch> batch = upgrade::read_batch(std::exchange(batch_, {}));
    if (!batch) return fail(batch.error().message);
    batch->shard += far_shards;
    return parts_.store->submit(std::move(*batch));
  }
  if (auto* ask = std::get_if<upgrade::Ask>(&message)) {
    const bool is_queued =
        parts_.waits->submit([store = parts_.store, channel = channel_, ask = std::move(*ask)] {
          answer_from(*store, ask, [channel](const upgrade::Answer& answer) { channel->say(answer); });
        });
    if (!is_queued) channel_->say(upgrade::Answer{ask->number, true, "too many questions wait"});
    return;
  }
  auto kept = std::make_shared<std::pair<upgrade::Message, Channel::Descriptors>>(std::move(message),
                                                                                  std::move(descriptors));
  parts_.to_control([this, there = is_there_, kept] {
    if (!*there) return;
    if (auto* carry = std::get_if<upgrade::Carry>(&kept->first))
      traffic_.heard(*carry, std::move(kept->second));
    act_on(kept->first);
  });
}

void OldProcess::act_on(const upgrade::Message& message) {
  heard_us_ = parts_.clock->mono_us();
  if (const auto* hello = std::get_if<upgrade::Hello>(&message)) {
    parts_.fault_point.reach(giver, "started");
    end_step("start", "process " + std::to_string(hello->pid));
  }
  if (std::holds_alternative<upgrade::Loaded>(message)) {
    end_step("load", "modules, certificates, trust");
    parts_.fault_point.reach(giver, "loaded");
  }
  if (std::holds_alternative<upgrade::DoorsOpen>(message)) {
    end_step("doors", "listeners, control socket, ticket keys");
    parts_.fault_point.reach(giver, "doors");
  }
  if (std::holds_alternative<upgrade::Ready>(message)) parts_.fault_point.reach(giver, "ready");
  if (const auto* serves = std::get_if<upgrade::Serves>(&message)) note_serves(*serves);
  run(giving_.heard(message));
}

void OldProcess::note_serves(const upgrade::Serves& serves) {
  pauses_us_.push_back(serves.since_us - std::min(serves.since_us, traffic_.taken_us()));
  if (serves.partition == upgrade::partition_count / 2) parts_.fault_point.reach(giver, "half");
  if (giving_.given() != upgrade::partition_count) return;
  std::ranges::sort(pauses_us_);
  end_step("partitions", std::to_string(upgrade::partition_count) + ", the longest pause " +
                             std::to_string(pause_us_max()) + " us, 99 in 100 within " +
                             std::to_string(pauses_us_[pauses_us_.size() * 99 / 100]) + " us");
}

std::uint64_t OldProcess::pause_us_max() const {
  return pauses_us_.empty() ? 0 : std::ranges::max(pauses_us_);
}

void OldProcess::run(const Deeds& deeds) {
  for (const upgrade::Deed& deed : deeds) run(deed);
}

void OldProcess::run(const upgrade::Deed& deed) {
  if (traffic_.act(deed)) {
    if (deed.act == Act::carry) parts_.fault_point.reach(giver, "carried");
    if (deed.act == Act::give) parts_.fault_point.reach(giver, "given");
    return;
  }
  switch (deed.act) {
    case Act::say:
      if (std::holds_alternative<upgrade::StoreClosed>(deed.message)) {
        channel_->say(upgrade::StoreClosed{parts_.record(steps_, pause_us_max())});
      } else {
        channel_->say(deed.message);
      }
      break;
    case Act::hand_doors: hand_doors(); break;
    case Act::close_store: close_store(); break;
    case Act::await_debts: owes_until_us_ = parts_.clock->mono_us() + owes_patience_us; break;
    case Act::reap: run_.reap(); break;
    case Act::take_doors_back: take_doors_back(); break;
    case Act::end:
      end_step("store", "the new process writes");
      parts_.fault_point.reach(giver, "end");
      run_.let_go();
      parts_.given();
      break;
    case Act::give_up: parts_.failed(deed.words, true); break;
    case Act::failed: parts_.failed(deed.words, traffic_.has_lost()); break;
    default: break;
  }
}

void OldProcess::end_step(const char* name, std::string detail) {
  const std::uint64_t now_us = parts_.clock->mono_us();
  const double ms = static_cast<double>(now_us - step_us_) / 1000.0;
  step_us_ = now_us;
  parts_.progress(name, detail, ms);
  steps_.push_back({name, ms, std::move(detail)});
}

// ---- doors

// Nobody is accepted by two: DOORS leaves once no shard of this process accepts.
void OldProcess::hand_doors() {
  parts_.threads->rest_listeners([this, there = is_there_, to_control = parts_.to_control] {
    to_control([this, there] {
      if (*there && giving_.phase() == upgrade::Giving::Phase::doors) send_doors();
    });
  });
}

void OldProcess::send_doors() {
  Channel::Descriptors doors = parts_.give_own_doors();
  has_given_doors_ = true;
  for (const int socket : parts_.threads->listening_sockets()) doors.push_back(duplicate(socket));
  const auto total = static_cast<std::uint32_t>(doors.size());
  std::string keys = ticket_sharing(*parts_.tls).ticket_keys();
  for (std::uint32_t first = 0; first < total;) {
    const auto count = std::min<std::uint32_t>(total - first, upgrade_descriptors_max);
    Channel::Descriptors some;
    for (std::uint32_t i = 0; i < count; ++i) some.push_back(std::move(doors[first + i]));
    upgrade::Message message = upgrade::Doors{first, count, total, first == 0 ? keys : std::string()};
    channel_->say(message, std::move(some));
    std::string& its_keys = std::get<upgrade::Doors>(message).ticket_keys;
    OPENSSL_cleanse(its_keys.data(), its_keys.size());
    first += count;
  }
  OPENSSL_cleanse(keys.data(), keys.size());
}

void OldProcess::take_doors_back() {
  if (has_given_doors_) parts_.take_own_doors({});
  parts_.threads->start_listeners();
}

// ---- the store

// Whoever waits for a word of what was begun here hears it first: receipts come back from the new process,
// and batches from the disk.
void OldProcess::close_store() {
  parts_.fault_point.reach(giver, "moved");
  owes_until_us_ = parts_.clock->mono_us() + owes_patience_us;
  await_no_debts();
}

void OldProcess::await_no_debts() {
  const bool is_late = parts_.clock->mono_us() + words_patience_us >= owes_until_us_;
  const bool is_outside_done = parts_.is_outside_done(is_late);
  const auto answered = [this, there = is_there_](bool is_done) {
    if (!*there || giving_.phase() != upgrade::Giving::Phase::closing) return;
    if (is_done || parts_.clock->mono_us() >= owes_until_us_) return close_file();
    parts_.to_control_soon([this, there] {
      if (*there && giving_.phase() == upgrade::Giving::Phase::closing) await_no_debts();
    });
  };
  parts_.threads->host().partitions().ask_whether_done(
      [answered, is_outside_done, to_control = parts_.to_control](bool is_done) {
        to_control([answered, is_done, is_outside_done] { answered(is_done && is_outside_done); });
      });
}

void OldProcess::close_file() {
  const bool is_queued =
      parts_.waits->submit([this, there = is_there_, store = parts_.store, to_control = parts_.to_control] {
        Result<void> closed = store->close();
        to_control([this, there, closed] {
          if (!*there) return;
          heard_us_ = parts_.clock->mono_us();
          owes_until_us_ = 0;
          if (!closed) return run(giving_.could_not(Act::close_store, 0, closed.error().message));
          parts_.fault_point.reach(giver, "closed");
          run(giving_.did(Act::close_store, 0));
        });
      });
  if (is_queued) return;
  owes_until_us_ = 0;
  run(giving_.could_not(Act::close_store, 0, "too much waits for the store"));
}

}  // namespace hotline

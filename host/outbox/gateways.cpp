#include "outbox/gateways.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace hotline {

namespace {

constexpr std::size_t workers_each = 4;
constexpr std::uint64_t us_per_s = 1'000'000;
constexpr std::uint64_t retry_us_max = 60 * us_per_s;
constexpr std::size_t id_bytes = 16;

std::unique_ptr<Gateway> make_gateway(const GatewaySettings& settings) {
  switch (settings.kind) {
    case GatewaySettings::Kind::webhook: return make_webhook(settings, workers_each);
    case GatewaySettings::Kind::command: return make_command(settings);
    case GatewaySettings::Kind::file: break;
  }
  return make_file(settings);
}

}  // namespace

// One gateway's queue and threads.
class Gateways::Lane {
 public:
  Lane(const GatewaySettings& settings, Clock& clock, Random& random)
      : settings_(settings), clock_(clock), random_(random), gateway_(make_gateway(settings)) {
    for (std::size_t worker = 0; worker < workers_each; ++worker)
      threads_.emplace_back([this, worker] { serve(worker); });
  }
  ~Lane() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    gateway_->end();
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  Answer room() {
    const std::lock_guard lock(mutex_);
    return waiting_.size() < settings_.waiting_max ? Answer::waits : Answer::full;
  }
  Answer send(OutboxMessage message) {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= settings_.waiting_max) return Answer::full;
      waiting_.emplace(clock_.mono_us(), Item{std::move(message), random_.hex(id_bytes)});
    }
    changed_.notify_one();
    return Answer::waits;
  }
  bool give_up_waiting(const std::string& why, bool all) {
    std::vector<Item> given_up;
    bool is_quiet = false;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(waiting_, [&](auto& each) {
        const bool is_over = all || each.second.attempts > 0;
        if (is_over) given_up.push_back(std::move(each.second));
        return is_over;
      });
      is_quiet = waiting_.empty() && under_way_ == 0;
    }
    for (Item& item : given_up) {
      OutboxOutcome outcome{OutboxOutcome::Kind::failed, 0, why};
      tell(outcome, item.attempts);
      item.message.done(std::move(outcome));
    }
    return is_quiet;
  }

 private:
  struct Item {
    OutboxMessage message;
    std::string id;
    std::uint32_t attempts = 0;
  };

  void serve(std::size_t worker) {
    std::unique_lock lock(mutex_);
    while (!is_ending_) {
      if (waiting_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const std::uint64_t now_us = clock_.mono_us();
      const auto first = waiting_.begin();
      if (first->first > now_us) {
        changed_.wait_for(lock, std::chrono::microseconds(first->first - now_us));
        continue;
      }
      Item item = std::move(first->second);
      waiting_.erase(first);
      ++under_way_;
      lock.unlock();
      ++item.attempts;
      OutboxOutcome outcome = gateway_->attempt({item.id, item.message.body, clock_.wall_ms(), worker});
      const bool is_over =
          outcome.kind != OutboxOutcome::Kind::failed || item.attempts >= settings_.attempts_max;
      if (is_over) {
        if (outcome.kind != OutboxOutcome::Kind::taken) tell(outcome, item.attempts);
        item.message.done(std::move(outcome));
        lock.lock();
        --under_way_;
        continue;
      }
      const std::uint64_t wait_us = std::min(us_per_s << std::min(item.attempts - 1, 6u), retry_us_max);
      lock.lock();
      --under_way_;
      waiting_.emplace(clock_.mono_us() + wait_us, std::move(item));
    }
  }

  // Never what was to be told, nor what a gateway may have repeated of it: it may be a secret.
  void tell(const OutboxOutcome& outcome, std::uint32_t attempts) const {
    log::warning("outbox.gave-up", {{"gateway", settings_.name},
                                    {"status", outcome.status},
                                    {"attempts", attempts},
                                    {"why", outcome.status == 0 ? outcome.words : std::string()}});
  }

  const GatewaySettings settings_;
  Clock& clock_;
  Random& random_;
  const std::unique_ptr<Gateway> gateway_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::uint64_t, Item> waiting_;  // By when it is due.
  std::size_t under_way_ = 0;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

Gateways::Gateways(const std::vector<GatewaySettings>& gateways, Clock& clock, Random& random) {
  for (const GatewaySettings& settings : gateways)
    lanes_[settings.name] = std::make_unique<Lane>(settings, clock, random);
}

Gateways::~Gateways() = default;

Outbox::Answer Gateways::room(const std::string& gateway) {
  const auto found = lanes_.find(gateway);
  return found == lanes_.end() ? Answer::unknown : found->second->room();
}

bool Gateways::give_up_waiting(const std::string& why, bool all) {
  bool is_quiet = true;
  for (const auto& [name, lane] : lanes_)
    if (!lane->give_up_waiting(why, all)) is_quiet = false;
  return is_quiet;
}

Outbox::Answer Gateways::send(OutboxMessage message) {
  const auto found = lanes_.find(message.gateway);
  return found == lanes_.end() ? Answer::unknown : found->second->send(std::move(message));
}

}  // namespace hotline

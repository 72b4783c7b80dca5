#include "crowd.h"

#include <algorithm>
#include <stdexcept>

#include "clock.h"
#include "pair_run.h"

namespace hotline::bench {

Crowd::Crowd(Loop& loop, const Target& target, const ClientPlan& plan, unsigned first, unsigned count)
    : loop_(loop), plan_(plan) {
  for (unsigned i = 0; i < count; ++i) {
    members_.push_back(
        std::make_unique<Client>(loop, plan_, *this, target.user(first + i), target.password()));
    indexes_.emplace_back(members_.back().get(), i);
  }
  std::sort(indexes_.begin(), indexes_.end());
}

std::size_t Crowd::index_of(const Client& client) const {
  return std::lower_bound(indexes_.begin(), indexes_.end(), std::pair<const Client*, std::size_t>(&client, 0))
      ->second;
}

void Crowd::log_in_next() {
  if (started_ < members_.size()) members_[started_++]->login();
}

void Crowd::log_in(unsigned at_once, std::int64_t deadline_ns) {
  started_ = ready_ = finished_ = 0;
  for (unsigned i = 0; i < at_once; ++i) log_in_next();
  while (ready_ < members_.size()) {
    loop_.turn(now_ns() + 20 * ns_per_ms);
    if (cuts_ > 0) throw std::runtime_error("logging in: " + first_cut_);
    if (now_ns() > deadline_ns || is_asked_to_stop()) {
      throw std::runtime_error("logging in: " + std::to_string(ready_) + " of " +
                               std::to_string(members_.size()) + " were in when the time was up");
    }
  }
}

void Crowd::log_out(std::int64_t deadline_ns) {
  std::size_t open = 0;
  finished_ = 0;
  for (const auto& member : members_) {
    if (!member->is_ready()) continue;
    member->finish();
    ++open;
  }
  while (finished_ < open && now_ns() < deadline_ns) loop_.turn(now_ns() + 20 * ns_per_ms);
  for (const auto& member : members_) member->drop();
}

void Crowd::on_ready(Client&) {
  ++ready_;
  log_in_next();
}

void Crowd::on_message(Client& client, std::string_view stanza) {
  if (message_) message_(index_of(client), stanza);
}

void Crowd::on_acked(Client& client) {
  if (acked_) acked_(index_of(client));
}

void Crowd::on_cut(Client&, const std::string& reason) {
  ++cuts_;
  if (first_cut_.empty()) first_cut_ = reason;
}

void Crowd::on_finished(Client&) {
  ++finished_;
}

}  // namespace hotline::bench

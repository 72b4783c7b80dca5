#include "upgrade/giving.h"

#include <utility>

namespace hotline::upgrade {

namespace {

void append(Deeds& deeds, Deeds more) {
  for (Deed& deed : more) deeds.push_back(std::move(deed));
}

}  // namespace

Deeds Giving::out_of_step(const Message& message) {
  return died(std::string("it said ") + name_of(message) + " where that means nothing");
}

void Giving::go_on(Deeds& deeds) {
  if (is_arriving_ || !crossing_.is_at_rest()) return;
  if (phase_ == Phase::moving) {
    if (const auto next = crossing_.first(Place::here)) return append(deeds, crossing_.give(*next));
    phase_ = Phase::closing;
    return deeds.push_back(to_do(Act::close_store));
  }
  if (phase_ != Phase::returning) return;
  if (const auto next = crossing_.first(Place::away)) {
    has_recalled_ = true;
    deeds.push_back(to_say(Recall{*next}));
    return;
  }
  if (!has_recalled_) return finish_return(deeds);
  if (!std::exchange(is_owed_, true)) deeds.push_back(to_do(Act::await_debts));
}

void Giving::finish_return(Deeds& deeds) {
  phase_ = Phase::over;
  deeds.push_back(to_say(Stop{why_}));
  deeds.push_back(to_do(Act::reap));
  deeds.push_back(to_do(Act::take_doors_back));
  deeds.push_back(to_do(Act::failed, 0, why_));
}

Deeds Giving::heard(const Message& message) {
  Deeds deeds;
  if (phase_ == Phase::over || phase_ == Phase::settling) return deeds;
  if (const auto* stop = std::get_if<Stop>(&message)) {
    if (!is_owed_) return died(stop->why);
    finish_return(deeds);
    return deeds;
  }
  if (const auto* back = std::get_if<Back>(&message)) return go_back(back->why);
  if (const auto* hello = std::get_if<Hello>(&message)) {
    if (phase_ != Phase::offering) return out_of_step(message);
    if (hello->protocol != offer_.protocol)
      return died("it speaks version " + std::to_string(hello->protocol) +
                  " of the upgrade's protocol, and " + std::to_string(offer_.protocol) + " is wanted");
    phase_ = Phase::loading;
    return deeds;
  }
  if (std::holds_alternative<Loaded>(message)) {
    if (phase_ != Phase::loading) return out_of_step(message);
    phase_ = Phase::doors;
    has_given_doors_ = true;
    return {to_do(Act::hand_doors)};
  }
  if (std::holds_alternative<DoorsOpen>(message)) {
    if (phase_ != Phase::doors) return out_of_step(message);
    phase_ = Phase::moving;
    go_on(deeds);
    return deeds;
  }
  if (std::holds_alternative<Writing>(message)) {
    if (phase_ != Phase::storing) return out_of_step(message);
    phase_ = Phase::over;
    return {to_do(Act::end)};
  }
  if (phase_ != Phase::moving && phase_ != Phase::returning) return out_of_step(message);
  std::optional<Deeds> crossed = crossing_.heard(message);
  if (!crossed) return out_of_step(message);
  deeds = std::move(*crossed);
  if (std::holds_alternative<Ready>(message)) is_arriving_ = true;
  if (std::holds_alternative<Serves>(message)) is_arriving_ = false;
  if (const auto* refused = std::get_if<Refused>(&message)) {
    append(deeds, go_back(refused->why));
  } else if (std::holds_alternative<Serves>(message) || std::holds_alternative<Keep>(message)) {
    if (std::holds_alternative<Keep>(message))  // It can neither be served here nor be given back.
      return died("it cannot give back a partition that it has");
    go_on(deeds);
  }
  return deeds;
}

Deeds Giving::did(Act act, std::uint16_t partition) {
  if (act == Act::close_store) {
    if (phase_ != Phase::closing) return {};
    phase_ = Phase::storing;
    return {to_say(StoreClosed{})};
  }
  if (act == Act::await_debts) {
    Deeds deeds;
    if (phase_ == Phase::returning && is_owed_) finish_return(deeds);
    return deeds;
  }
  Deeds deeds = crossing_.did(act, partition);
  if (phase_ == Phase::returning && (act == Act::put_in || act == Act::resume)) go_on(deeds);
  settle(deeds);
  return deeds;
}

Deeds Giving::could_not(Act act, std::uint16_t partition, const std::string& why) {
  if (act == Act::close_store) {
    if (phase_ != Phase::closing) return {};
    phase_ = Phase::moving;  // It is still A's.
    return go_back(why);
  }
  Deeds deeds = crossing_.could_not(act, partition, why);
  if (phase_ == Phase::settling) {
    settle(deeds);
    return deeds;
  }
  // Of what comes back one that cannot be read: the other one keeps it, so it has to go.
  if (act == Act::unpack) append(deeds, died(why));
  if (act == Act::freeze && phase_ == Phase::returning) {  // It stays, and so does all that is to come back.
    go_on(deeds);
  } else if (act == Act::freeze) {
    append(deeds, go_back(why));
  }
  return deeds;
}

Deeds Giving::go_back(const std::string& why) {
  if (phase_ == Phase::over || phase_ == Phase::settling || phase_ == Phase::closing ||
      phase_ == Phase::storing || phase_ == Phase::returning)
    return {};
  if (phase_ != Phase::moving) return died(why);
  why_ = why;
  phase_ = Phase::returning;
  Deeds deeds;
  go_on(deeds);
  return deeds;
}

Deeds Giving::died(const std::string& why) {
  if (phase_ == Phase::over || phase_ == Phase::settling) return {};
  const bool was_storing = phase_ == Phase::storing;
  phase_ = Phase::settling;
  if (why_.empty()) why_ = why.empty() ? "it ended" : why;
  Deeds deeds{to_do(Act::reap)};
  if (was_storing) {
    phase_ = Phase::over;
    deeds.push_back(to_do(Act::give_up, 0, why_));
    return deeds;
  }
  append(deeds, crossing_.all_mine());
  settle(deeds);
  return deeds;
}

void Giving::settle(Deeds& deeds) {
  if (phase_ != Phase::settling || crossing_.is_busy()) return;
  phase_ = Phase::over;
  if (has_given_doors_) deeds.push_back(to_do(Act::take_doors_back));
  deeds.push_back(to_do(Act::failed, 0, why_));
}

}  // namespace hotline::upgrade

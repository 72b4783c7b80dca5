#include "upgrade/taking.h"

#include <utility>

namespace hotline::upgrade {

// What A is told makes it act as if this process had died, and kill it.
Deeds Taking::stop(const std::string& why) {
  phase_ = Phase::ended;
  return {to_say(Stop{why}), to_do(Act::end, 0, why)};
}

Deeds Taking::out_of_step(const Message& message) {
  return stop(std::string("it was told ") + name_of(message) + " where that means nothing");
}

Deeds Taking::heard(const Message& message) {
  if (phase_ == Phase::alone || phase_ == Phase::ended) return {};
  if (const auto* its = std::get_if<Stop>(&message)) {
    phase_ = Phase::ended;
    return {to_do(Act::end, 0, its->why)};
  }
  if (const auto* offer = std::get_if<Offer>(&message)) {
    if (phase_ != Phase::waiting) return out_of_step(message);
    if (offer->protocol != hello_.protocol)
      return stop("it speaks version " + std::to_string(hello_.protocol) +
                  " of the upgrade's protocol, and " + std::to_string(offer->protocol) + " is wanted");
    phase_ = Phase::preparing;
    return {to_say(hello_), {.act = Act::prepare, .message = message}};
  }
  if (const auto* doors = std::get_if<Doors>(&message)) {
    if (phase_ != Phase::loaded || doors->first != doors_) return out_of_step(message);
    doors_ += doors->count;
    if (doors_ < doors->total) return {};
    phase_ = Phase::opening;
    return {to_do(Act::open_doors)};
  }
  if (std::holds_alternative<StoreClosed>(message)) {
    if (phase_ != Phase::taking || taken() != partition_count) return out_of_step(message);
    phase_ = Phase::storing;
    had_store_closed_ = true;
    return {to_do(Act::open_store)};
  }
  if (phase_ != Phase::taking) return out_of_step(message);
  if (const auto* recall = std::get_if<Recall>(&message)) {
    if (crossing_.place(recall->partition) != Place::here || !crossing_.is_at_rest())
      return out_of_step(message);
    is_recalled_ = true;
    return crossing_.give(recall->partition);
  }
  std::optional<Deeds> deeds = crossing_.heard(message);
  if (!deeds) return out_of_step(message);
  if (std::holds_alternative<Serves>(message)) pay_when_all_is_back(*deeds);
  return std::move(*deeds);
}

// Once it is served over there: what is said now goes to where it is.
void Taking::pay_when_all_is_back(Deeds& deeds) {
  if (is_recalled_ && crossing_.count(Place::away) == partition_count) deeds.push_back(to_do(Act::pay_debts));
}

Deeds Taking::did(Act act, std::uint16_t partition) {
  if (phase_ == Phase::ended) return {};
  if (act == Act::prepare) {
    if (phase_ != Phase::preparing) return {};
    phase_ = Phase::loaded;
    return {to_say(Loaded{})};
  }
  if (act == Act::open_doors) {
    if (phase_ != Phase::opening) return {};
    phase_ = Phase::taking;
    return {to_say(DoorsOpen{})};
  }
  if (act == Act::pay_debts) {
    if (phase_ != Phase::taking) return {};
    return {to_say(Stop{"all is back"})};
  }
  if (act == Act::open_store) {
    if (phase_ != Phase::storing) return {};
    phase_ = Phase::alone;
    if (!is_orphan_) return {to_say(Writing{}), to_do(Act::serve_alone)};
    Deeds deeds = crossing_.all_mine();
    deeds.push_back(to_do(Act::serve_alone));
    return deeds;
  }
  return crossing_.did(act, partition);
}

Deeds Taking::could_not(Act act, std::uint16_t partition, const std::string& why) {
  if (phase_ == Phase::ended) return {};
  if (act == Act::prepare || act == Act::open_doors || act == Act::open_store) return stop(why);
  return crossing_.could_not(act, partition, why);
}

Deeds Taking::died(const std::string& why) {
  if (phase_ == Phase::alone || phase_ == Phase::ended) return {};
  if (phase_ == Phase::storing) {  // It had closed it, and was about to end.
    is_orphan_ = true;
    return {};
  }
  if (phase_ != Phase::opening && phase_ != Phase::taking) {
    phase_ = Phase::ended;
    return {to_do(Act::end, 0, why)};
  }
  phase_ = Phase::storing;
  is_orphan_ = true;
  return {to_do(Act::reap), to_do(Act::open_store)};
}

}  // namespace hotline::upgrade

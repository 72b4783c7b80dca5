#include "unit/dispatch/play.h"

namespace hotline::sim {

namespace {

constexpr std::uint64_t everything = 1u << 30;

SimWorld::Settings settings_of(std::uint64_t seed) {
  SimWorld::Settings settings;
  settings.seed = seed;
  settings.shards = 1 + static_cast<std::uint32_t>(seed % 3);
  settings.accounts = {"anna@localhost", "bert@localhost"};
  // In every other history next to no body stays in memory once it is on disk.
  if (seed % 2 == 0) settings.limits.mailbox_memory_bytes_max = 300;
  for (const char* name :
       {"session-1.1.0.so", "routing-1.0.0.so", "presence-1.0.0.so", "registration-1.1.0.so"})
    settings.modules.push_back(module_file(name));
  return settings;
}

}  // namespace

Play::Play(std::uint64_t seed, Kind kind)
    : kind_(kind),
      random_(seed * 7919 + (kind == Kind::crash ? 1 : 0)),
      world_(settings_of(seed)),
      clients_{SimClient(world_, "anna@localhost", "bert@localhost"),
               SimClient(world_, "bert@localhost", "anna@localhost")} {}

std::string Play::run(int steps) {
  for (int i = 0; i < steps; ++i) {
    step();
    for (const SimClient& client : clients_)
      if (!client.complaint().empty()) return "step " + std::to_string(i) + ": " + client.complaint();
  }
  const bool is_one_away = chance(25);
  finish(is_one_away);
  for (const SimClient& client : clients_)
    if (!client.complaint().empty()) return "at the end: " + client.complaint();
  if (!is_quiet(is_one_away))
    return "it did not come to rest: " + clients_[0].text() + ", " + clients_[1].text();
  std::string wrong = verdict(clients_[0], clients_[1], is_one_away);
  return wrong.empty() ? verdict(clients_[1], clients_[0], false) : wrong;
}

void Play::step() {
  SimClient& client = clients_[below(2)];
  const std::uint64_t what = below(100);
  if (client.state() == SimClient::State::down && chance(30)) {
    client.connect(static_cast<std::uint32_t>(below(world_.host().shard_count())));
  } else if (what < 25) {
    if (client.is_ready()) client.send_message();
  } else if (what < 65) {
    move_bytes(client);
  } else if (what < 80) {
    world_.turn(static_cast<std::uint32_t>(below(world_.host().shard_count())));
  } else if (what < 84) {
    if (!is_store_held_) world_.store.commit_next();
  } else if (what < 86) {
    is_store_held_ = !is_store_held_ && chance(50);
    if (!is_store_held_) world_.store.commit_all();
  } else if (what < 92) {
    world_.clock.advance_us(below(what == 91 ? 2'000'000 : 6'000));
    world_.settle();
  } else if (what < 94) {
    disturb(client);
  } else if (what < 96) {
    move_partition();
  } else if (what < 98 || kind_ == Kind::exchange) {
    if (!chance(20)) return;
    swap_routing();
  } else if (chance(40)) {
    crash();
  }
}

void Play::move_bytes(SimClient& client) {
  if (client.wire() == nullptr) return;
  // Mostly all there is, at times a few bytes.
  const std::uint64_t bytes = chance(80) ? everything : 1 + below(200);
  if (chance(70)) world_.deliver(*client.wire(), bytes);
  if (chance(60)) world_.settle();
  if (chance(70)) client.receive(bytes);
}

void Play::disturb(SimClient& client) {
  if (client.state() == SimClient::State::down) return;
  if (chance(70))
    client.cut(chance(60));
  else if (client.may_leave())
    client.leave();
}

void Play::swap_routing() {
  const bool is_swapped =
      is_next_live_ ? world_.rollback("routing") : world_.push(module_file("next/routing-1.1.0.so"));
  if (!is_swapped) return;
  is_next_live_ = !is_next_live_;
  ++swaps_;
}

// One of theirs to any shard; it may be on its way for some steps.
void Play::move_partition() {
  const std::uint32_t partition = partition_of(clients_[below(2)].account());
  const auto to = static_cast<std::uint32_t>(below(world_.host().shard_count()));
  world_.host().partitions().move(partition, to, [this](const Result<Partitions::Moved>& moved) {
    if (moved) ++moves_;
  });
}

void Play::crash() {
  world_.crash(below(3));
  is_next_live_ = false;
  for (const GenerationReport& report : world_.pipeline().generations())
    if (report.name == "routing" && report.state == "current") is_next_live_ = report.version == "1.1.0";
  for (SimClient& client : clients_) client.forget_session();
  ++crashes_;
}

bool Play::is_quiet(bool is_one_away) const {
  const SimClient& there = clients_[0];
  if (!there.is_ready() || !there.is_all_acknowledged()) return false;
  return is_one_away || (clients_[1].is_ready() && clients_[1].is_all_acknowledged());
}

// The network heals and the disk works; anna comes back, and bert unless he is away. Bounded: 60 simulated
// seconds are enough for everything but a resumption window.
void Play::finish(bool is_one_away) {
  is_store_held_ = false;
  for (int round = 0; round < 3'000; ++round) {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      SimClient& client = clients_[i];
      const bool is_away = is_one_away && i == 1;
      if (client.state() == SimClient::State::down && !is_away) client.connect(0);
      // Who is away has had all it sent acknowledged, and then left.
      if (is_away && client.state() == SimClient::State::down && !client.is_all_acknowledged())
        client.connect(0);
      if (is_away && client.may_leave()) client.leave();
      if (client.wire() == nullptr) continue;
      world_.deliver(*client.wire(), everything);
      world_.settle();
      client.receive(everything);
    }
    world_.store.commit_all();
    world_.settle();
    const bool has_bytes = (clients_[0].wire() != nullptr && !clients_[0].wire()->to_client.empty()) ||
                           (clients_[1].wire() != nullptr && !clients_[1].wire()->to_client.empty());
    if (round > 100 && !has_bytes && is_quiet(is_one_away)) return;
    world_.clock.advance_us(20'000);
  }
}

std::string Play::verdict(const SimClient& from, const SimClient& to, bool is_away) const {
  std::vector<std::uint64_t> got = to.received();
  const std::string names = from.account() + " to " + to.account() + ": ";
  std::uint64_t last = 0;
  std::set<std::uint64_t> seen;
  for (const std::uint64_t number : got) {
    const bool is_new = seen.insert(number).second;
    if (!is_new && crashes_ == 0) return names + "message " + std::to_string(number) + " came twice";
    if (is_new && number < last)
      return names + "message " + std::to_string(number) + " came after " + std::to_string(last);
    if (is_new) last = number;
  }
  const std::vector<std::string> waiting = const_cast<SimWorld&>(world_).mailbox(to.account());
  if (!is_away && !waiting.empty())
    return names + std::to_string(waiting.size()) + " messages are in the mailbox of one who accepted all";
  for (const std::string& body : waiting) {
    const std::size_t at = body.find("<body>");
    const std::uint64_t number = std::stoull(body.substr(at + 6));
    if (seen.contains(number) && crashes_ == 0)
      return names + "message " + std::to_string(number) + " was accepted and is still in the mailbox";
    seen.insert(number);
  }
  for (const std::uint64_t number : from.acknowledged())
    if (!seen.contains(number))
      return names + "message " + std::to_string(number) + " was acknowledged and is lost";
  if (crashes_ == 0 && seen.size() != from.sent())
    return names + std::to_string(from.sent()) + " were sent and " + std::to_string(seen.size()) + " came";
  return {};
}

}  // namespace hotline::sim

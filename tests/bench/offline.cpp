// offline: messages to people who are away: how fast they are safe, and how fast they come back.
#include <algorithm>
#include <random>
#include <stdexcept>
#include <vector>

#include "clock.h"
#include "crowd.h"
#include "ledger.h"
#include "pair_run.h"
#include "scenarios.h"
#include "sequence_check.h"
#include "xmpp_lane.h"

namespace hotline::bench {
namespace {

constexpr std::int64_t quiet_ns = 700 * ns_per_ms;   // After the last acknowledged message has come.
constexpr std::int64_t patience_ns = 10 * ns_per_s;  // Without a single message: what is missing is lost.
constexpr unsigned logins_at_once = 32;

double per_second(std::uint64_t count, std::int64_t took_ns) {
  return took_ns > 0 ? static_cast<double>(count) * 1e9 / static_cast<double>(took_ns) : 0;
}
double us_each(std::int64_t cpu_ns, std::uint64_t count) {
  return count > 0 ? static_cast<double>(cpu_ns) / 1e3 / static_cast<double>(count) : 0;
}

class Store {
 public:
  Store(const Target& target, const OfflineOptions& options)
      : target_(target),
        options_(options),
        plan_(sender_plan(target)),
        crowd_(loop_, target, plan_, 0, options.senders) {
    ledger_.run = std::random_device{}();
    ledger_.recipients = options.recipients;
    ledger_.sent.assign(options.senders, 0);
    ledger_.acked.assign(options.senders, 0);
    shares_.assign(options.senders, options.messages / options.senders);
    for (unsigned i = 0; i < options.messages % options.senders; ++i) ++shares_[i];
    crowd_.on_acked_call([this](std::size_t sender) { acked(static_cast<std::uint32_t>(sender)); });
    crowd_.on_message_call([this](std::size_t, std::string_view stanza) {
      ++refused_;
      if (trouble_.empty()) trouble_ = stanza.substr(0, 400);
    });
  }

  Outcome run(const ServerUsage& server) {
    const std::int64_t deadline = now_ns() + ns(options_.seconds_max);
    crowd_.log_in(logins_at_once, deadline);
    for (unsigned i = 0; i < options_.senders; ++i) before_.push_back(crowd_.at(i).sent());
    const std::int64_t cpu = server.cpu_ns();
    const std::int64_t start = now_ns();
    for (unsigned i = 0; i < options_.senders; ++i) pump(i);
    while (ledger_.acked_total() < options_.messages && crowd_.cuts() == 0 && now_ns() < deadline &&
           !is_asked_to_stop()) {
      loop_.turn(now_ns() + 20 * ns_per_ms);
    }
    const std::int64_t took = now_ns() - start;
    const std::int64_t used = server.cpu_ns() - cpu;
    const std::uint64_t acked = ledger_.acked_total();
    if (crowd_.cuts() == 0) crowd_.log_out(now_ns() + 5 * ns_per_s);
    if (!options_.ledger.empty()) ledger_.save(options_.ledger);
    Outcome outcome;
    outcome.figures = {{"sent", ledger_.sent_total()},
                       {"acknowledged", acked},
                       {"seconds", static_cast<double>(took) / 1e9},
                       {"messages_per_second", per_second(acked, took)},
                       {"cpu_us_per_message", us_each(used, acked)},
                       {"refused", refused_},
                       {"disconnects", crowd_.cuts()}};
    if (!trouble_.empty()) outcome.figures["first_trouble"] = trouble_;
    if (crowd_.cuts() > 0) outcome.figures["first_cut"] = crowd_.first_cut();
    outcome.is_clean = acked == options_.messages && refused_ == 0 && crowd_.cuts() == 0;
    return outcome;
  }

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }

 private:
  static ClientPlan sender_plan(const Target& target) {
    ClientPlan plan = target.plan();
    if (!plan.uses_sm) throw std::runtime_error("offline needs XEP-0198: without it nothing says `stored`");
    return plan;
  }

  void pump(std::uint32_t sender) {
    Client& client = crowd_.at(sender);
    std::uint32_t& sent = ledger_.sent[sender];
    bool has_asked = true;
    while (sent < shares_[sender] && client.unacked() < options_.in_flight) {
      const std::string to =
          target_.user(options_.senders + ledger_.recipient_of(sender, sent)) + "@" + target_.domain();
      client.send(message_stanza(to, ledger_.stamp_of(sender, sent, now_ns()), options_.body_size));
      ++sent;
      has_asked = sent % options_.ack_every == 0;
      if (has_asked) client.ask_ack();
    }
    if (!has_asked) client.ask_ack();
  }

  // Stanzas of the login and answers to the server's pings are acknowledged too and come off first: so a
  // message counts as acknowledged only when it surely is.
  void acked(std::uint32_t sender) {
    if (before_.size() <= sender) return;
    const Client& client = crowd_.at(sender);
    const std::uint32_t others = client.sent() - ledger_.sent[sender];
    if (client.acked() > others)
      ledger_.acked[sender] = std::max(ledger_.acked[sender], client.acked() - others);
    pump(sender);
  }

  const Target& target_;
  const OfflineOptions& options_;
  Loop loop_;
  ClientPlan plan_;
  Crowd crowd_;
  Ledger ledger_;
  std::vector<std::uint32_t> shares_;
  std::vector<std::uint32_t> before_;
  std::uint64_t refused_ = 0;
  std::string trouble_;
};

class Redelivery {
 public:
  Redelivery(const Target& target, const OfflineOptions& options, const Ledger& ledger)
      : options_(options),
        ledger_(ledger),
        plan_(recipient_plan(target)),
        crowd_(loop_, target, plan_, static_cast<unsigned>(ledger.sent.size()), ledger.recipients),
        lanes_(ledger.sent.size() * ledger.recipients) {
    crowd_.on_message_call(
        [this](std::size_t recipient, std::string_view stanza) { take(recipient, stanza); });
  }

  Outcome run(const ServerUsage& server) {
    const std::int64_t deadline = now_ns() + ns(options_.seconds_max);
    crowd_.log_in(logins_at_once, deadline);
    const std::int64_t cpu = server.cpu_ns();
    const std::int64_t start = now_ns();
    last_ns_ = start;
    for (std::size_t i = 0; i < crowd_.size(); ++i) crowd_.at(i).send_presence();
    while (now_ns() < deadline && crowd_.cuts() == 0 && !is_asked_to_stop()) {
      loop_.turn(now_ns() + 20 * ns_per_ms);
      if (received_ >= ledger_.acked_total() && used_ns_ == 0) used_ns_ = server.cpu_ns() - cpu;
      const std::int64_t silence = now_ns() - last_ns_;
      if (received_ >= ledger_.acked_total() ? silence > quiet_ns : silence > patience_ns) break;
    }
    if (used_ns_ == 0) used_ns_ = server.cpu_ns() - cpu;
    const std::uint64_t received = received_;
    const std::int64_t took = last_ns_ - start;
    crowd_.log_out(now_ns() + 10 * ns_per_s);
    const std::uint64_t again = come_again(deadline + 10 * ns_per_s);
    std::uint64_t lost = 0;
    for (std::uint32_t lane = 0; lane < lanes_.size(); ++lane) {
      lost += lanes_[lane].lost(ledger_.of_lane(lane, ledger_.acked));
    }
    Outcome outcome;
    outcome.figures = {{"acknowledged", ledger_.acked_total()},
                       {"received", received},
                       {"seconds", static_cast<double>(took) / 1e9},
                       {"messages_per_second", per_second(received, took)},
                       {"cpu_us_per_message", us_each(used_ns_, received)},
                       {crowd_.cuts() == 0 ? "lost" : "not_received_before_the_cut", lost},
                       {"doubled", doubled_},
                       {"reordered", reordered_},
                       {"came_again_after_acknowledgement", again},
                       {"misrouted", misrouted_},
                       {"foreign", foreign_},
                       {"disconnects", crowd_.cuts()}};
    if (crowd_.cuts() > 0) outcome.figures["first_cut"] = crowd_.first_cut();
    outcome.is_clean = lost + doubled_ + reordered_ + again + misrouted_ + crowd_.cuts() == 0;
    return outcome;
  }

 private:
  static ClientPlan recipient_plan(const Target& target) {
    ClientPlan plan = target.plan();
    plan.sends_presence = false;  // Presence is what asks for the messages: all at once, when all are in.
    return plan;
  }

  void take(std::size_t recipient, std::string_view stanza) {
    const auto stamp = read_message(stanza);
    if (!stamp || stamp->run != ledger_.run) {
      ++foreign_;
      return;
    }
    last_ns_ = now_ns();
    if (stamp->lane >= lanes_.size() || stamp->lane % ledger_.recipients != recipient ||
        stamp->number >= ledger_.of_lane(stamp->lane, ledger_.sent)) {
      ++misrouted_;
      return;
    }
    ++received_;
    switch (lanes_[stamp->lane].arrived(stamp->number)) {
      case SequenceCheck::Verdict::doubled:
        --received_;
        ++doubled_;
        break;
      case SequenceCheck::Verdict::reordered: ++reordered_; break;
      case SequenceCheck::Verdict::in_order:
      case SequenceCheck::Verdict::ahead: break;
    }
  }

  // What the recipients have acknowledged must not come when they log in again.
  std::uint64_t come_again(std::int64_t deadline_ns) {
    if (crowd_.cuts() > 0) return 0;
    const std::uint64_t before = received_ + doubled_;
    crowd_.log_in(logins_at_once, deadline_ns);
    for (std::size_t i = 0; i < crowd_.size(); ++i) crowd_.at(i).send_presence();
    for (const std::int64_t end = now_ns() + quiet_ns; now_ns() < end;) loop_.turn(end);
    const std::uint64_t again = received_ + doubled_ - before;
    doubled_ -= std::min(again, doubled_);
    crowd_.log_out(now_ns() + 5 * ns_per_s);
    return again;
  }

  const OfflineOptions& options_;
  const Ledger& ledger_;
  Loop loop_;
  ClientPlan plan_;
  Crowd crowd_;
  std::vector<SequenceCheck> lanes_;
  std::int64_t last_ns_ = 0;
  std::int64_t used_ns_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t doubled_ = 0;
  std::uint64_t reordered_ = 0;
  std::uint64_t misrouted_ = 0;
  std::uint64_t foreign_ = 0;
};

}  // namespace

Outcome measure_offline(const Target& target, const OfflineOptions& options, const ServerUsage& server) {
  Outcome outcome;
  Ledger ledger;
  if (options.phase == OfflinePhase::redeliver) {
    if (options.ledger.empty()) throw std::runtime_error("--phase redeliver needs --ledger FILE");
    ledger = Ledger::load(options.ledger);
  } else {
    Store store(target, options);
    const Outcome stored = store.run(server);
    outcome.figures["store"] = stored.figures;
    outcome.is_clean = stored.is_clean;
    ledger = store.ledger();
  }
  if (options.phase != OfflinePhase::store && outcome.is_clean) {
    const Outcome redelivered = Redelivery(target, options, ledger).run(server);
    outcome.figures["redeliver"] = redelivered.figures;
    outcome.is_clean = redelivered.is_clean;
  }
  return outcome;
}

}  // namespace hotline::bench

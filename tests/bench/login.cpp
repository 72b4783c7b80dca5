// login: what it costs to come in, again and again.
#include <algorithm>
#include <deque>
#include <memory>
#include <stdexcept>
#include <vector>

#include "clock.h"
#include "histogram.h"
#include "pair_run.h"
#include "relay_lane.h"
#include "scenarios.h"

namespace hotline::bench {
namespace {

constexpr double warmup_seconds_max = 60;

nlohmann::json figures_of(std::uint64_t logins, const Histogram& took, std::int64_t cpu_ns, double seconds) {
  const double count = static_cast<double>(std::max<std::uint64_t>(logins, 1));
  return {{"logins", logins},
          {"logins_per_second", static_cast<double>(logins) / seconds},
          {"cpu_ms_per_login", static_cast<double>(cpu_ns) / 1e6 / count},
          {"took_ms",
           {{"p50", static_cast<double>(took.percentile(0.5)) / 1e6},
            {"p99", static_cast<double>(took.percentile(0.99)) / 1e6},
            {"max", static_cast<double>(took.max()) / 1e6}}}};
}

// Members come in, and leave, and go to the end of the queue.
class Turnstile final : public Client::Owner {
 public:
  Turnstile(Loop& loop, const Target& target, const ClientPlan& plan, unsigned users)
      : loop_(loop), plan_(plan) {
    for (unsigned i = 0; i < users; ++i) {
      members_.push_back(
          {std::make_unique<Client>(loop, plan_, *this, target.user(i), target.password()), 0});
      waiting_.push_back(i);
    }
  }

  void let_in(unsigned count) {
    for (unsigned i = 0; i < count; ++i) admit();
  }
  void begin_measuring() {
    took_.clear();
    logins_ = resumed_ = 0;
  }
  void shut() { is_shut_ = true; }

  [[nodiscard]] std::uint64_t logins() const { return logins_; }
  [[nodiscard]] unsigned inside() const { return inside_; }
  [[nodiscard]] const Histogram& took() const { return took_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] std::uint64_t cuts() const { return cuts_; }
  [[nodiscard]] std::uint64_t resumed() const { return resumed_; }

 private:
  struct Member {
    std::unique_ptr<Client> client;
    std::int64_t since_ns = 0;
  };

  void admit() {
    if (is_shut_ || waiting_.empty()) return;
    Member& member = members_[waiting_.front()];
    waiting_.pop_front();
    ++inside_;
    member.since_ns = now_ns();
    member.client->login();
  }

  void on_ready(Client& client) override {
    if (client.has_resumed_tls()) ++resumed_;
    client.finish();
  }
  void on_message(Client&, std::string_view) override {}
  void on_cut(Client& client, const std::string& reason) override {
    ++cuts_;
    if (trouble_.empty()) trouble_ = reason;
    leave(client);
  }
  void on_finished(Client& client) override {
    ++logins_;
    const auto it = find(client);
    took_.add(now_ns() - it->since_ns);
    leave(client);
  }

  std::vector<Member>::iterator find(const Client& client) {
    return std::find_if(members_.begin(), members_.end(),
                        [&](const Member& m) { return m.client.get() == &client; });
  }
  void leave(const Client& client) {
    --inside_;
    waiting_.push_back(static_cast<std::size_t>(find(client) - members_.begin()));
    loop_.at(now_ns(), [this] { admit(); });  // Not from inside the callback of a connection that is closing.
  }

  Loop& loop_;
  const ClientPlan plan_;
  std::vector<Member> members_;
  std::deque<std::size_t> waiting_;
  bool is_shut_ = false;
  unsigned inside_ = 0;
  std::uint64_t logins_ = 0;
  std::uint64_t cuts_ = 0;
  std::uint64_t resumed_ = 0;  // Of their TLS handshakes.
  Histogram took_;
  std::string trouble_;
};

}  // namespace

Outcome measure_login(const Target& target, const LoginOptions& options, const ServerUsage& server) {
  Loop loop;
  ClientPlan plan = target.plan();
  plan.uses_sm = false;
  plan.uses_carbons = false;
  plan.waits_for_answer = false;  // The end of the server's stream is the answer.
  Turnstile turnstile(loop, target, plan, std::max(options.users, options.at_once));
  const auto turn = [&] { loop.turn(now_ns() + 20 * ns_per_ms); };
  const auto must_be_well = [&] {
    if (turnstile.cuts() > 0) throw std::runtime_error("logging in: " + turnstile.trouble());
  };

  turnstile.let_in(options.at_once);
  const std::int64_t warm_deadline = now_ns() + ns(warmup_seconds_max);
  while (turnstile.logins() < options.users && now_ns() < warm_deadline && !is_asked_to_stop()) {
    turn();
    must_be_well();
  }
  turnstile.begin_measuring();
  const std::int64_t cpu = server.cpu_ns();
  const std::int64_t start = now_ns();
  while (now_ns() - start < ns(options.seconds) && !is_asked_to_stop()) {
    turn();
    must_be_well();
  }
  turnstile.shut();
  const std::int64_t out_deadline = now_ns() + 10 * ns_per_s;
  while (turnstile.inside() > 0 && now_ns() < out_deadline) turn();
  const double seconds = static_cast<double>(now_ns() - start) / 1e9;
  Outcome outcome;
  outcome.figures = figures_of(turnstile.logins(), turnstile.took(), server.cpu_ns() - cpu, seconds);
  outcome.figures["disconnects"] = turnstile.cuts();
  outcome.figures["tls_resumed"] = turnstile.resumed();
  outcome.is_clean = turnstile.cuts() == 0 && turnstile.inside() == 0;
  return outcome;
}

Outcome measure_relay_handshake(const LoginOptions& options) {
  const RelayProcess relay(1);
  const ServerUsage server({relay.pid()});
  Loop loop;
  const TlsContext tls = client_tls(TlsVersion::tls13, "");
  std::vector<std::unique_ptr<RelayClient>> clients(options.at_once);
  std::vector<std::int64_t> since(options.at_once);
  std::uint64_t handshakes = 0;
  std::uint64_t cuts = 0;
  bool is_shut = false;
  Histogram took;
  const auto connect = [&](unsigned i) {
    since[i] = now_ns();
    clients[i]->connect(relay.ports().front(), tls.get());
  };
  for (unsigned i = 0; i < options.at_once; ++i) {
    const auto again = [&, i] {
      ++handshakes;
      took.add(now_ns() - since[i]);
      loop.at(now_ns(), [&, i] {
        clients[i]->close();
        if (!is_shut) connect(i);
      });
    };
    clients[i] = std::make_unique<RelayClient>(
        loop, i, RelayClient::Calls{again, [](std::string_view) {}, [&](const std::string&) { ++cuts; }});
    connect(i);
  }
  const std::int64_t cpu = server.cpu_ns();
  const std::int64_t start = now_ns();
  while (now_ns() - start < ns(options.seconds) && !is_asked_to_stop()) loop.turn(now_ns() + 20 * ns_per_ms);
  const double seconds = static_cast<double>(now_ns() - start) / 1e9;
  Outcome outcome;
  outcome.figures = figures_of(handshakes, took, server.cpu_ns() - cpu, seconds);
  outcome.figures["disconnects"] = cuts;
  outcome.is_clean = cuts == 0;
  is_shut = true;
  return outcome;
}

}  // namespace hotline::bench

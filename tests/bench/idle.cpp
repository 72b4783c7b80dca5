// idle: what sessions cost that say nothing.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "clock.h"
#include "crowd.h"
#include "kernel_sockets.h"
#include "pair_run.h"
#include "relay_lane.h"
#include "scenarios.h"

namespace hotline::bench {
namespace {

void turn_for(Loop& loop, double seconds) {
  const std::int64_t end = now_ns() + ns(seconds);
  while (now_ns() < end && !is_asked_to_stop()) loop.turn(std::min(end, now_ns() + 50 * ns_per_ms));
}

// `log_in` returns when all are in and the crowd is to be left alone.
nlohmann::json measure(Loop& loop, const IdleOptions& options, const ServerUsage& server,
                       const std::function<void()>& log_in) {
  const Memory before = server.memory();
  const std::optional<KernelSockets> kernel_before = kernel_sockets();
  const std::int64_t login_cpu = server.cpu_ns();
  const std::int64_t login_start = now_ns();
  log_in();
  const double login_seconds = static_cast<double>(now_ns() - login_start) / 1e9;
  const double login_ms = static_cast<double>(server.cpu_ns() - login_cpu) / 1e6;
  turn_for(loop, options.settle_seconds);
  const Memory after = server.memory();
  const std::optional<KernelSockets> kernel_after = kernel_sockets();
  const std::int64_t idle_cpu = server.cpu_ns();
  const std::int64_t idle_start = now_ns();
  turn_for(loop, options.seconds);
  const double idle_share = static_cast<double>(server.cpu_ns() - idle_cpu) /
                            static_cast<double>(std::max<std::int64_t>(1, now_ns() - idle_start));
  const auto each = [&](std::int64_t value) { return static_cast<double>(value) / options.users; };
  nlohmann::json figures = {{"sessions", options.users},
                            {"bytes_per_session", each(after.pss - before.pss)},
                            {"rss_bytes_per_session", each(after.rss - before.rss)},
                            {"private_bytes_per_session", each(after.own - before.own)},
                            {"server_pss_before", before.pss},
                            {"server_pss_after", after.pss},
                            {"idle_cpu_share", idle_share},
                            {"logins_per_second", options.users / std::max(login_seconds, 1e-9)},
                            {"cpu_ms_per_login_ramp", login_ms / options.users}};
  // The clients' ends are on this machine as well: a server has half of it.
  if (kernel_before && kernel_after && kernel_after->sockets > kernel_before->sockets) {
    const auto sockets = static_cast<double>(kernel_after->sockets - kernel_before->sockets);
    figures["kernel_bytes_per_session"] =
        static_cast<double>(kernel_after->bytes - kernel_before->bytes) / sockets +
        static_cast<double>(kernel_after->dentry_bytes);
    figures["kernel_sockets_seen"] = sockets;
  }
  return figures;
}

}  // namespace

Outcome measure_idle(const Target& target, const IdleOptions& options, const ServerUsage& server) {
  Loop loop;
  ClientPlan plan = target.plan();
  plan.login_ns_max = ns(options.open_seconds);
  Crowd crowd(loop, target, plan, 0, options.users);
  Outcome outcome;
  outcome.figures = measure(loop, options, server,
                            [&] { crowd.log_in(options.at_once, now_ns() + ns(options.open_seconds)); });
  outcome.figures["disconnects"] = crowd.cuts();
  outcome.is_clean = crowd.cuts() == 0;
  crowd.log_out(now_ns() + 20 * ns_per_s);
  return outcome;
}

Outcome measure_relay_idle(const IdleOptions& options) {
  const RelayProcess relay(1);
  const ServerUsage server({relay.pid()});
  Loop loop;
  const TlsContext tls = client_tls(TlsVersion::tls13, "");
  std::vector<std::unique_ptr<RelayClient>> clients;
  unsigned started = 0;
  unsigned ready = 0;
  std::uint64_t cuts = 0;
  const auto connect_next = [&] {
    if (started < options.users) clients[started++]->connect(relay.ports().front(), tls.get());
  };
  for (unsigned i = 0; i < options.users; ++i) {
    clients.push_back(std::make_unique<RelayClient>(
        loop, i,
        RelayClient::Calls{[&] {
                             ++ready;
                             connect_next();
                           },
                           [](std::string_view) {}, [&](const std::string&) { ++cuts; }}));
  }
  Outcome outcome;
  outcome.figures = measure(loop, options, server, [&] {
    for (unsigned i = 0; i < options.at_once; ++i) connect_next();
    const std::int64_t deadline = now_ns() + ns(options.open_seconds);
    while (ready < options.users) {
      loop.turn(now_ns() + 20 * ns_per_ms);
      if (cuts > 0 || now_ns() > deadline) throw std::runtime_error("the relay's clients could not connect");
    }
  });
  outcome.figures["disconnects"] = cuts;
  outcome.is_clean = cuts == 0;
  return outcome;
}

}  // namespace hotline::bench

// The scenarios besides `pairs`: each measures one thing and gives back its figures.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "relay_server.h"
#include "server_usage.h"
#include "target.h"

namespace hotline::bench {

struct Outcome {
  nlohmann::json figures;
  bool is_clean = true;  // Nothing cut, lost or wrong.
};

struct IdleOptions {
  unsigned users = 1000;
  unsigned at_once = 32;
  double settle_seconds = 3;
  double seconds = 5;         // The idle stretch whose CPU time is read.
  double open_seconds = 300;  // For all logins together.
};
// Memory of a session that does nothing, and what a crowd of them costs in CPU.
Outcome measure_idle(const Target& target, const IdleOptions& options, const ServerUsage& server);
Outcome measure_relay_idle(const IdleOptions& options);

struct LoginOptions {
  unsigned users = 20;  // Who take turns; each is logged in once unmeasured, to warm up.
  unsigned at_once = 4;
  double seconds = 5;
};
// From connect() to presence and an orderly end; a full handshake each time.
Outcome measure_login(const Target& target, const LoginOptions& options, const ServerUsage& server);
// The handshake and one small frame each way.
Outcome measure_relay_handshake(const LoginOptions& options);

enum class OfflinePhase { store, redeliver, both };
struct OfflineOptions {
  OfflinePhase phase = OfflinePhase::both;
  unsigned senders = 10;
  unsigned recipients = 100;
  unsigned messages = 10'000;
  std::size_t body_size = 100;
  unsigned in_flight = 512;  // Unacknowledged messages of a sender.
  unsigned ack_every = 32;
  double seconds_max = 120;  // For each phase.
  std::string ledger;        // Written by store, read by redeliver.
};
// Senders are the first accounts, recipients the next ones.
Outcome measure_offline(const Target& target, const OfflineOptions& options, const ServerUsage& server);

}  // namespace hotline::bench

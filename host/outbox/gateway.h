// Gateway: one way out, as one attempt at a time. The queue, the retries and the threads are Gateways'.
//
// Threads: attempt() from several at once, each with a number of its own below `attempts_at_once`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "outbox/outbox.h"

namespace hotline {

struct GatewaySettings {
  enum class Kind { webhook, command, file };
  std::string name;
  Kind kind = Kind::file;
  std::string target;  // A URL, a program, a file.
  std::string secret;  // webhook: what its requests are signed with; empty: they are not.
  std::uint32_t attempts_max = 5;
  std::uint32_t timeout_s = 10;  // Of one attempt.
  std::uint32_t waiting_max = 10'000;
};

// What is to be told, with an id that stays the same from attempt to attempt.
struct GatewayAttempt {
  const std::string& id;
  const std::string& body;
  std::uint64_t wall_ms;
  std::size_t worker;
};

class Gateway {
 public:
  virtual ~Gateway() = default;
  // `failed` may be tried again.
  virtual OutboxOutcome attempt(const GatewayAttempt& attempt) = 0;
  // The host ends: attempts under way give up within a second or so.
  virtual void end() {}
};

std::unique_ptr<Gateway> make_webhook(const GatewaySettings& settings, std::size_t workers);
std::unique_ptr<Gateway> make_command(const GatewaySettings& settings);
std::unique_ptr<Gateway> make_file(const GatewaySettings& settings);

// "sha256=…": HMAC-SHA256 of "TIMESTAMP.BODY" in hexadecimal digits, as a webhook's receiver computes it
// again.
std::string webhook_signature(const std::string& secret, std::uint64_t timestamp_s, const std::string& body);

}  // namespace hotline

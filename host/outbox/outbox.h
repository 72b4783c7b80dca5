// Outbox: where modules' words to the world outside go: a message to a phone, a wake-up to a push service.
//
// An interface, so that a host in a test has another one. Nothing of it is durable: what waits is lost with
// the process, and whoever needs it asks again.
#pragma once

#include <functional>
#include <string>

namespace hotline {

struct OutboxOutcome {
  enum class Kind { taken, refused, failed };  // refused: for good; failed: every attempt did.
  Kind kind = Kind::failed;
  int status = 0;     // An HTTP status, an exit status; 0: there is none.
  std::string words;  // What the gateway said, or why it could not be asked.
};

struct OutboxMessage {
  std::string gateway;
  std::string body;
  std::function<void(OutboxOutcome outcome)> done;  // Once, on a thread of the outbox.
};

class Outbox {
 public:
  enum class Answer { waits, unknown, full };

  virtual ~Outbox() = default;
  // Whether send() would take something for that gateway now. [any thread]
  virtual Answer room(const std::string& gateway) = 0;
  // Anything but `waits`: it was not taken, and `done` will not be called. [any thread]
  virtual Answer send(OutboxMessage message) = 0;
};

}  // namespace hotline

// Channel: the socket between the two processes of an upgrade.
//
// Whoever says something never waits: what the kernel does not take at once goes into a queue, which a thread
// of its own empties, in order. Another thread hears. What is heard after an end (of the socket, or of sense)
// is one call of `ended`. Frames are wiped once they are sent or read: some of them hold keys.
//
// Threads: say() and has_room() from any; construction, start() and stop() on one; destruction, behind
// stop(), on any.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "push/descriptor.h"
#include "upgrade/message.h"

namespace hotline {

class Channel {
 public:
  using Descriptors = std::vector<Descriptor>;
  // On the hearing thread, one at a time; the message is its to keep.
  using Heard = std::function<void(upgrade::Message message, Descriptors descriptors)>;
  using Ended = std::function<void(const std::string& why)>;
  static constexpr std::size_t waiting_bytes_max = 64u << 20;  // Then has_room() says no.

  // Both ends of a new one: stream sockets that are closed on exec.
  static Result<std::pair<Descriptor, Descriptor>> pair();

  explicit Channel(Descriptor socket);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void start(Heard heard, Ended ended);
  // Sends nothing more, and neither function is called any more once it has returned. Not from one of them.
  void stop();
  // Descriptors are ours to close once they were sent.
  void say(const upgrade::Message& message, Descriptors descriptors = {});
  bool has_room() const;
  // Until all that was said before is with the other side's kernel, or cannot be. False: it cannot.
  bool flush();

 private:
  struct Frame {
    std::string bytes;
    Descriptors descriptors;  // Sent with the first byte.
    std::size_t sent = 0;
  };
  struct Incoming {
    std::vector<char> buffer;
    std::string bytes;  // Read, and not yet a whole frame.
    std::deque<Descriptor> descriptors;
  };

  void send_when_there_is_room();
  void send_waiting();
  ssize_t send_some(const Frame& frame) const;
  void hear_all(const Heard& heard, const Ended& ended);
  bool receive(Incoming& incoming, std::string& why) const;
  static bool take_frames(Incoming& incoming, const Heard& heard, std::string& why);

  const Descriptor socket_;
  std::thread sender_, hearer_;

  mutable std::mutex mutex_;  // For all below.
  std::condition_variable wake_, sent_;
  std::deque<Frame> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_broken_ = false;
  bool is_closing_ = false;
};

}  // namespace hotline

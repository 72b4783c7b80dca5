// Link: a byte pipe to a peer. A socket in the host (net/uv_link), a queue in a simulation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hotline {

// What a link tells its connection. Called on the shard's thread, never from within a call on the link.
class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  virtual void on_bytes(std::string_view bytes) = 0;  // Borrowed for the call.
  virtual void on_writable() = 0;                     // Room again, after send() took less than all.
  virtual void on_end(std::string_view reason) = 0;   // Closed by the peer, or broken. The last call.
};

class Link {
 public:
  virtual ~Link() = default;  // Closes.

  virtual void attach(LinkEvents* events) = 0;
  // Sends what the peer's window takes now; how much that was. Less than all: on_writable() follows.
  virtual std::size_t send(std::string_view bytes) = 0;
  // Bytes sent that the peer has not acknowledged (SIOCOUTQ). 0: all have arrived.
  virtual std::size_t unacknowledged() const = 0;
  // Stops and resumes on_bytes (a peer that is faster than what it feeds).
  virtual void pause_reading(bool paused) = 0;
  virtual std::string peer() const = 0;  // Address without port.
  virtual bool is_loopback() const = 0;
  // Takes the link off this shard's loop, to be given to another's (`adopt` of its loop). After it only
  // adopting and destroying are allowed.
  virtual void detach() = 0;
  // A second descriptor of what it is on, for another process; -1 where there is none.
  virtual int duplicate() const { return -1; }
  // Another process goes on with it: it is closed here without a word to its peer, when this goes.
  virtual void give_away() {}
};

}  // namespace hotline

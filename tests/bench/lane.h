// Lane: one sender and one receiver, both in this process, and the server between them.
//
// What fills a lane and judges what comes out of it (LaneLoad) does not know whether XMPP or the bare relay
// is in between: so both give figures of the same kind.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "loop.h"
#include "stamp.h"

namespace hotline::bench {

// What a lane tells. All on the lane's thread.
class LaneEvents {
 public:
  virtual ~LaneEvents() = default;
  // Both ends are up; again after a reconnection.
  virtual void on_lane_ready(std::uint32_t lane) = 0;
  virtual void on_arrival(std::uint32_t lane, const Stamp& stamp) = 0;
  // A message that carries no stamp, or an error instead of a delivery.
  virtual void on_stray(std::uint32_t lane, const std::string& what) = 0;
  // One of the connections broke. `is_final` when the lane will not try again.
  virtual void on_lane_cut(std::uint32_t lane, const std::string& reason, bool is_final) = 0;
  virtual void on_resumed(std::uint32_t lane) = 0;
  // The server forgot a session: what was on its way may come twice, and that is then not its fault.
  virtual void on_session_lost(std::uint32_t lane) = 0;
};

class Lane {
 public:
  virtual ~Lane() = default;
  virtual void open() = 0;
  virtual void send(const Stamp& stamp) = 0;
  // Whether messages may be given to it; a lane that reconnects keeps them until it can send.
  [[nodiscard]] virtual bool takes_messages() const = 0;
  virtual void ask_ack() {}
  // Messages the server has not yet acknowledged to the sender; 0 where nothing is acknowledged.
  [[nodiscard]] virtual std::uint64_t unacked() const { return 0; }
  // Breaks one of its connections as a lost network would, and comes back if it does that at all.
  virtual void break_connection() {}
  virtual void close() = 0;
};

class LaneMaker {
 public:
  virtual ~LaneMaker() = default;
  virtual std::unique_ptr<Lane> make(Loop& loop, LaneEvents& events, std::uint32_t lane) = 0;
};

}  // namespace hotline::bench

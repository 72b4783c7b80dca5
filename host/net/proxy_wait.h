// ProxyWait: a socket that a load balancer has opened, until it has said for whom (proxy_header.h).
//
// It takes the header from the socket and not one byte behind it, so that what is served then begins with the
// client's first byte.
//
// Threads: that of its loop. It may be destroyed inside `ended`.
#pragma once

#include <uv.h>

#include <functional>
#include <string_view>

#include "net/peer_address.h"
#include "net/proxy_header.h"

namespace hotline {

class ProxyWait {
 public:
  enum class End {
    whole,  // release() has the socket, peer() whom it is for.
    wrong,  // No header, or not in time. reason() says what.
    left,   // Closed by its peer before a byte of it, as those do that only look whether we are there.
  };
  using Ended = std::function<void(ProxyWait& wait, End end)>;

  // Owns the non-blocking socket that it is given.
  ProxyWait(int socket, const PeerAddress& proxy, uv_loop_t* loop, std::uint64_t deadline_ms, Ended ended);
  ~ProxyWait();
  ProxyWait(const ProxyWait&) = delete;
  ProxyWait& operator=(const ProxyWait&) = delete;

  int release();
  const PeerAddress& proxy() const { return proxy_; }
  PeerAddress peer() const { return header_.client().value_or(proxy_); }
  std::string_view reason() const { return reason_; }

 private:
  struct Watch;
  void receive();
  void end(End end, std::string_view reason);
  void close_watch();

  int socket_;
  const PeerAddress proxy_;
  ProxyHeader header_;
  std::string_view reason_;
  Watch* watch_ = nullptr;  // The loop's, until libuv has let go of it.
};

}  // namespace hotline

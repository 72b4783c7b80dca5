// Listener: one shard's listening socket for an address and port.
//
// Every shard has its own (SO_REUSEPORT) and the kernel spreads new connections over them; how evenly does
// not matter, as a connection moves to its account's home shard once it is authenticated.
//
// Threads: open() and adopt() on any; start(), rest_for_now(), close() and destruction on the shard's thread.
// Connections that come between open() and start() wait in the kernel.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/peer_address.h"

namespace hotline {

class Listener {
 public:
  // Owns the non-blocking socket that it is given. May close or destroy the listener.
  using Accepted = std::function<void(int socket, const PeerAddress& peer)>;

  // One for each of `shards`, all on one port; port 0 takes one that is free. `address` is IPv4 or IPv6 ("::"
  // is IPv6 alone).
  static Result<std::vector<std::unique_ptr<Listener>>> open(const std::string& address, std::uint16_t port,
                                                             std::size_t shards);
  // On a socket that another process listened on before, and which is ours now.
  static Result<std::unique_ptr<Listener>> adopt(int socket);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void start(uv_loop_t* loop, Accepted accepted);
  // Accepts no more, until start(); who connects meanwhile waits in the kernel, for whoever has the socket.
  void rest_for_now();
  void close();
  int socket() const { return socket_; }
  std::uint16_t port() const { return port_; }

 private:
  struct Watch;
  enum class Refused { one, nobody_waits, cannot };

  Listener(int socket, std::uint16_t port);
  static void on_poll(uv_poll_t* poll, int status, int events);
  void accept_batch(Watch* watch);
  Refused refuse_one();
  void rest();

  int socket_;
  const std::uint16_t port_;
  int reserve_;                // Given up for a moment to refuse a connection when descriptors have run out.
  std::uint64_t told_ms_ = 0;  // When running out was last logged.
  Watch* watch_ = nullptr;     // The loop's, until libuv has let go of it.
};

}  // namespace hotline

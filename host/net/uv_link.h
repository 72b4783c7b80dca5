// UvLink: a socket on a libuv loop.
//
// It owns the descriptor and only has the loop watch it (uv_poll_t rather than uv_tcp_t), so that a
// connection can go to another shard's loop, or to another process, as it is. One recv for each time the
// socket is readable; nothing is buffered here in either direction.
//
// Threads: that of the loop it is on. Between detach() and adopt() it is on none and may be handed over.
// It may be destroyed or detached inside any of its events.
#pragma once

#include <uv.h>

#include <array>
#include <functional>

#include "base/slab.h"
#include "net/link.h"
#include "net/peer_address.h"

namespace hotline {

// What the links of one loop share. Outlives them.
struct LinkLoop {
  uv_loop_t* uv = nullptr;
  std::function<void()> begin_turn;      // Called before each socket's events; may be empty.
  std::array<char, 64 * 1024> received;  // What on_bytes is given.
};

class UvLink final : public Link, public InSlab<UvLink> {
 public:
  // Takes the descriptor of a connected socket. Nothing is read before attach().
  UvLink(int socket, const PeerAddress& peer, LinkLoop& loop);
  // Of a socket that another process has served, and has set the options of. On no loop yet: for adopt().
  UvLink(int socket, const PeerAddress& peer);
  ~UvLink() override;
  UvLink(const UvLink&) = delete;
  UvLink& operator=(const UvLink&) = delete;

  void attach(LinkEvents* events) override;
  std::size_t send(std::string_view bytes) override;
  std::size_t unacknowledged() const override;
  void pause_reading(bool paused) override;
  std::string peer() const override { return peer_.text(); }
  bool is_loopback() const override { return peer_.is_loopback(); }
  void detach() override;
  std::size_t held_bytes() const override;
  int duplicate() const override;
  void give_away() override { is_given_away_ = true; }
  // Goes on, on the thread of `loop`, with the events that were attached.
  void adopt(LinkLoop& loop);

 private:
  struct Watch;
  static void on_poll(uv_poll_t* poll, int status, int events);

  void open_watch();
  void close_watch();
  void watch_for_what_is_wanted();
  bool receive();
  void end(std::string_view reason);

  LinkEvents* events_ = nullptr;
  LinkLoop* loop_;
  Watch* watch_ = nullptr;  // The loop's: it outlives the link until libuv has let go of it.
  const int socket_;
  int send_error_ = 0;  // errno. Told from the loop, as send() must not call back.
  const PeerAddress peer_;
  bool is_reading_ = true;
  bool wants_room_ = false;
  bool has_ended_ = false;
  bool is_given_away_ = false;
};

}  // namespace hotline

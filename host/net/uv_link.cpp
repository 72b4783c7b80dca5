#include "net/uv_link.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/prefetch.h"

namespace hotline {
namespace {

// A peer that vanished without a word: found after about seven minutes when nothing is sent, as often as a
// phone's radio can bear, and after two minutes when it owes us acknowledgements.
constexpr int keepalive_idle_s = 300;
constexpr int keepalive_interval_s = 30;
constexpr int keepalive_probes_max = 4;
constexpr int unacknowledged_ms_max = 120'000;
constexpr int discarded_reads_max = 16;
constexpr std::size_t connection_bytes = 136;  // Who is told of events.

// Options that a socket pair or an odd kernel does not know are not missed.
void set_option(int socket, int level, int name, int value) {
  setsockopt(socket, level, name, &value, sizeof value);
}

void set_options(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);  // A turn's output is one send() already.
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_s);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_s);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes_max);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_ms_max);
}

// Bytes that nobody will read turn close() into a reset, which can overtake the last thing we said (a stream
// error): what has come so far is thrown away first. What comes later still resets.
void close_politely(int socket) {
  shutdown(socket, SHUT_WR);
  for (int i = 0; i < discarded_reads_max; ++i) {
    if (recv(socket, nullptr, 64 * 1024, MSG_DONTWAIT | MSG_TRUNC) <= 0) break;
  }
  close(socket);
}

}  // namespace

struct UvLink::Watch final : public InSlab<Watch> {
  uv_poll_t poll{};
  UvLink* link = nullptr;  // Null once the link has gone or has left this loop.
  int events = 0;          // What libuv watches for now.
};

UvLink::UvLink(int socket, const PeerAddress& peer, LinkLoop& loop)
    : loop_(&loop), socket_(socket), peer_(peer) {
  set_options(socket);
}

UvLink::UvLink(int socket, const PeerAddress& peer) : loop_(nullptr), socket_(socket), peer_(peer) {}

int UvLink::duplicate() const {
  return fcntl(socket_, F_DUPFD_CLOEXEC, 0);
}

UvLink::~UvLink() {
  close_watch();  // Before close(): the number may be another socket's a moment later.
  if (has_ended_ || is_given_away_) {
    close(socket_);
  } else {
    close_politely(socket_);
  }
}

void UvLink::attach(LinkEvents* events) {
  events_ = events;
  if (loop_ != nullptr) watch_for_what_is_wanted();
}

void UvLink::open_watch() {
  watch_ = new Watch;
  watch_->link = this;
  watch_->poll.data = watch_;
  const int error = uv_poll_init(loop_->uv, &watch_->poll, socket_);
  check(error == 0, "a socket that is in no loop can be watched");
}

// libuv takes the descriptor out of its epoll set at once (uv_poll_stop), but keeps the handle until it calls
// back.
void UvLink::close_watch() {
  if (watch_ == nullptr) return;
  Watch* watch = std::exchange(watch_, nullptr);
  watch->link = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll),
           [](uv_handle_t* handle) { delete static_cast<Watch*>(handle->data); });
}

void UvLink::watch_for_what_is_wanted() {
  if (has_ended_ || events_ == nullptr) return;
  if (watch_ == nullptr) open_watch();
  const int wanted = (is_reading_ ? UV_READABLE : 0) | (wants_room_ ? UV_WRITABLE : 0);
  if (wanted == watch_->events) return;  // A change costs two system calls.
  watch_->events = wanted;
  if (wanted == 0) {
    uv_poll_stop(&watch_->poll);
  } else {
    uv_poll_start(&watch_->poll, wanted, on_poll);
  }
}

void UvLink::on_poll(uv_poll_t* poll, int status, int events) {
  auto* watch = static_cast<Watch*>(poll->data);
  UvLink* link = watch->link;
  if (link->loop_->begin_turn) link->loop_->begin_turn();
  // The link may be gone, or on another loop, after each event: watch->link tells.
  if (status < 0) {
    // Broken, and libuv has stopped watching. What came before the break can still be read.
    watch->events = 0;
    while (watch->link == link && link->is_reading_ && link->receive()) {
    }
    if (watch->link == link) link->end("broken");
    return;
  }
  if ((events & UV_READABLE) != 0) link->receive();
  if (watch->link == link && (events & UV_WRITABLE) != 0) {
    if (link->send_error_ != 0) {
      link->end(std::strerror(link->send_error_));
      return;
    }
    link->wants_room_ = false;
    link->events_->on_writable();
  }
  if (watch->link == link) link->watch_for_what_is_wanted();
}

// False: nothing more to read now. The link may be gone.
bool UvLink::receive() {
  prefetch(events_, connection_bytes);  // It comes while the kernel copies.
  const ssize_t size = recv(socket_, loop_->received.data(), loop_->received.size(), MSG_DONTWAIT);
  if (size > 0) {
    events_->on_bytes({loop_->received.data(), static_cast<std::size_t>(size)});
    return true;
  }
  if (size == 0) {
    end("closed by the peer");
  } else if (errno != EAGAIN && errno != EINTR) {
    end(std::strerror(errno));
  }
  return false;
}

void UvLink::end(std::string_view reason) {
  has_ended_ = true;
  close_watch();
  events_->on_end(reason);
}

std::size_t UvLink::send(std::string_view bytes) {
  if (has_ended_ || bytes.empty()) return 0;
  ssize_t sent = 0;
  do {
    sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno != EAGAIN) send_error_ = errno;  // A broken socket is writable: on_end follows.
    sent = 0;
  }
  const auto taken = static_cast<std::size_t>(sent);
  if (taken < bytes.size()) {
    wants_room_ = true;
    if (loop_ != nullptr) watch_for_what_is_wanted();
  }
  return taken;
}

std::size_t UvLink::unacknowledged() const {
  int bytes = 0;
  // Zero means safe, so an unknown number is not zero.
  return ioctl(socket_, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : SIZE_MAX;
}

void UvLink::pause_reading(bool paused) {
  is_reading_ = !paused;
  if (loop_ != nullptr) watch_for_what_is_wanted();
}

std::size_t UvLink::held_bytes() const {
  return cell_bytes() + (watch_ == nullptr ? 0 : Watch::cell_bytes());
}

void UvLink::detach() {
  close_watch();
  loop_ = nullptr;
}

void UvLink::adopt(LinkLoop& loop) {
  check(loop_ == nullptr, "a link is adopted after it was detached");
  loop_ = &loop;
  watch_for_what_is_wanted();
}

}  // namespace hotline

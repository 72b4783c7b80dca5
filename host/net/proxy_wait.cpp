#include "net/proxy_wait.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"

namespace hotline {

struct ProxyWait::Watch {
  uv_poll_t poll{};
  uv_timer_t late{};
  Ended ended;                // Here, as it may destroy the wait while it runs.
  ProxyWait* wait = nullptr;  // Null once it has ended.
  int handles = 2;
};

ProxyWait::ProxyWait(int socket, const PeerAddress& proxy, uv_loop_t* loop, std::uint64_t deadline_ms,
                     Ended ended)
    : socket_(socket), proxy_(proxy), watch_(new Watch) {
  watch_->ended = std::move(ended);
  watch_->wait = this;
  watch_->poll.data = watch_;
  watch_->late.data = watch_;
  const auto came = [](uv_poll_t* poll, int, int) { static_cast<Watch*>(poll->data)->wait->receive(); };
  const auto is_late = [](uv_timer_t* timer) {
    static_cast<Watch*>(timer->data)->wait->end(End::wrong, "it did not come in time");
  };
  const bool is_watched = uv_poll_init(loop, &watch_->poll, socket) == 0 &&
                          uv_timer_init(loop, &watch_->late) == 0 &&
                          uv_poll_start(&watch_->poll, UV_READABLE, came) == 0 &&
                          uv_timer_start(&watch_->late, is_late, deadline_ms, 0) == 0;
  check(is_watched, "a socket that is in no loop can be watched");
}

ProxyWait::~ProxyWait() {
  close_watch();  // Before close(): the number may be another socket's a moment later.
  if (socket_ >= 0) close(socket_);
}

void ProxyWait::close_watch() {
  if (watch_ == nullptr) return;
  Watch* watch = std::exchange(watch_, nullptr);
  watch->wait = nullptr;
  const auto closed = [](uv_handle_t* handle) {
    auto* gone = static_cast<Watch*>(handle->data);
    if (--gone->handles == 0) delete gone;
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->late), closed);
}

int ProxyWait::release() {
  return std::exchange(socket_, -1);
}

// Looked at first, then taken as far as it is the header's. What has been taken is no longer there to wake
// us, so a header that comes byte by byte costs no more than its bytes.
void ProxyWait::receive() {
  std::array<char, 512> bytes{};
  const ssize_t size = recv(socket_, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0)
    return header_.has_begun() ? end(End::wrong, "it was not whole when the connection ended")
                               : end(End::left, "closed by the peer");
  std::string_view rest(bytes.data(), static_cast<std::size_t>(size));
  const ProxyHeader::State state = header_.take(rest);
  const std::size_t taken = static_cast<std::size_t>(size) - rest.size();
  if (recv(socket_, bytes.data(), taken, MSG_DONTWAIT) != static_cast<ssize_t>(taken))
    return end(End::wrong, "the connection ended while it was read");
  if (state == ProxyHeader::State::whole) end(End::whole, {});
  if (state == ProxyHeader::State::wrong) end(End::wrong, header_.reason());
}

void ProxyWait::end(End end, std::string_view reason) {
  reason_ = reason;
  const Ended ended = std::move(watch_->ended);
  close_watch();
  ended(*this, end);
}

}  // namespace hotline

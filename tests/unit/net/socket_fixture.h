// Real sockets and loops for the tests of net/uv_link and net/listener: loopback only, waits are on events.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace hotline::test {

constexpr std::chrono::seconds deadline{20};  // For what always happens: reached only by a failing test.

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset();
    number_ = other.release();
    return *this;
  }
  ~Descriptor() { reset(); }
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }
  void reset() {
    if (number_ >= 0) close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// Two ends of one TCP connection over loopback, both blocking.
inline std::pair<Descriptor, Descriptor> tcp_pair() {
  const Descriptor listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  if (bind(listening.get(), name, size) != 0 || listen(listening.get(), 1) != 0)
    throw std::runtime_error("listen");
  getsockname(listening.get(), name, &size);
  Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), name, size) != 0) throw std::runtime_error("connect");
  return {std::move(client), Descriptor(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC))};
}

// A loop for one thread; ends what is left on it.
class TestLoop {
 public:
  TestLoop() {
    uv_loop_init(&loop_);
    uv_timer_init(&loop_, &tick_);
    // Wakes the loop so that `until` is looked at again and the deadline seen; nothing depends on how often.
    uv_timer_start(
        &tick_, [](uv_timer_t*) {}, 5, 5);
  }
  ~TestLoop() {
    uv_close(reinterpret_cast<uv_handle_t*>(&tick_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    is_clean_ = uv_loop_close(&loop_) == 0;
    if (!is_clean_) std::abort();  // A handle was never closed.
  }
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;

  uv_loop_t* uv() { return &loop_; }
  void turn() { uv_run(&loop_, UV_RUN_NOWAIT); }
  // False when the deadline came first.
  template <typename Condition>
  bool run(Condition until) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!until()) {
      if (std::chrono::steady_clock::now() > end) return false;
      uv_run(&loop_, UV_RUN_ONCE);
    }
    return true;
  }

 private:
  uv_loop_t loop_;
  uv_timer_t tick_;
  bool is_clean_ = false;
};

inline bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Whatever has come by now, without waiting.
inline std::string receive_some(int socket) {
  std::string bytes(256 * 1024, '\0');
  const ssize_t size = recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

// Waits for the other end to close; false at the deadline.
inline bool is_closed_by_peer(int socket) {
  std::string unread(64 * 1024, '\0');
  pollfd wait{socket, POLLIN, 0};
  while (poll(&wait, 1, static_cast<int>(deadline / std::chrono::milliseconds(1))) == 1) {
    if (recv(socket, unread.data(), unread.size(), 0) <= 0) return true;
  }
  return false;
}

}  // namespace hotline::test

#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace hotline {
namespace {

constexpr int accept_batch_max = 64;    // A flood of connections leaves room for those that exist.
constexpr std::uint64_t rest_ms = 100;  // When not even refusing works.
constexpr std::uint64_t told_again_ms = 60'000;
// glibc's SOMAXCONN is 4,096, and the kernel takes the less of this and net.core.somaxconn.
constexpr int backlog_max = 65'535;

struct BoundAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  in_port_t& port() {
    return storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(storage).sin6_port
                                         : reinterpret_cast<sockaddr_in&>(storage).sin_port;
  }
};

Result<BoundAddress> parse(const std::string& address, std::uint16_t port) {
  BoundAddress parsed;
  auto& v4 = reinterpret_cast<sockaddr_in&>(parsed.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(parsed.storage);
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    parsed.storage.ss_family = AF_INET;
    parsed.size = sizeof v4;
  } else if (parsed = {}; inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    parsed.storage.ss_family = AF_INET6;
    parsed.size = sizeof v6;
  } else {
    return Error{"address \"" + address + "\" in `listen` is neither IPv4 nor IPv6: write it in numbers"};
  }
  parsed.port() = htons(port);
  return parsed;
}

Error bind_error(const std::string& address, std::uint16_t port, int reason) {
  const std::string where = "port " + std::to_string(port) + " on " + address;
  switch (reason) {
    case EADDRINUSE: return Error{where + " is in use: choose another in `listen`, or stop what holds it"};
    case EACCES:
      return Error{where + " is reserved: choose one above 1023 in `listen`, or grant CAP_NET_BIND_SERVICE"};
    case EADDRNOTAVAIL:
      return Error{"address " + address + " is not one of this machine's: choose another in `listen`"};
    default: return Error{where + " cannot be listened on: " + std::strerror(reason)};
  }
}

enum class Sharing { alone, among_shards };

// A bound socket, or -1 with errno set.
int bound_socket(const BoundAddress& address, Sharing sharing) {
  const int made = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made < 0) return -1;
  const int on = 1;
  // Connections of a host that has just ended do not keep the next one out.
  setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (sharing == Sharing::among_shards) setsockopt(made, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6) setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(made, address.get(), address.size) == 0) return made;
  const int reason = errno;
  close(made);
  errno = reason;
  return -1;
}

std::uint16_t port_of(int socket) {
  BoundAddress address;
  address.size = sizeof address.storage;
  check(getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.size) == 0,
        "a bound socket has a name");
  return ntohs(address.port());
}

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

struct Listener::Watch {
  uv_poll_t poll{};
  uv_timer_t rest{};
  Accepted accepted;             // Here, as it may destroy the listener while it runs.
  Listener* listener = nullptr;  // Null once the listener has closed.
  int handles = 2;
};

Result<std::vector<std::unique_ptr<Listener>>> Listener::open(const std::string& address, std::uint16_t port,
                                                              std::size_t shards) {
  auto parsed = parse(address, port);
  if (!parsed) return parsed.error();
  if (port != 0) {
    // With SO_REUSEPORT another process of this user would be let in, and each would get a share of the
    // clients.
    const int probe = bound_socket(*parsed, Sharing::alone);
    if (probe < 0) return bind_error(address, port, errno);
    ::close(probe);
  }
  std::vector<std::unique_ptr<Listener>> listeners;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    const int socket = bound_socket(*parsed, Sharing::among_shards);
    if (socket < 0) return bind_error(address, port, errno);
    if (listen(socket, backlog_max) != 0) {
      const int reason = errno;
      ::close(socket);
      return bind_error(address, port, reason);
    }
    port = port_of(socket);
    parsed->port() = htons(port);  // Of 0: the first one picks, the others follow.
    listeners.push_back(std::unique_ptr<Listener>(new Listener(socket, port)));
  }
  return listeners;
}

Result<std::unique_ptr<Listener>> Listener::adopt(int socket) {
  int listens = 0;
  socklen_t size = sizeof listens;
  if (getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    ::close(socket);
    return Error{"a descriptor that was handed over is no socket that listens"};
  }
  return std::unique_ptr<Listener>(new Listener(socket, port_of(socket)));
}

Listener::Listener(int socket, std::uint16_t port) : socket_(socket), port_(port), reserve_(open_reserve()) {}

Listener::~Listener() {
  close();
}

void Listener::start(uv_loop_t* loop, Accepted accepted) {
  check(socket_ >= 0 && watch_ == nullptr, "a listener is started when it rests");
  watch_ = new Watch;
  watch_->accepted = std::move(accepted);
  watch_->listener = this;
  watch_->poll.data = watch_;
  watch_->rest.data = watch_;
  const bool is_watched = uv_poll_init(loop, &watch_->poll, socket_) == 0 &&
                          uv_timer_init(loop, &watch_->rest) == 0 &&
                          uv_poll_start(&watch_->poll, UV_READABLE, on_poll) == 0;
  check(is_watched, "a listening socket can be watched");
}

void Listener::rest_for_now() {
  if (watch_ == nullptr) return;
  Watch* watch = std::exchange(watch_, nullptr);
  watch->listener = nullptr;
  const auto closed = [](uv_handle_t* handle) {
    auto* gone = static_cast<Watch*>(handle->data);
    if (--gone->handles == 0) delete gone;
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->rest), closed);
}

void Listener::close() {
  rest_for_now();
  for (int* descriptor : {&socket_, &reserve_}) {
    if (*descriptor >= 0) ::close(std::exchange(*descriptor, -1));
  }
}

void Listener::on_poll(uv_poll_t* poll, int, int) {
  auto* watch = static_cast<Watch*>(poll->data);
  watch->listener->accept_batch(watch);
}

void Listener::accept_batch(Watch* watch) {
  for (int i = 0; i < accept_batch_max && watch->listener == this; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int connected =
        accept4(socket_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connected >= 0) {
      watch->accepted(connected, PeerAddress::of(address));
      continue;
    }
    switch (errno) {
      case EAGAIN: return;
      case EMFILE:
      case ENFILE:
        switch (refuse_one()) {
          case Refused::one: continue;
          case Refused::nobody_waits: return;
          case Refused::cannot: return rest();
        }
        return;
      case ENOBUFS:
      case ENOMEM: return rest();
      default: continue;  // That connection was over before it began.
    }
  }
}

// Out of descriptors: a client that is refused can try again, one that is left in the queue only waits.
Listener::Refused Listener::refuse_one() {
  const std::uint64_t now_ms = uv_now(watch_->poll.loop);
  if (told_ms_ == 0 || now_ms - told_ms_ >= told_again_ms) {
    told_ms_ = now_ms;
    log::error(
        "listener.out-of-descriptors",
        {{"port", port_}, {"reason", std::strerror(errno)}, {"way-out", "raise LimitNOFILE (ulimit -n)"}});
  }
  if (reserve_ < 0) return Refused::cannot;
  ::close(std::exchange(reserve_, -1));
  const int refused = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  const int reason = errno;
  if (refused >= 0) ::close(refused);
  reserve_ = open_reserve();
  if (refused >= 0) return Refused::one;
  return reason == EAGAIN ? Refused::nobody_waits : Refused::cannot;
}

// The socket stays readable, so to go on watching it would keep the loop busy with nothing.
void Listener::rest() {
  if (reserve_ < 0) reserve_ = open_reserve();
  uv_poll_stop(&watch_->poll);
  uv_timer_start(
      &watch_->rest,
      [](uv_timer_t* timer) { uv_poll_start(&static_cast<Watch*>(timer->data)->poll, UV_READABLE, on_poll); },
      rest_ms, 0);
}

}  // namespace hotline

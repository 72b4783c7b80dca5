#include "wire.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tls.h"

namespace hotline::bench {
namespace {

constexpr std::size_t read_size = 65'536;
constexpr std::size_t kept_capacity_max = 8'192;  // Of an output buffer that has run empty.

std::string system_error(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

void set_no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Wire::~Wire() {
  close();
  SSL_SESSION_free(session_);
}

// OpenSSL's callback. 1: the session is ours now.
int Wire::keep_session(SSL* tls, SSL_SESSION* session) {
  auto* wire = static_cast<Wire*>(SSL_get_app_data(tls));
  SSL_SESSION_free(std::exchange(wire->session_, session));
  return 1;
}

void Wire::connect(const sockaddr_in& address, SSL_CTX* context, in_addr source, bool resumes) {
  close();
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    cut(system_error("socket"));
    return;
  }
  set_no_delay(fd_);
  if (source.s_addr != INADDR_ANY) {
    const int on = 1;
    // Leaves the choice of the port to connect(), which then need only be free for this destination.
    setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr = source;
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
      cut(system_error("bind"));
      return;
    }
  }
  stage_ = Stage::connecting;
  if (context != nullptr) {
    begin_tls(context, false);
    if (resumes) {
      SSL_CTX_sess_set_new_cb(context, &keep_session);
      SSL_set_app_data(tls_, this);
      if (session_ != nullptr) SSL_set_session(tls_, session_);
    }
  }
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    cut(system_error("connect"));
    return;
  }
  wanted_ = EPOLLOUT;
  if (!loop_.watch(fd_, wanted_, this)) cut(system_error("epoll_ctl"));
}

void Wire::accept(int fd, SSL_CTX* context) {
  fd_ = fd;
  set_no_delay(fd_);
  stage_ = Stage::handshake;
  begin_tls(context, true);
  wanted_ = EPOLLIN;
  if (!loop_.watch(fd_, wanted_, this)) cut(system_error("epoll_ctl"));
}

void Wire::begin_tls(SSL_CTX* context, bool is_server) {
  tls_ = SSL_new(context);
  SSL_set_fd(tls_, fd_);
  if (is_server) {
    SSL_set_accept_state(tls_);
  } else {
    SSL_set_connect_state(tls_);
  }
}

void Wire::start_tls(SSL_CTX* context) {
  begin_tls(context, false);
  stage_ = Stage::handshake;
  shake_hands();
}

void Wire::want(std::uint32_t events) {
  if (events == wanted_) return;
  wanted_ = events;
  loop_.change(fd_, events, this);
}

void Wire::on_ready(std::uint32_t events) {
  if (stage_ == Stage::closed) return;
  if (stage_ == Stage::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      errno = error;
      cut(system_error("connect"));
      return;
    }
    stage_ = tls_ != nullptr ? Stage::handshake : Stage::open;
    if (stage_ == Stage::open) {
      want(EPOLLIN);
      owner_.on_open();
      return;
    }
  }
  if (stage_ == Stage::handshake) {
    shake_hands();
    return;
  }
  if ((events & EPOLLOUT) != 0) flush();
  if (stage_ == Stage::open && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read_all();
}

void Wire::shake_hands() {
  const int done = SSL_do_handshake(tls_);
  if (done == 1) {
    stage_ = Stage::open;
    want(EPOLLIN);
    owner_.on_open();
    // Application data may have come in the same read as the end of the handshake.
    if (stage_ == Stage::open && SSL_has_pending(tls_) == 1) read_all();
    return;
  }
  const int error = SSL_get_error(tls_, done);
  if (error == SSL_ERROR_WANT_READ) {
    want(EPOLLIN);
  } else if (error == SSL_ERROR_WANT_WRITE) {
    want(EPOLLIN | EPOLLOUT);
  } else {
    cut("TLS handshake: " + tls_error());
  }
}

// False when there is nothing to read now or the connection was cut.
bool Wire::read_some(char* into, std::size_t size, std::size_t* got) {
  if (tls_ == nullptr) {
    const ssize_t count = ::read(fd_, into, size);
    if (count > 0) {
      *got = static_cast<std::size_t>(count);
      return true;
    }
    if (count == 0) {
      cut("closed by the peer");
    } else if (errno != EAGAIN) {
      cut(system_error("read"));
    }
    return false;
  }
  if (SSL_read_ex(tls_, into, size, got) == 1) return true;
  const int error = SSL_get_error(tls_, 0);
  if (error == SSL_ERROR_WANT_READ) return false;
  if (error == SSL_ERROR_WANT_WRITE) {
    want(EPOLLIN | EPOLLOUT);
    return false;
  }
  cut(error == SSL_ERROR_SYSCALL && errno != 0 ? system_error("read") : tls_error());
  return false;
}

void Wire::read_all() {
  static thread_local std::array<char, read_size> buffer;
  std::size_t got = 0;
  errno = 0;
  do {
    if (!read_some(buffer.data(), buffer.size(), &got)) return;
    owner_.on_bytes({buffer.data(), got});
  } while (stage_ == Stage::open && (tls_ != nullptr ? SSL_has_pending(tls_) == 1 : got == buffer.size()));
}

void Wire::write(std::string_view bytes) {
  if (stage_ == Stage::closed) return;
  output_.append(bytes);
  if (!is_queued_) {
    is_queued_ = true;
    loop_.flush_later(this);
  }
}

void Wire::flush() {
  is_queued_ = false;
  if (stage_ != Stage::open) return;
  while (written_ < output_.size()) {
    const char* from = output_.data() + written_;
    const std::size_t size = output_.size() - written_;
    if (tls_ == nullptr) {
      const ssize_t count = send(fd_, from, size, MSG_NOSIGNAL);
      if (count < 0 && errno == EAGAIN) break;
      if (count < 0) {
        cut(system_error("write"));
        return;
      }
      written_ += static_cast<std::size_t>(count);
      continue;
    }
    std::size_t count = 0;
    errno = 0;
    if (SSL_write_ex(tls_, from, size, &count) == 1) {
      written_ += count;
      continue;
    }
    const int error = SSL_get_error(tls_, 0);
    if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ) break;
    cut(error == SSL_ERROR_SYSCALL && errno != 0 ? system_error("write") : tls_error());
    return;
  }
  if (written_ < output_.size()) {
    want(EPOLLIN | EPOLLOUT);
    return;
  }
  output_.clear();
  if (output_.capacity() > kept_capacity_max) output_.shrink_to_fit();
  written_ = 0;
  want(EPOLLIN);
}

void Wire::cut(const std::string& reason) {
  close();
  owner_.on_cut(reason);
}

void Wire::abandon() {
  if (fd_ >= 0) {
    const linger no_linger{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &no_linger, sizeof no_linger);
  }
  if (stage_ == Stage::open) stage_ = Stage::handshake;  // Which close() ends without a farewell.
  close();
}

void Wire::close() {
  if (fd_ >= 0) {
    loop_.forget(fd_, this);
    if (tls_ != nullptr) {
      SSL_set_quiet_shutdown(tls_, stage_ == Stage::open ? 0 : 1);
      if (stage_ == Stage::open) SSL_shutdown(tls_);
      SSL_free(tls_);
      tls_ = nullptr;
      tls_error();  // What is left in the thread's queue would be taken for the next connection's failure.
    }
    ::close(fd_);
    fd_ = -1;
  }
  stage_ = Stage::closed;
  is_queued_ = false;
  output_.clear();
  written_ = 0;
}

}  // namespace hotline::bench

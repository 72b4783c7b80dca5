#include "relay_server.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "clock.h"
#include "loop.h"
#include "tls.h"
#include "wire.h"

namespace hotline::bench {
namespace {

constexpr std::uint32_t index_max = 1 << 20;

class Relay;

class Peer final : public Wire::Owner {
 public:
  Peer(Loop& loop, Relay& relay, int fd, SSL_CTX* tls) : relay_(relay), wire_(loop, *this) {
    wire_.accept(fd, tls);
  }
  Wire& wire() { return wire_; }
  [[nodiscard]] bool is_gone() const { return is_gone_; }

 private:
  void on_open() override {}
  void on_bytes(std::string_view bytes) override;
  void on_cut(const std::string&) override;

  Relay& relay_;
  Wire wire_;
  FrameReader reader_;
  std::uint32_t index_ = hello_destination;
  bool is_gone_ = false;
};

// One thread's connections.
class Relay final : public Loop::Source {
 public:
  Relay() : tls_(relay_tls()), fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(fd_, SOMAXCONN) != 0 || !loop_.watch(fd_, EPOLLIN, this)) {
      throw std::runtime_error("the relay cannot listen on 127.0.0.1");
    }
  }

  [[nodiscard]] int port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  [[noreturn]] void run() {
    while (true) {
      loop_.turn(now_ns() + ns_per_s);
      if (has_gone_) {
        std::erase_if(peers_, [](const auto& peer) { return peer->is_gone(); });
        has_gone_ = false;
      }
    }
  }

  void name(std::uint32_t index, Peer* peer) {
    if (index >= index_max) return;
    if (named_.size() <= index) named_.resize(index + 1);
    named_[index] = peer;
  }
  Peer* find(std::uint32_t index) { return index < named_.size() ? named_[index] : nullptr; }
  void gone(std::uint32_t index, const Peer* peer) {
    has_gone_ = true;
    if (find(index) == peer) name(index, nullptr);
  }

 private:
  void on_ready(std::uint32_t) override {
    for (int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); fd >= 0;
         fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) {
      peers_.push_back(std::make_unique<Peer>(loop_, *this, fd, tls_.get()));
    }
  }

  Loop loop_;
  TlsContext tls_;
  int fd_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Peer*> named_;
  bool has_gone_ = false;
};

void Peer::on_bytes(std::string_view bytes) {
  const bool is_sound = reader_.feed(bytes, [this](const Frame& frame) {
    if (frame.destination == hello_destination) {
      if (frame.body.size() < sizeof index_) return;
      std::memcpy(&index_, frame.body.data(), sizeof index_);
      relay_.name(index_, this);
      wire_.write(frame.bytes);
    } else if (Peer* to = relay_.find(frame.destination)) {
      to->wire_.write(frame.bytes);
    }
  });
  if (!is_sound) {
    wire_.close();
    on_cut("frame too large");
  }
}

void Peer::on_cut(const std::string&) {
  is_gone_ = true;
  relay_.gone(index_, this);
}

}  // namespace

void append_frame(std::string& out, std::uint32_t destination, std::string_view body) {
  const auto size = static_cast<std::uint32_t>(body.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out.append(reinterpret_cast<const char*>(&destination), sizeof destination);
  out.append(body);
}

bool FrameReader::read(std::string_view bytes, Frame* frame, bool* is_too_large) {
  if (bytes.size() < frame_header_size) return false;
  std::uint32_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof size);
  std::memcpy(&frame->destination, bytes.data() + sizeof size, sizeof frame->destination);
  *is_too_large = size > frame_body_max;
  if (*is_too_large || bytes.size() - frame_header_size < size) return false;
  frame->bytes = bytes.substr(0, frame_header_size + size);
  frame->body = frame->bytes.substr(frame_header_size);
  return true;
}

void serve_relay(unsigned threads) {
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  std::vector<std::unique_ptr<Relay>> relays;
  std::string line = "relay";
  for (unsigned i = 0; i < threads; ++i) {
    relays.push_back(std::make_unique<Relay>());
    line += ' ' + std::to_string(relays.back()->port());
  }
  std::puts(line.c_str());
  std::fflush(stdout);
  for (unsigned i = 1; i < threads; ++i) {
    std::thread([&relays, i] { relays[i]->run(); }).detach();
  }
  relays.front()->run();
}

// Started afresh rather than only forked, so that none of its memory is shared with this process.
RelayProcess::RelayProcess(unsigned threads) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe for the relay");
  const std::string count = std::to_string(threads);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("no process for the relay");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    execl("/proc/self/exe", "hotline-bench", "relay", "serve", "--threads", count.c_str(), nullptr);
    _exit(127);
  }
  ::close(ends[1]);
  std::string line;
  for (char c = 0; read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
  ::close(ends[0]);
  std::istringstream words(line);
  std::string name;
  words >> name;
  for (int port = 0; words >> port;) ports_.push_back(port);
  if (ports_.size() != threads) throw std::runtime_error("the relay did not start");
}

RelayProcess::~RelayProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

}  // namespace hotline::bench

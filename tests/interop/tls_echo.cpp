// tls_echo: a server for the interop plays that sends back what it gets, over the host's own TLS.
//
//   tls_echo own|openssl [--update-every N] [--carry-every N]
//
// It prints its port and serves until its standard input ends. --update-every: it changes its keys, and asks
// the client to, each N times it sent something. --carry-every: each N times it got something, the connection
// is frozen and goes on in another context. To `GET /N` it answers as HTTP, with N bytes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>

#include "net/openssl_heap.h"
#include "net/tls_own_records.h"

namespace {

using namespace hotline;

struct Options {
  bool own_records = true;
  unsigned update_every = 0;
  unsigned carry_every = 0;
};

std::unique_ptr<TlsContext> open_context(const std::string& folder, bool own_records) {
  auto context = TlsContext::open({.state_dir = folder, .domain = "localhost", .own_records = own_records});
  if (!context) {
    std::cerr << context.error().message << "\n";
    std::exit(1);
  }
  return std::move(*context);
}

// One connection, on a thread of its own.
class Echo {
 public:
  Echo(int socket, const Options& options, std::array<TlsContext*, 2> contexts)
      : socket_(socket), options_(options), contexts_(contexts), tls_(contexts[0]->accept("")) {}

  void run() {
    std::array<char, 65536> bytes;
    while (!is_done_ || !unsent_.empty()) {
      pollfd wanted{socket_, static_cast<short>((is_done_ ? 0 : POLLIN) | (unsent_.empty() ? 0 : POLLOUT)),
                    0};
      if (poll(&wanted, 1, 60'000) <= 0) break;
      if ((wanted.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !is_done_) {
        const ssize_t size = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (size == 0 || (size < 0 && errno != EAGAIN)) break;
        if (size > 0) take({bytes.data(), static_cast<std::size_t>(size)});
      }
      if (!unsent_.empty()) {
        const ssize_t sent = send(socket_, unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) break;
        if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
      }
    }
    shutdown(socket_, SHUT_RDWR);
    close(socket_);
  }

 private:
  void take(std::string_view bytes) {
    std::string plain;
    const Tls::State state = tls_->feed(bytes, plain, unsent_);
    if (state == Tls::State::failed) std::cerr << tls_->error() << std::endl;
    if (state == Tls::State::failed) is_done_ = true;
    if (!plain.empty()) answer(plain);
    if (state == Tls::State::peer_closed) end();
    if (options_.carry_every != 0 && ++takes_ % options_.carry_every == 0) carry();
  }

  void answer(std::string_view plain) {
    if (plain.starts_with("GET /")) {
      const std::size_t size = std::strtoull(plain.data() + 5, nullptr, 10);
      std::string body(size, '\0');
      for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 26);
      const std::string head =
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
      tls_->seal(head + body, unsent_);
      return end();
    }
    tls_->seal(plain, unsent_);
    auto* const own = dynamic_cast<OwnRecordsTls*>(tls_.get());
    if (own != nullptr && options_.update_every != 0 && ++answers_ % options_.update_every == 0)
      own->update_keys(unsent_);
  }

  void end() {
    tls_->close(unsent_);
    is_done_ = true;
  }

  void carry() {
    auto frozen = tls_->freeze();
    if (!frozen) return;  // Still shaking hands, ended, or TLS 1.2.
    auto thawed = contexts_.at(++carries_ % 2)->thaw(*frozen);
    if (!thawed) {
      std::cerr << thawed.error().message << std::endl;
      std::abort();
    }
    tls_ = std::move(*thawed);
  }

  const int socket_;
  const Options options_;
  const std::array<TlsContext*, 2> contexts_;
  std::unique_ptr<Tls> tls_;
  std::string unsent_;
  unsigned takes_ = 0;
  unsigned answers_ = 0;
  unsigned carries_ = 0;
  bool is_done_ = false;
};

int listen_on_loopback() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const general = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, general, size) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, general, &size) != 0) {
    std::cerr << "tls_echo: cannot listen: " << std::strerror(errno) << "\n";
    std::exit(1);
  }
  std::cout << ntohs(address.sin_port) << std::endl;
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  if (!wipe_openssl_heap_on_free()) return 1;
  Options options;
  options.own_records = argc > 1 && std::string_view(argv[1]) == "own";
  for (int i = 2; i + 1 < argc; i += 2) {
    const auto value = static_cast<unsigned>(std::atoi(argv[i + 1]));
    (std::string_view(argv[i]) == "--update-every" ? options.update_every : options.carry_every) = value;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "hotline-echo-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const auto first = open_context(folder, options.own_records);
  const auto second = open_context(folder, options.own_records);
  const int listener = listen_on_loopback();
  std::thread([&] {
    for (;;) {
      const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      const int on = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      std::thread([=, &first, &second] {
        Echo(socket, options, {first.get(), second.get()}).run();
      }).detach();
    }
  }).detach();
  while (std::cin.get() != EOF) {
  }
  std::filesystem::remove_all(folder);
  std::_Exit(0);  // Connections that are still open go with it.
}

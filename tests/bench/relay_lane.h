// relay_lane: the clients of the relay.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lane.h"
#include "relay_server.h"
#include "tls.h"
#include "wire.h"

namespace hotline::bench {

class RelayClient final : public Wire::Owner {
 public:
  struct Calls {
    std::function<void()> ready;  // The server has answered the hello.
    std::function<void(std::string_view body)> frame;
    std::function<void(const std::string& reason)> cut;
  };

  RelayClient(Loop& loop, std::uint32_t index, Calls calls)
      : wire_(loop, *this), index_(index), calls_(std::move(calls)) {}

  void connect(int port, SSL_CTX* tls);
  void send(std::uint32_t destination, std::string_view body);
  void close() { wire_.close(); }
  [[nodiscard]] bool is_ready() const { return is_ready_ && wire_.is_open(); }

 private:
  void on_open() override;
  void on_bytes(std::string_view bytes) override;
  void on_cut(const std::string& reason) override { calls_.cut(reason); }

  Wire wire_;
  FrameReader reader_;
  std::uint32_t index_;
  Calls calls_;
  bool is_ready_ = false;
};

class RelayLaneMaker final : public LaneMaker {
 public:
  RelayLaneMaker(std::vector<int> ports, std::size_t body_size)
      : ports_(std::move(ports)), body_size_(body_size), tls_(client_tls(TlsVersion::tls13, "")) {}
  std::unique_ptr<Lane> make(Loop& loop, LaneEvents& events, std::uint32_t lane) override;

 private:
  std::vector<int> ports_;
  std::size_t body_size_;
  TlsContext tls_;
};

}  // namespace hotline::bench

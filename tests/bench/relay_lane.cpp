#include "relay_lane.h"

#include <utility>

namespace hotline::bench {
namespace {

class RelayLane final : public Lane {
 public:
  RelayLane(Loop& loop, LaneEvents& events, std::uint32_t number, int port, std::size_t body_size,
            SSL_CTX* tls)
      : events_(events),
        number_(number),
        port_(port),
        body_size_(body_size),
        tls_(tls),
        sender_(loop, 2 * number, calls()),
        receiver_(loop, 2 * number + 1, calls()) {}

  void open() override {
    sender_.connect(port_, tls_);
    receiver_.connect(port_, tls_);
  }
  void send(const Stamp& stamp) override {
    body_.clear();
    append_body(body_, stamp, body_size_);
    sender_.send(2 * number_ + 1, body_);
  }
  [[nodiscard]] bool takes_messages() const override { return sender_.is_ready() && receiver_.is_ready(); }
  void close() override {
    sender_.close();
    receiver_.close();
  }

 private:
  RelayClient::Calls calls() {
    return {[this] {
              if (takes_messages()) events_.on_lane_ready(number_);
            },
            [this](std::string_view body) {
              if (const auto stamp = read_stamp(body)) events_.on_arrival(number_, *stamp);
            },
            [this](const std::string& reason) { events_.on_lane_cut(number_, reason, true); }};
  }

  LaneEvents& events_;
  std::uint32_t number_;
  int port_;
  std::size_t body_size_;
  SSL_CTX* tls_;
  RelayClient sender_;
  RelayClient receiver_;
  std::string body_;
};

}  // namespace

void RelayClient::connect(int port, SSL_CTX* tls) {
  is_ready_ = false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  wire_.connect(address, tls);
}

void RelayClient::on_open() {
  send(hello_destination, {reinterpret_cast<const char*>(&index_), sizeof index_});
}

void RelayClient::send(std::uint32_t destination, std::string_view body) {
  append_frame(wire_.output(), destination, body);
  wire_.write({});
}

void RelayClient::on_bytes(std::string_view bytes) {
  reader_.feed(bytes, [this](const Frame& frame) {
    if (frame.destination != hello_destination) {
      calls_.frame(frame.body);
    } else {
      is_ready_ = true;
      calls_.ready();
    }
  });
}

std::unique_ptr<Lane> RelayLaneMaker::make(Loop& loop, LaneEvents& events, std::uint32_t lane) {
  return std::make_unique<RelayLane>(loop, events, lane, ports_[lane % ports_.size()], body_size_,
                                     tls_.get());
}

}  // namespace hotline::bench

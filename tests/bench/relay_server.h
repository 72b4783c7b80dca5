// relay: the floor under every figure: fixed frames over TLS from one connection to another, nothing else.
//
// What Hotline costs above it is what it does for the price: XML, addresses, acknowledgements, mailboxes.
// It uses the same OpenSSL in the same way (one write for each turn of the loop and connection, buffers
// released while idle) and runs in its own process, so that its CPU time and memory can be read from
// outside as the host's are.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hotline::bench {

// A frame: size of the body, destination, body; both numbers in native order, since both ends are here.
constexpr std::size_t frame_header_size = 8;
constexpr std::size_t frame_body_max = 1 << 20;
// With this destination the body is the sender's own index; the server sends the frame back as its answer.
constexpr std::uint32_t hello_destination = 0xffffffff;

struct Frame {
  std::uint32_t destination = 0;
  std::string_view body;
  std::string_view bytes;  // The whole frame.
};

void append_frame(std::string& out, std::uint32_t destination, std::string_view body);

// Cuts a stream of bytes into frames. `visit` may keep nothing. False when a frame is over frame_body_max.
class FrameReader {
 public:
  template <typename Visit>
  bool feed(std::string_view bytes, const Visit& visit) {
    if (!partial_.empty()) {
      partial_.append(bytes);
      const std::string whole = std::move(partial_);
      partial_.clear();
      return take(whole, visit);
    }
    return take(bytes, visit);
  }

 private:
  static bool read(std::string_view bytes, Frame* frame, bool* is_too_large);
  template <typename Visit>
  bool take(std::string_view bytes, const Visit& visit) {
    Frame frame;
    bool is_too_large = false;
    while (read(bytes, &frame, &is_too_large)) {
      bytes.remove_prefix(frame.bytes.size());
      visit(frame);
    }
    partial_ = bytes;
    return !is_too_large;
  }

  std::string partial_;
};

// Serves until the process is ended. Prints `relay` and one port for each thread; frames only travel
// between connections to the same port.
[[noreturn]] void serve_relay(unsigned threads);

// The relay as a child process, ended with this object or with this process.
class RelayProcess {
 public:
  explicit RelayProcess(unsigned threads);
  ~RelayProcess();
  RelayProcess(const RelayProcess&) = delete;
  RelayProcess& operator=(const RelayProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::vector<int>& ports() const { return ports_; }

 private:
  pid_t pid_ = -1;
  std::vector<int> ports_;
};

}  // namespace hotline::bench

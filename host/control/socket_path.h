// A unix socket's address of any length.
//
// The kernel takes 107 bytes. A longer path is reached through its directory, opened, by way of
// /proc/self/fd: a state directory may lie as deep as it likes.
#pragma once

#include <string>

#include "base/result.h"

namespace hotline {

class SocketPath {
 public:
  static Result<SocketPath> open(const std::string& path);
  SocketPath(SocketPath&& other) noexcept;
  SocketPath& operator=(SocketPath&&) = delete;
  ~SocketPath();

  // What to bind or connect to, while this object lives.
  const std::string& address() const { return address_; }

 private:
  SocketPath(std::string address, int directory) : address_(std::move(address)), directory_(directory) {}

  std::string address_;
  int directory_;  // -1: the path is short.
};

// A connected socket; the caller closes it. The error is the system's word ("connection refused").
Result<int> connect_unix_socket(const std::string& path);

// A socket at `path`, which is not there yet; only its owner may connect. Nobody can before it listens.
Result<int> bind_unix_socket(const std::string& path);

}  // namespace hotline

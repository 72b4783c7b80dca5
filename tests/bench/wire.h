// Wire: one non-blocking TCP connection, with TLS from the start, from later on, or never.
//
// Client side and relay side both. Belongs to the thread of its loop. Writes are queued and leave at the
// end of the loop's turn. Closing it from inside one of its own callbacks is allowed; destroying is not.
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "loop.h"

namespace hotline::bench {

class Wire final : public Loop::Source {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Connected, and the TLS handshake done where there is one. Again after start_tls().
    virtual void on_open() = 0;
    virtual void on_bytes(std::string_view bytes) = 0;
    // Not called after close().
    virtual void on_cut(const std::string& reason) = 0;
  };

  Wire(Loop& loop, Owner& owner) : loop_(loop), owner_(owner) {}
  ~Wire() override;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // TLS from the start when `context` is not null. Failure comes as on_cut(), also at once.
  // `source` is an address of this machine to come from; its default lets the kernel choose. `resumes`: with
  // the TLS session of the connection before, where the server gave one and `context` is made for it.
  void connect(const sockaddr_in& address, SSL_CTX* context, in_addr source = {}, bool resumes = false);
  // Takes over an accepted socket and does the server's half of TLS.
  void accept(int fd, SSL_CTX* context);
  // STARTTLS: from here on everything is TLS.
  void start_tls(SSL_CTX* context);

  void write(std::string_view bytes);
  // For callers that build in place: append to it, then call write({}).
  std::string& output() { return output_; }
  void flush() override;
  void close();
  // Closes as a lost network would: no farewell, and what was not yet sent is gone.
  void abandon();
  [[nodiscard]] bool is_open() const { return stage_ == Stage::open; }
  // Whether this connection's handshake took an earlier session up.
  [[nodiscard]] bool is_resumed() const { return tls_ != nullptr && SSL_session_reused(tls_) == 1; }
  [[nodiscard]] std::size_t unwritten() const { return output_.size() - written_; }

 private:
  enum class Stage { closed, connecting, handshake, open };

  void on_ready(std::uint32_t events) override;
  static int keep_session(SSL* tls, SSL_SESSION* session);
  void begin_tls(SSL_CTX* context, bool is_server);
  void shake_hands();
  void read_all();
  bool read_some(char* into, std::size_t size, std::size_t* got);
  void want(std::uint32_t events);
  void cut(const std::string& reason);

  Loop& loop_;
  Owner& owner_;
  int fd_ = -1;
  SSL* tls_ = nullptr;
  SSL_SESSION* session_ = nullptr;  // To resume with.
  Stage stage_ = Stage::closed;
  std::uint32_t wanted_ = 0;
  bool is_queued_ = false;
  std::string output_;
  std::size_t written_ = 0;
};

}  // namespace hotline::bench

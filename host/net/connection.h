// Connection: one peer: its link, its TLS if any, its framer, and what is still to be written.
//
//     link -> [tls] -> framer -> Owner           Owner -> out -> flush(): [tls] -> link
//
// What is queued during a turn leaves with one flush() at its end: one TLS record (up to 16 KB), one write.
// An idle connection holds no buffer. While the peer does not take what was sealed, nothing more is sealed;
// and one that does not read what it has asked for is not heard until it does.
//
// Life   opened by its owner; closing once close() was called (input is dropped, output still leaves); gone
//        after Owner::on_gone, its last word. It may be handed to another shard: leave(), then join().
// Threads  its shard's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/slab.h"
#include "net/framer.h"
#include "net/link.h"
#include "net/tls.h"

namespace hotline {

// A connection's state between two turns, for another process. Wiped when it goes: it has keys and plaintext.
struct FrozenConnection {
  FrozenConnection() = default;
  FrozenConnection(FrozenConnection&&) = default;
  FrozenConnection& operator=(FrozenConnection&&) = default;
  ~FrozenConnection();

  std::string tls;  // Tls::freeze(); empty: it has none.
  std::string input, output, unsent;
  std::uint64_t sent_bytes = 0;
  bool is_opened = false, had_partial = false, has_input = false;
  FrozenFramer framer;
};

class Connection final : public LinkEvents, public InSlab<Connection> {
 public:
  // Buffers that all connections of a shard use in turn.
  struct Scratch {
    std::string plain;
    std::string records;
  };

  // Whose it is: the shard's streams. Calls come one at a time; the connection stays valid until on_gone
  // returns.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void begin_turn() = 0;
    virtual void on_input(Connection& connection) = 0;  // Bytes have come, of which nothing was read yet.
    virtual Scratch& scratch() = 0;
    virtual void needs_flush(Connection& connection) = 0;  // Once, until flush().
    virtual void on_open(Connection& connection, StreamHeader header) = 0;
    virtual void on_stanza(Connection& connection, Ref<const Stanza> stanza) = 0;
    virtual void on_line(Connection& connection, std::string_view line) = 0;
    // A request's head, then its body, which may be empty: until it is answered the owner holds the
    // connection.
    virtual void on_request_head(Connection& connection, std::unique_ptr<HttpRequest> request) = 0;
    // Some of a body that the framer was told to give in parts.
    virtual void on_request_part(Connection& connection, std::string part) = 0;
    virtual void on_request_body(Connection& connection, std::string body) = 0;
    virtual void on_partial(Connection& connection, bool has_partial) = 0;  // When that changes.
    virtual void on_peer_close(Connection& connection) = 0;                 // It ended its stream.
    virtual void on_gone(Connection& connection, std::string_view reason) = 0;
  };

  Connection(std::unique_ptr<Link> link, std::unique_ptr<Tls> tls, std::unique_ptr<Framer> framer,
             Owner& owner);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Writing. All of it waits for flush().
  void write_element(std::string_view xml);
  // An element without a `to`, with this one.
  void write_element_to(std::string_view xml, std::string_view to);
  void write_open(std::string_view id, std::string_view from, std::string_view lang);
  void write_line(std::string_view line);
  void write_bytes(std::string_view bytes);  // As they are.
  void touch() { mark(); }                   // Flush it at the end of the turn, though nothing was written.
  void flush();

  // Ends the stream, with a stream error when `condition` is not empty, and closes once that is sent.
  void close(std::string_view condition, std::string_view text);
  // Closes without another word in the stream, at the end of the turn.
  void abandon(std::string_view reason);

  // `xml` leaves in clear, everything the peer sent behind its request is dropped, then TLS begins.
  void start_tls(std::string_view xml, std::unique_ptr<Tls> tls);
  // The peer opens a new stream (after login).
  void restart_stream();

  // Handing over. leave() stops input between two events and keeps what is left of it; at the end of the turn
  // the owner flushes it, takes the link off the loop and gives the object to its new owner, which puts the
  // link on its own loop, sets the parser and calls join(), then go_on() for the input that was left.
  void leave() { is_leaving_ = true; }
  bool is_leaving() const { return is_leaving_; }
  void join(Owner& owner, XmlParser& parser);
  void go_on();

  // For another process, of one that leaves and is off its loop; an error when it cannot be carried (it is
  // closing, its TLS is OpenSSL's, it is HTTP), and then it is as before. Else its TLS is in those bytes from
  // here on, and it must not go on before take_back().
  Result<FrozenConnection> freeze();
  // The hand-over failed: with the TLS that was thawed from the bytes.
  void take_back(std::unique_ptr<Tls> tls) { tls_ = std::move(tls); }
  // One that was frozen; it waits for join() and go_on(). `framer` is new. An error: these bytes are of none.
  static Result<std::unique_ptr<Connection>> thaw(std::unique_ptr<Link> link, std::unique_ptr<Tls> tls,
                                                  std::unique_ptr<Framer> framer,
                                                  const FrozenConnection& frozen);

  // Input waits, in the peer's own socket as far as it can, until release(); what had been read by then goes
  // on behind the next flush, by go_on().
  void hold();
  void release();
  bool has_carried() const { return has_carried_ && !rests() && !is_leaving_ && !is_closing_; }

  bool is_closing() const { return is_closing_; }
  bool is_gone() const { return is_gone_; }
  bool is_opened() const { return is_opened_; }
  std::size_t pending_bytes() const { return out_.size() + unsent_bytes(); }
  // Bytes on the wire: how many were given out so far, those that wait for the link included, and how many of
  // them the peer's TCP has acknowledged. What is not flushed is in neither.
  bool is_flushed() const { return out_.empty(); }
  std::uint64_t sealed_bytes() const { return sent_bytes_ + unsent_bytes(); }
  std::uint64_t arrived_bytes() const { return sent_bytes_ - link_->unacknowledged(); }

  // Without link, TLS and framer.
  HeldBytes held() const;

  Link& link() { return *link_; }
  Tls* tls() { return tls_.get(); }
  Framer& framer() { return *framer_; }

  // What reading from it and writing to it will need (base/prefetch.h): first its parts, then, once they have
  // come, what those have apart.
  void prefetch_parts() const;
  void prefetch_state() const;

  // The owner's own.
  std::uint64_t handle = 0;
  void* stream = nullptr;
  void* session = nullptr;
  std::uint32_t heard_s = 0;  // When something came on it, by its owner's count.

 private:
  Connection(std::unique_ptr<Link> link, std::unique_ptr<Tls> tls, std::unique_ptr<Framer> framer);
  // What few connections have at a time.
  struct Left {
    std::string unsent;    // Records (or plaintext without TLS) that the link did not take.
    std::string carried;   // Input that was left when the connection moved or was held.
    std::string reason;    // Why it is closing.
    bool is_mute = false;  // Some of a record has left and the rest will not: nothing can follow it.
  };

  void on_bytes(std::string_view bytes) override;
  void on_writable() override;
  void on_end(std::string_view reason) override;

  bool rests() const { return is_held_ || is_stuffed_; }
  void rest_while_stuffed();
  void consume(std::string_view plain);
  bool handle_event(FrameEvent& event);  // False: no more input now.
  void write_out();
  void send(std::string_view records);
  void mark();
  void hang_up();
  void gone(std::string_view reason);
  Left& left();
  void drop_left();  // If nothing is in it.
  std::size_t unsent_bytes() const { return left_ == nullptr ? 0 : left_->unsent.size(); }

  std::unique_ptr<Link> link_;
  std::unique_ptr<Tls> tls_;
  std::unique_ptr<Framer> framer_;
  Owner* owner_ = nullptr;  // Null between thaw() and join().
  std::string out_;         // Plaintext that waits for flush().
  std::unique_ptr<Left> left_;
  std::uint64_t sent_bytes_ = 0;
  bool has_carried_ = false;  // Also of no bytes: the framer may have more to say of what it was given.
  bool is_marked_ = false;
  bool is_opened_ = false;
  bool is_closing_ = false;
  bool is_leaving_ = false;
  bool is_held_ = false;
  bool is_stuffed_ = false;  // Too much waits to be taken by its peer: nothing is read.
  bool is_gone_ = false;
  bool is_tls_starting_ = false;  // Input of this turn behind <starttls/> is dropped.
  bool had_partial_ = false;
};

}  // namespace hotline

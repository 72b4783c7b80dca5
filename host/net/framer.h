// Framer: from a connection's plaintext bytes to what they say, and back.
//
// Pull, not push: next() consumes from `input` up to the end of one event, so that the connection can
// stop between any two of them (TLS begins, the stream restarts, the connection moves to another shard
// with the bytes that are left). A framer keeps an unfinished piece in itself and nothing else; an idle
// one holds no buffer.
//
// Threads: one at a time; a framer moves with its connection and is given the shard's parser anew.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/heap_size.h"
#include "base/stanza.h"
#include "net/http_message.h"

namespace hotline {

class XmlParser;  // net/xml_parser.h: one a shard, shared by its framers.

// Bounds on what a peer may send; those before login are smaller.
struct FramerLimits {
  std::uint32_t stanza_bytes_max = 10'000;
  std::uint32_t depth_max = 32;
  std::uint32_t elements_max = 1'000;
  std::uint32_t attributes_max = 64;  // On one element.
  std::uint32_t name_bytes_max = 256;
  std::uint32_t line_bytes_max = 8'192;
  std::uint32_t http_head_bytes_max = 8'192;
  std::uint32_t http_body_bytes_max = 65'536;
};

// What the client said when it opened its stream (<stream:stream> or <open/>).
struct StreamHeader {
  std::string to, from, lang, version;
};

struct FrameEvent {
  enum class Kind {
    need_more,     // All of `input` is consumed; nothing is complete.
    open,          // `header` is set.
    stanza,        // `stanza` is set.
    line,          // `text` is the line, valid until the next call.
    close,         // The peer ended its stream (</stream:stream>, <close/>).
    hang_up,       // It ended what carries the stream, and not the stream (a WebSocket's close frame).
    reply,         // `text` goes to the peer as it is (WebSocket upgrade answer, pong), then go on.
    error,         // `condition` (RFC 6120 4.9.3 name) and `text` say why; the stream must end.
    refused,       // Not this protocol: send `text` as it is (an HTTP error) and close.
    request_head,  // `request` is an HTTP request's head; its body follows.
    request_part,  // `text` is some of a body that is not collected.
    request_body,  // `text` is all of its body, which may be empty; or all parts were given.
  };
  Kind kind = Kind::need_more;
  StreamHeader header;
  Ref<const Stanza> stanza;
  std::unique_ptr<HttpRequest> request;
  std::string text;
  const char* condition = "";
};

// A framer's state between two bytes, for another process. Limits are not in it.
struct FrozenFramer {
  std::string from, lang;    // The stamp.
  std::string declarations;  // XML: of the peer's stream header.
  std::string partial;       // What has come of an unfinished piece.
  bool is_open = false;      // The stream's header has come.
  std::string reader;        // WebSocket: where it is in a frame.
};

class Framer {
 public:
  virtual ~Framer() = default;

  // Consumes from the front of `input`.
  virtual FrameEvent next(std::string_view& input) = 0;

  // The peer's stanzas are stamped with this from now on: `from` replaces whatever it wrote (an own address
  // other than `from` or its bare part is an invalid-from error), `lang` is added where it is absent.
  // An empty `from` stops stamping.
  virtual void stamp(std::string from, std::string lang) = 0;
  virtual void set_limits(const FramerLimits& limits) = 0;
  virtual void set_parser(XmlParser& parser) = 0;
  // A new stream is expected (after TLS or SASL): forgets an unfinished piece.
  virtual void restart() = 0;
  // True while a piece is unfinished (its age is bounded by the connection).
  virtual bool has_partial() const = 0;
  // What next() will read, asked of memory ahead (base/prefetch.h).
  virtual void prefetch_state() const {}
  // Its own object included.
  virtual HeldBytes held() const = 0;
  // False: it cannot be carried (it has ended, or is of no stream).
  virtual bool freeze(FrozenFramer& frozen) const = 0;
  // Of a new one. False: that could not have been frozen.
  virtual bool thaw(const FrozenFramer& frozen) = 0;

  // Appends to `out` what the peer must be sent.
  virtual void write_open(std::string_view id, std::string_view from, std::string_view lang,
                          std::string& out) = 0;
  // One element in canonical bytes, default namespace "jabber:client".
  virtual void write_element(std::string_view xml, std::string& out) = 0;
  virtual void write_line(std::string_view line, std::string& out) = 0;
  // Ends the stream, with a stream error when `condition` is not empty. `opened`: our header was sent.
  virtual void write_close(std::string_view condition, std::string_view text, bool opened,
                           std::string& out) = 0;
};

enum class FramerKind { xml, websocket, lines, http };
std::unique_ptr<Framer> make_framer(FramerKind kind, XmlParser& parser, const FramerLimits& limits);

}  // namespace hotline

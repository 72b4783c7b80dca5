// WebsocketFramer: XMPP over WebSocket (RFC 7395): the HTTP upgrade first, then one element a message.
//
// Each message is one whole parse by the shard's parser: no XML declaration, no second element, nothing in
// front or behind. One that is not whole yet is held to the limits as it comes in. The stream opens and
// closes by elements of its own, <open/> and <close/>.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/framer.h"
#include "net/http_reader.h"
#include "net/splitter.h"
#include "net/stream_end.h"
#include "net/websocket_frame.h"

namespace hotline {

class WebsocketFramer final : public Framer {
 public:
  WebsocketFramer(XmlParser& parser, const FramerLimits& limits);

  FrameEvent next(std::string_view& input) override;
  void stamp(std::string from, std::string lang) override;
  void set_limits(const FramerLimits& limits) override;
  void set_parser(XmlParser& parser) override { parser_ = &parser; }
  // The WebSocket goes on; the next message has to be <open/>.
  void restart() override;
  bool has_partial() const override {
    return !end_.is_over() && ((head_ != nullptr && head_->has_partial()) || reader_.has_partial());
  }
  bool freeze(FrozenFramer& frozen) const override;  // Once it is upgraded.
  bool thaw(const FrozenFramer& frozen) override;
  void write_open(std::string_view id, std::string_view from, std::string_view lang,
                  std::string& out) override;
  void write_element(std::string_view xml, std::string& out) override;
  // Messages are XML: writes nothing.
  void write_line(std::string_view, std::string&) override {}
  // Ends the stream, then the WebSocket. Nothing before the upgrade.
  void write_close(std::string_view condition, std::string_view text, bool opened, std::string& out) override;

 private:
  FrameEvent next_of_head(std::string_view& input);
  bool is_beyond_limit(std::string_view message);
  FrameEvent take_message(std::string_view message);
  FrameEvent take_open(const Stanza& open);
  FrameEvent fail(const char* condition, std::string text);

  XmlParser* parser_;
  FramerLimits limits_;
  WebsocketReader reader_;
  bool is_open_ = false;  // <open/> came.
  StreamEnd end_;
  Splitter watch_{Splitter::Start::element};  // Follows a message as it comes in.
  std::size_t watched_bytes_ = 0;             // Of it.
  bool is_closed_by_peer_ = false;            // By a close frame: no message may follow ours.
  std::unique_ptr<HttpReader> head_;          // Of the HTTP request; nullptr: it is upgraded.
  std::string from_, lang_;                   // The stamp.
};

}  // namespace hotline

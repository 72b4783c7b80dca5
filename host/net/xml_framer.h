// XmlFramer: XMPP's XML stream over TCP and TLS (RFC 6120 4).
//
// The splitter finds each piece, the shard's parser says what it is. A piece that came in one read is parsed
// where it lies; only an unfinished one is copied, and its memory goes when it ends.
#pragma once

#include <string>
#include <string_view>

#include "net/framer.h"
#include "net/splitter.h"
#include "net/stream_end.h"

namespace hotline {

class XmlFramer final : public Framer {
 public:
  XmlFramer(XmlParser& parser, const FramerLimits& limits);

  FrameEvent next(std::string_view& input) override;
  void stamp(std::string from, std::string lang) override;
  void set_limits(const FramerLimits& limits) override;
  void set_parser(XmlParser& parser) override { parser_ = &parser; }
  void restart() override;
  bool has_partial() const override { return !end_.is_over() && splitter_.has_partial(); }
  bool freeze(FrozenFramer& frozen) const override;
  bool thaw(const FrozenFramer& frozen) override;
  void write_open(std::string_view id, std::string_view from, std::string_view lang,
                  std::string& out) override;
  void write_element(std::string_view xml, std::string& out) override { out.append(xml); }
  // A stream of XML has no lines: writes nothing.
  void write_line(std::string_view, std::string&) override {}
  void write_close(std::string_view condition, std::string_view text, bool opened, std::string& out) override;

 private:
  FrameEvent take(Splitter::Found found, std::string_view piece);
  FrameEvent fail(const char* condition, std::string text);

  XmlParser* parser_;
  FramerLimits limits_;
  Splitter splitter_;
  StreamEnd end_;
  std::string partial_;       // The unfinished piece.
  std::string declarations_;  // Of the peer's stream header (XmlParser::Sender).
  std::string from_, lang_;   // The stamp.
};

}  // namespace hotline

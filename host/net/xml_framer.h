// XmlFramer: XMPP's XML stream over TCP and TLS (RFC 6120 4).
//
// The splitter finds each piece, the shard's parser says what it is. A piece that came in one read is parsed
// where it lies; only an unfinished one is copied, and its memory goes when it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/prefetch.h"
#include "base/slab.h"
#include "net/framer.h"
#include "net/splitter.h"
#include "net/stream_end.h"

namespace hotline {

class XmlFramer final : public Framer, public InSlab<XmlFramer> {
 public:
  XmlFramer(XmlParser& parser, const FramerLimits& limits);

  FrameEvent next(std::string_view& input) override;
  void stamp(std::string from, std::string lang) override;
  void set_limits(const FramerLimits& limits) override;
  void set_parser(XmlParser& parser) override { parser_ = &parser; }
  void restart() override;
  bool has_partial() const override { return !end_.is_over() && splitter_.has_partial(); }
  void prefetch_state() const override { prefetch(kept_.get(), from_bytes_ + 1); }
  HeldBytes held() const override {
    return {cell_bytes() + heap_bytes(kept_.get()),
            partial_ == nullptr ? 0 : heap_bytes(partial_.get()) + heap_bytes(*partial_)};
  }
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
  void keep(std::string_view from, std::string_view lang, std::string_view declarations);
  std::string_view from() const { return {kept_.get(), from_bytes_}; }
  std::string_view lang() const { return {kept_.get() + from_bytes_, lang_bytes_}; }
  std::string_view declarations() const {
    return {kept_.get() + from_bytes_ + lang_bytes_, declarations_bytes_};
  }
  FrameEvent fail(const char* condition, std::string text);

  XmlParser* parser_;
  FramerLimits limits_;
  Splitter splitter_;
  StreamEnd end_;
  std::unique_ptr<std::string> partial_;  // The unfinished piece.
  // The stamp, and what the peer's stream header declared (XmlParser::Sender), one behind the other: an idle
  // connection keeps them for as long as it is there.
  std::unique_ptr<char[]> kept_;
  std::uint32_t from_bytes_ = 0, lang_bytes_ = 0, declarations_bytes_ = 0;
};

}  // namespace hotline

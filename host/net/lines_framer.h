// LinesFramer: text lines, ended by LF or CR LF, in UTF-8. For modules that speak something plainer than
// XMPP. The stream is open from the start: the only events are `line` and `error`.
#pragma once

#include <string>
#include <string_view>

#include "net/framer.h"
#include "net/stream_end.h"

namespace hotline {

class LinesFramer final : public Framer {
 public:
  explicit LinesFramer(const FramerLimits& limits) : bytes_max_(limits.line_bytes_max) {}

  FrameEvent next(std::string_view& input) override;
  void stamp(std::string, std::string) override {}  // Lines have no sender.
  void set_limits(const FramerLimits& limits) override { bytes_max_ = limits.line_bytes_max; }
  void set_parser(XmlParser&) override {}
  void restart() override;
  bool has_partial() const override { return !partial_.empty(); }
  bool freeze(FrozenFramer& frozen) const override;
  bool thaw(const FrozenFramer& frozen) override;
  void write_open(std::string_view, std::string_view, std::string_view, std::string&) override {}
  void write_element(std::string_view xml, std::string& out) override { write_line(xml, out); }
  void write_line(std::string_view line, std::string& out) override;
  // "error <condition>: <text>" as the last line, when there is a condition.
  void write_close(std::string_view condition, std::string_view text, bool opened, std::string& out) override;

 private:
  FrameEvent fail(const char* condition, std::string text);

  std::uint32_t bytes_max_;
  StreamEnd end_;
  std::string partial_;
};

}  // namespace hotline

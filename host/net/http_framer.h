// HttpFramer: HTTP/1.1 on a connection: heads and bodies of requests come in, whole responses go out.
//
// One request at a time: its connection reads no further until it is answered (Connection::hold), so what a
// peer sends ahead waits in its own socket. There is no stream: nothing is opened, and XML means nothing
// here.
#pragma once

#include <string>
#include <string_view>

#include "net/framer.h"
#include "net/http_reader.h"

namespace hotline {

class HttpFramer final : public Framer {
 public:
  explicit HttpFramer(const FramerLimits& limits);

  FrameEvent next(std::string_view& input) override;
  void stamp(std::string, std::string) override {}  // Requests have no sender.
  void set_limits(const FramerLimits& limits) override;
  void set_parser(XmlParser&) override {}
  void restart() override {}
  bool has_partial() const override { return reader_.has_partial(); }
  // Requests are no account's: they end where they came.
  bool freeze(FrozenFramer&) const override { return false; }
  bool thaw(const FrozenFramer&) override { return false; }
  void write_open(std::string_view, std::string_view, std::string_view, std::string&) override {}
  void write_element(std::string_view, std::string&) override {}
  void write_line(std::string_view, std::string&) override {}
  // Says why a request that is under way will not be answered; a connection without one ends without a word.
  void write_close(std::string_view condition, std::string_view text, bool opened, std::string& out) override;

  // Between a request's head and its body, which has a length: it comes in parts.
  void stream_body() { reader_.stream_body(); }

  // A request is owed its answer from the moment when its body has come.
  void answered() { is_owed_ = false; }

 private:
  HttpReader reader_;
  bool is_owed_ = false;
};

}  // namespace hotline

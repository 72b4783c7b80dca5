#include "net/http_framer.h"

#include <utility>

namespace hotline {

namespace {

HttpLimits limits_of(const FramerLimits& limits) {
  HttpLimits made;
  made.head_bytes_max = limits.http_head_bytes_max;
  made.body_bytes_max = limits.http_body_bytes_max;
  return made;
}

}  // namespace

HttpFramer::HttpFramer(const FramerLimits& limits) : reader_(limits_of(limits)) {}

void HttpFramer::set_limits(const FramerLimits& limits) {
  reader_.set_limits(limits_of(limits));
}

FrameEvent HttpFramer::next(std::string_view& input) {
  FrameEvent event;
  switch (reader_.next(input)) {
    case HttpReader::Found::need_more: break;
    case HttpReader::Found::head:
      event.kind = FrameEvent::Kind::request_head;
      event.request = std::make_unique<HttpRequest>(std::move(reader_.head()));
      break;
    case HttpReader::Found::part:
      event.kind = FrameEvent::Kind::request_part;
      event.text = reader_.take_part();
      break;
    case HttpReader::Found::body:
      event.kind = FrameEvent::Kind::request_body;
      event.text = reader_.take_body();
      is_owed_ = true;
      break;
    case HttpReader::Found::error:
      event.kind = FrameEvent::Kind::refused;
      append_http_response(event.text, reader_.problem(), HttpEnd::close, false, {});
      break;
  }
  return event;
}

void HttpFramer::write_close(std::string_view condition, std::string_view text, bool, std::string& out) {
  if (condition.empty() || (!has_partial() && !is_owed_)) return;
  const unsigned status = condition == "connection-timeout" ? 408 : 503;
  append_http_response(out, http_problem(status, text), HttpEnd::close, false, {});
}

}  // namespace hotline

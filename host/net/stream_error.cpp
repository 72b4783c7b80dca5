#include "net/stream_error.h"

#include "net/xml_escape.h"

namespace hotline {

void append_stream_error(std::string& out, std::string_view condition, std::string_view text,
                         std::string_view declaration) {
  constexpr std::string_view ns = " xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
  out.append("<stream:error").append(declaration).append("><").append(condition).append(ns).append("/>");
  if (!text.empty()) {
    out.append("<text").append(ns).append(" xml:lang='en'>");
    append_escaped(out, text);
    out.append("</text>");
  }
  out.append("</stream:error>");
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(" ").append(name).append("='");
  append_escaped(out, value);
  out.append("'");
}

}  // namespace hotline

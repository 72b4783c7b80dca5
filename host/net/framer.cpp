#include "net/framer.h"

#include "base/check.h"
#include "net/http_framer.h"
#include "net/lines_framer.h"
#include "net/websocket_framer.h"
#include "net/xml_framer.h"

namespace hotline {

std::unique_ptr<Framer> make_framer(FramerKind kind, XmlParser& parser, const FramerLimits& limits) {
  switch (kind) {
    case FramerKind::xml: return std::make_unique<XmlFramer>(parser, limits);
    case FramerKind::websocket: return std::make_unique<WebsocketFramer>(parser, limits);
    case FramerKind::lines: return std::make_unique<LinesFramer>(limits);
    case FramerKind::http: return std::make_unique<HttpFramer>(limits);
  }
  check(false, "the kind of framer exists");
  return nullptr;
}

}  // namespace hotline

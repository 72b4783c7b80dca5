#include "session/features.h"

#include "session/stream_management.h"
#include "session/wishes.h"

namespace hotline::session {

using namespace hotline::sdk;

namespace {
constexpr std::string_view roster_versioning_ns = "urn:xmpp:features:rosterver";
constexpr std::string_view pre_approval_ns = "urn:xmpp:features:pre-approval";
}  // namespace

std::string Features::after_login(std::string_view account, Stream stream) const {
  Xml xml;
  xml.open("stream:features");
  if (stream == Stream::unbound) {
    xml.empty("bind", bind_ns);
    xml.open("session", legacy_session_ns).empty("optional").close();
  }
  // Where it is on already it is not offered again: XMPP.js would take up its own session.
  if (stream != Stream::managed) xml.empty("sm", sm_ns);
  config_.for_each_feature([&](std::string_view feature) {  // Those that streams advertise as well.
    if (feature == roster_versioning_ns) xml.empty("ver", feature);
    if (feature == pre_approval_ns) xml.empty("sub", feature);
    if (feature == client_state_ns) xml.empty("csi", feature);
  });
  xml.open("pending", pending_ns).attr("count", mailboxes_.count(account)).close();
  return xml.take();
}

bool Features::has(std::string_view feature) const {
  bool is_there = false;
  config_.for_each_feature([&](std::string_view each) { is_there = is_there || each == feature; });
  return is_there;
}

}  // namespace hotline::session

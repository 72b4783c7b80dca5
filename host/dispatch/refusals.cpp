// What the host answers in the place of modules: where none has the route, and where none survived the event.
#include "base/address.h"
#include "dispatch/calls.h"
#include "dispatch/shard.h"
#include "net/xml_escape.h"

namespace hotline {

namespace {

// The stanza's error answer (RFC 6120 8.3), without what it said.
std::string error_for(const Stanza& stanza, const char* type, const char* condition) {
  std::string xml;
  const auto attribute = [&xml](std::string_view name, std::string_view value) {
    if (value.data() == nullptr) return;
    xml.append(" ").append(name).append("='");
    append_escaped(xml, value);
    xml.append("'");
  };
  xml.append("<").append(stanza.name(0));
  attribute("type", "error");
  attribute("id", stanza.attr(0, "id"));
  attribute("from", stanza.attr(0, "to"));
  attribute("to", stanza.attr(0, "from"));
  xml.append("><error type='").append(type).append("'><").append(condition);
  xml.append(" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></").append(stanza.name(0)).append(">");
  return xml;
}

}  // namespace

// What no module answers, the host does, as RFC 6120 8.4 and 4.9.3 have it: requests and messages get an
// error, presence and answers are dropped, anything but login before login ends the stream.
void Calls::refuse(Stream& stream, const Stanza& stanza, const char* type, const char* condition) {
  if (stream.account.empty() || (stream.session == 0 && stanza.kind() != Stanza::Kind::iq)) {
    return stream.connection->close("not-authorized",
                                    stream.account.empty() ? "log in first" : "bind a resource first");
  }
  if (stanza.kind() == Stanza::Kind::nonza)
    return stream.connection->close("unsupported-stanza-type", "nothing here understands this element");
  const std::string_view stanza_type = stanza.attr(0, "type");
  if (stanza_type == "error" || stanza_type == "result" || stanza.kind() == Stanza::Kind::presence) return;
  const std::string xml = error_for(stanza, type, condition);
  Session* session = shard_.sessions.find(stream.session);
  if (session != nullptr) {
    shard_.sessions.send(*session, Buffer::copy(xml));
  } else {
    stream.connection->write_element(xml);
  }
}

// What a disabled module claims: as where nobody has the route, but that clients are not to be cut off for
// what they were told they may say, and that who enters a room learns why nothing comes of it.
void Calls::answer_for_disabled(Stream& stream, const Stanza& stanza) {
  const bool is_bound = stream.session != 0;
  if (is_bound && stanza.kind() == Stanza::Kind::nonza) return;
  const std::string_view to = stanza.attr(0, "to");
  Session* session = is_bound ? shard_.sessions.find(stream.session) : nullptr;
  if (session != nullptr && stanza.kind() == Stanza::Kind::presence && to.data() != nullptr &&
      stanza.attr(0, "type").data() == nullptr)
    return shard_.sessions.send(*session, Buffer::copy(error_for(stanza, "cancel", "service-unavailable")));
  refuse(stream, stanza, "cancel", "service-unavailable");
}

void Calls::bounce(const Stanza& stanza, const char* condition) {
  const std::string_view type = stanza.attr(0, "type"), from = stanza.attr(0, "from");
  const bool wants_answer = stanza.kind() == Stanza::Kind::message || stanza.kind() == Stanza::Kind::iq;
  if (!wants_answer || type == "error" || type == "result" || from.find('/') == std::string_view::npos)
    return;
  Post post;
  post.kind = Post::Kind::at_home;
  post.address(from.substr(0, from.find('/')));
  post.extra = std::make_unique<Post::Extra>();
  post.extra->at_home = [address = std::string(from),
                         xml = Buffer::copy(error_for(stanza, "wait", condition))](Shard& home) {
    const Account* sender = home.accounts.find(bare_of(address));
    if (sender == nullptr) return;
    for (Session* session : sender->sessions)
      if (session->address == address) home.sessions.send(*session, xml);
  };
  shard_.post(std::move(post));
}

}  // namespace hotline

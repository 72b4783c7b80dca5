#include "compose.h"

#include "content.h"

namespace hotline::routing {

namespace {

// Copies name='value' pairs of a canonical start tag, without the attribute `left_out`.
void append_attributes(std::string& out, std::string_view attributes, std::string_view left_out) {
  while (!attributes.empty() && attributes.front() == ' ') {
    const std::size_t equals = attributes.find('=');
    if (equals == std::string_view::npos || equals + 1 >= attributes.size()) return;
    const std::size_t end = attributes.find(attributes[equals + 1], equals + 2);
    if (end == std::string_view::npos) return;
    if (attributes.substr(1, equals - 1) != left_out) out.append(attributes.substr(0, end + 1));
    attributes.remove_prefix(end + 1);
  }
}

// The attributes of a canonical stanza's start tag, each behind a space.
std::string_view attributes_of(const hl_stanza& stanza) {
  const std::string_view xml = sdk::view(stanza.xml);
  std::string_view start = xml.substr(0, xml.size() - stanza.name.size - 3 - stanza.inner.size);
  start.remove_prefix(1 + stanza.name.size);
  start.remove_suffix(1);
  return start;
}

}  // namespace

std::string readdressed(const sdk::Stanzas& stanzas, const hl_stanza& stanza, std::string_view to,
                        std::string_view domain) {
  const std::string_view name = sdk::view(stanza.name);
  const std::string_view start = attributes_of(stanza);
  std::string out;
  out.reserve(stanza.xml.size + to.size() + 16);
  out.append(1, '<').append(name);
  append_attributes(out, start, "to");
  out.append(" to='");
  sdk::append_escaped(out, to);
  out.append("'>");
  for (sdk::Element child = stanzas.root(stanza).first(); child; child = child.next())
    if (!is_forged(child, domain)) out.append(child.xml());
  out.append("</").append(name).append(1, '>');
  return out;
}

std::string without_read_markers(const sdk::Stanzas& stanzas, const hl_stanza& stanza) {
  const std::string_view name = sdk::view(stanza.name);
  std::string out;
  out.reserve(stanza.xml.size);
  out.append(1, '<').append(name).append(attributes_of(stanza)).append(1, '>');
  for (sdk::Element child = stanzas.root(stanza).first(); child; child = child.next())
    if (!is_read_marker(child)) out.append(child.xml());
  return out.append("</").append(name).append(1, '>');
}

std::string with_child(std::string_view xml, std::string_view child) {
  const std::size_t end = xml.rfind("</");
  std::string out;
  out.reserve(xml.size() + child.size());
  out.append(xml.substr(0, end)).append(child).append(xml.substr(end));
  return out;
}

std::string delay_element(std::string_view domain, std::uint64_t stored_wall_ms) {
  std::string out("<delay xmlns='urn:xmpp:delay' from='");
  out.append(domain).append("' stamp='").append(sdk::timestamp(stored_wall_ms)).append("'/>");
  return out;
}

std::string carbon(CarbonKind kind, std::string_view account, std::string_view session_address,
                   std::string_view type, std::string_view message_xml) {
  const std::string_view wrapper = kind == CarbonKind::sent ? "sent" : "received";
  const std::size_t name_end = message_xml.find_first_of(" >");
  std::string message(message_xml.substr(0, name_end));
  message.append(" xmlns='jabber:client'").append(message_xml.substr(name_end));

  sdk::Xml xml;
  xml.open("message").attr("from", account).attr("to", session_address).attr("type", type);
  xml.open(wrapper, "urn:xmpp:carbons:2").open("forwarded", "urn:xmpp:forward:0").raw(message);
  return xml.take();
}

}  // namespace hotline::routing

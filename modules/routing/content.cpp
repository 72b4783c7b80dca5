#include "content.h"

namespace hotline::routing {

namespace {

constexpr std::string_view ns_client = "jabber:client";
constexpr std::string_view ns_receipts = "urn:xmpp:receipts";
constexpr std::string_view ns_markers = "urn:xmpp:chat-markers:0";
constexpr std::string_view ns_hints = "urn:xmpp:hints";
constexpr std::string_view ns_delay = "urn:xmpp:delay";
constexpr std::string_view ns_stanza_id = "urn:xmpp:sid:0";
constexpr std::string_view ns_room = "http://jabber.org/protocol/muc#user";
constexpr std::string_view ns_chat_states = "http://jabber.org/protocol/chatstates";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Whether an address, as a client wrote it, is of this domain.
bool is_of_domain(std::string_view address, std::string_view domain) {
  address = address.substr(0, address.find('/'));
  const std::size_t at = address.find('@');
  if (at != std::string_view::npos) address.remove_prefix(at + 1);
  if (address.size() != domain.size()) return false;
  for (std::size_t i = 0; i < domain.size(); ++i)
    if (lower(address[i]) != domain[i]) return false;
  return true;
}

void read_hint(std::string_view name, Content& content) {
  if (name == "no-store") content.is_no_store = true;
  if (name == "no-copy") content.is_private = true;
  if (name == "store") content.is_store = true;
  // About archives alone: a mailbox keeps until delivery only.
  if (name == "no-permanent-store") content.is_no_archive = true;
}

void read_receipt(const sdk::Element& child, Content& content) {
  if (child.name() == "request") {
    content.has_receipt_request = true;
  } else if (child.name() == "received") {
    content.has_answer = true;
    content.received_id = child.attr("id");
  }
}

void read_marker(const sdk::Element& child, Content& content) {
  if (child.name() != "markable") content.has_answer = true;
  if (is_read_marker(child)) content.has_read_marker = true;
}

void read_child(const sdk::Element& child, std::string_view domain, Content& content) {
  const std::string_view ns = child.ns();
  if (ns == ns_client) {
    const std::string_view name = child.name();
    if (name == "body" && !child.text().empty()) {
      content.has_body = true;
    } else if (name != "thread") {
      content.has_payload = true;
    }
  } else if (ns == ns_receipts) {
    read_receipt(child, content);
  } else if (ns == ns_chat_states) {
    content.has_chat_state = true;
  } else if (ns == ns_markers) {
    read_marker(child, content);
  } else if (ns == ns_hints) {
    read_hint(child.name(), content);
  } else if (ns == ns_carbons) {
    (child.name() == "private" ? content.is_private : content.has_carbon) = true;
  } else if (ns == ns_stanza_id || ns == ns_delay) {
    if (is_forged(child, domain)) content.has_forgery = true;
  } else {
    if (ns == ns_room) content.is_from_room = true;
    content.has_payload = true;
  }
}

}  // namespace

bool is_read_marker(const sdk::Element& child) {
  return child.is("displayed", ns_markers) || child.is("acknowledged", ns_markers);
}

bool is_forged(const sdk::Element& child, std::string_view domain) {
  if (child.is("stanza-id", ns_stanza_id)) return is_of_domain(child.attr("by"), domain);
  return child.is("delay", ns_delay) && is_of_domain(child.attr("from"), domain);
}

Content Content::read(const sdk::Stanzas& stanzas, const hl_stanza& message, std::string_view domain) {
  Content content;
  for (sdk::Element child = stanzas.root(message).first(); child; child = child.next())
    read_child(child, domain, content);
  return content;
}

}  // namespace hotline::routing

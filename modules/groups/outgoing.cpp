#include "outgoing.h"

#include "privacy/blocked.h"
#include "words.h"

namespace hotline::groups {

namespace {

// XEP-0045 has the room's element in errors about presence, and clients know by it what they are about.
std::string of_room(const hl_stanza& stanza, std::string error) {
  if (stanza.kind == HL_STANZA_PRESENCE)
    error.insert(error.find("<error "), "<x xmlns='http://jabber.org/protocol/muc'/>");
  return error;
}

}  // namespace

std::string error_of(const hl_stanza& stanza, const Refusal& why) {
  return of_room(stanza, sdk::stanza_error(stanza, why.type, why.condition, why.text));
}

std::string blocked_error_of(const hl_stanza& stanza) {
  return of_room(stanza, blocking::blocked_error(stanza));
}

void Outgoing::answer(const hl_stanza& iq, std::string_view inner) const {
  const std::string_view from = sdk::view(iq.from);
  give(bare(from), resource(from), sdk::iq_result(iq, inner));
}

void Outgoing::refuse(const hl_stanza& stanza, const Refusal& why) const {
  if (!sdk::is_answerable(stanza)) return;
  const std::string_view from = sdk::view(stanza.from);
  give(bare(from), resource(from), error_of(stanza, why));
}

void Outgoing::give(std::string_view account, std::string_view resource, std::string_view xml) const {
  tell(account, topic::give, fields({resource, xml}));
}

void Outgoing::entered(std::string_view account, std::string_view resource, std::string_view room,
                       const std::vector<std::string>& stanzas) const {
  std::string bytes = fields({resource, room});
  for (const std::string& xml : stanzas) bytes.append(1, field_end).append(xml);
  tell(account, topic::entered, bytes);
}

void Outgoing::departed(std::string_view account, std::string_view resource, std::string_view room,
                        std::string_view xml) const {
  tell(account, topic::departed, fields({resource, room, xml}));
}

sdk::Status Outgoing::spread(const Accounts& staying, const Accounts& others, std::string_view xml) const {
  if (staying.empty() && others.empty()) return HL_OK;
  const hl_stanza* stanza = stanzas_.parse(xml);
  if (stanza == nullptr) return HL_E_INVALID;
  const auto fan_out = [&](const Accounts& accounts, std::uint32_t topic) {
    std::vector<hl_str> strs;
    strs.reserve(accounts.size());
    for (const std::string_view account : accounts) strs.push_back(sdk::str(account));
    return strs.empty() ? HL_OK : posts_.fan_out(strs, topic, *stanza);
  };
  if (const sdk::Status status = fan_out(staying, topic::copy); status != HL_OK) return status;
  // What is live only is no promise: those who stay have theirs.
  const sdk::Status status = fan_out(others, topic::live);
  return staying.empty() ? status : HL_OK;
}

sdk::Status Outgoing::route(std::string_view account, std::string_view xml) const {
  const hl_stanza* stanza = stanzas_.parse(xml);
  if (stanza == nullptr) return HL_E_INVALID;
  return posts_.stanza(account, topic::invitation, *stanza);
}

}  // namespace hotline::groups

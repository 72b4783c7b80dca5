#include "availability.h"

#include <algorithm>

#include "session_fields.h"

namespace hotline::presence {

namespace {

constexpr std::uint64_t directed_max = 1000;  // Of one account: each is a row until its session goes.

std::string full(std::string_view account, std::string_view resource) {
  return std::string(account).append(1, '/').append(resource);
}
std::string_view stanza_of(std::string_view value) {
  return value.substr(std::min(value.find('\n') + 1, value.size()));
}

}  // namespace

Availability::Availability(const hl_host* host, const Roster& roster, const blocking::Blocked& blocked)
    : roster_(roster),
      blocked_(blocked),
      sessions_(host),
      posts_(host),
      mailboxes_(host),
      photo_(host),
      presence_(sdk::Tables(host).open("presence")),
      directed_(sdk::Tables(host).open("directed")),
      priority_(sessions_.field(session_fields::priority)),
      client_state_(sessions_.field(session_fields::client_state)) {}

std::string addressed(std::string_view xml, std::string_view to) {
  constexpr std::string_view head = "<presence";
  std::string out(head);
  out.reserve(xml.size() + to.size() + 6);
  out.append(" to='");
  sdk::append_escaped(out, to);
  return out.append(1, '\'').append(xml.substr(head.size()));
}

std::string unavailable_from(std::string_view from) {
  sdk::Xml xml;
  return xml.open("presence").attr("from", from).attr("type", "unavailable").take();
}

// Presence is said again at the next change: what does not fit into a full home is not worth an error.
void Availability::post(std::string_view to, std::uint32_t topic, const Word& word) const {
  static_cast<void>(posts_.bytes(to, topic, word.encode()));
}

bool Availability::is_available(hl_session session) const {
  return session_fields::is_available(priority_.get(session));
}

bool Availability::owns(std::string_view value, hl_session session) const {
  return value.substr(0, value.find('\n')) == std::to_string(session);
}

void Availability::send_to_available(std::string_view account, std::string_view sender,
                                     std::string_view xml) const {
  sessions_.for_each(account, [&](hl_session session) {
    if (is_available(session)) give(account, session, sender, xml);
  });
}

// A session that has once been inactive gets all of it by way of routing, so that nothing overtakes what
// waits there. Where routing takes no posts nothing waits.
void Availability::give(std::string_view account, hl_session session, std::string_view sender,
                        std::string_view xml) const {
  if (client_state_.get(session) != 0) {
    std::string bytes = std::to_string(session).append(1, '\n');
    bytes.append(sender).append(1, '\n').append(xml);
    if (posts_.to_module("routing", account, routing_topic_presence, bytes) == HL_OK) return;
  }
  sessions_.send(session, xml);
}

sdk::Status Availability::available(std::string_view account, hl_session session, std::string_view xml,
                                    int priority, Change* change) const {
  const std::optional<hl_session_info> info = sessions_.info(session);
  if (!info) return HL_E_GONE;
  const std::string address(sdk::view(info->address));
  const std::string resource(sdk::view(info->resource));
  const std::int64_t before = priority_.get(session);
  if (presence_.put(account, resource, std::to_string(session).append(1, '\n').append(xml)) != HL_OK)
    return HL_E_FULL;
  priority_.set(session, session_fields::encode_priority(priority));
  *change = session_fields::is_available(before) ? Change::update : Change::initial;

  const std::string shown = photo_.stamped(account, xml);
  tell_subscribers(account, address, shown);
  send_to_available(account, address, addressed(shown, account));  // 4.2.2: this session, too.
  if (*change == Change::initial) {
    for (auto row = presence_.next(account, {}); row; row = presence_.next(account, row->key))
      if (row->key != resource)
        sessions_.send(session, addressed(photo_.stamped(account, stanza_of(row->value)), account));
    roster_.for_each(account, [&](std::string_view contact, std::string_view row) {
      if (has_to(state_of_row(row)) && !blocked_.covers(account, contact)) probe(account, resource, contact);
    });
  }
  if (priority >= 0 && !session_fields::takes_bare_messages(before)) mailboxes_.drain(session);
  return HL_OK;
}

void Availability::tell_subscribers(std::string_view account, std::string_view from,
                                    std::string_view xml) const {
  roster_.for_each(account, [&](std::string_view contact, std::string_view row) {
    if (has_from(state_of_row(row)) && !blocked_.covers(account, contact))
      post(contact, topic::broadcast, {from, {}, addressed(xml, contact)});
  });
}

void Availability::unavailable(std::string_view account, hl_session session, std::string_view resource,
                               std::string_view xml) const {
  const std::optional<std::string_view> row = presence_.get(account, resource);
  const bool was_available = row && owns(*row, session);
  if (was_available) {
    presence_.erase(account, resource);
    tell_subscribers(account, full(account, resource), xml);
    send_to_available(account, full(account, resource), addressed(xml, account));
    priority_.set(session, 0);
  }
  take_back_directed(account, session, resource, was_available);
}

void Availability::ended(std::string_view account, hl_session session, std::string_view resource) const {
  unavailable(account, session, resource, unavailable_from(full(account, resource)));
}

// 4.6.3: the addresses that were told of this session alone. Those that are subscribed know already when the
// presence was broadcast.
void Availability::take_back_directed(std::string_view account, hl_session session, std::string_view resource,
                                      bool subscribers_know) const {
  const std::string prefix = std::string(resource).append(1, '\n');
  const std::string gone = unavailable_from(full(account, resource));
  std::string key = prefix;
  for (auto row = directed_.next(account, key); row && row->key.starts_with(prefix);
       row = directed_.next(account, key)) {
    key = row->key;
    if (!owns(row->value, session)) continue;
    const std::string_view to = std::string_view(key).substr(prefix.size());
    const std::string_view contact = bare(to);
    if (!subscribers_know || !has_from(roster_.state(account, contact))) {
      const std::string_view to_resource = to.size() > contact.size() ? to.substr(contact.size() + 1) : "";
      post(contact, topic::directed, {full(account, resource), to_resource, addressed(gone, to)});
    }
    directed_.erase(account, key);
  }
}

sdk::Status Availability::direct(std::string_view account, hl_session session, std::string_view to,
                                 const hl_stanza& presence) const {
  const std::optional<hl_session_info> info = sessions_.info(session);
  if (!info) return HL_E_GONE;
  const std::string key = std::string(sdk::view(info->resource)).append(1, '\n').append(to);
  if (sdk::view(presence.type) == "unavailable") {
    directed_.erase(account, key);
  } else if (sdk::is_absent(presence.type)) {
    const bool is_known = directed_.get(account, key).has_value();
    if (!is_known && directed_.count(account) >= directed_max) return HL_E_FULL;
    if (directed_.put(account, key, std::to_string(session)) != HL_OK) return HL_E_FULL;
  }
  const std::string_view contact = bare(to);
  const std::string_view resource = to.size() > contact.size() ? to.substr(contact.size() + 1) : "";
  const std::string shown = sdk::is_absent(presence.type) ? photo_.stamped(account, sdk::view(presence.xml))
                                                          : std::string(sdk::view(presence.xml));
  return posts_.bytes(contact, topic::directed, Word{sdk::view(presence.from), resource, shown}.encode());
}

void Availability::show_to(std::string_view account, std::string_view contact) const {
  for (auto row = presence_.next(account, {}); row; row = presence_.next(account, row->key))
    post(contact, topic::broadcast,
         {full(account, row->key), {}, addressed(photo_.stamped(account, stanza_of(row->value)), contact)});
}

void Availability::show_again(std::string_view account) const {
  for (auto row = presence_.next(account, {}); row; row = presence_.next(account, row->key)) {
    const std::string from = full(account, row->key);
    const std::string shown = photo_.stamped(account, stanza_of(row->value));
    tell_subscribers(account, from, shown);
    send_to_available(account, from, addressed(shown, account));
  }
}

// Directed, since by the time it arrives the contact may be no longer subscribed, and is to be told all the
// same.
void Availability::hide_from(std::string_view account, std::string_view contact) const {
  for (auto row = presence_.next(account, {}); row; row = presence_.next(account, row->key)) {
    const std::string from = full(account, row->key);
    post(contact, topic::directed, {from, {}, addressed(unavailable_from(from), contact)});
  }
}

// A contact that may see the account, or that a session has shown itself to. `listed` may be a domain.
void Availability::block(std::string_view account, std::string_view listed) const {
  roster_.for_each(account, [&](std::string_view contact, std::string_view row) {
    if (has_from(state_of_row(row)) && blocking::Blocked::matches(listed, contact))
      hide_from(account, contact);
  });
  std::string key;
  for (auto row = directed_.next(account, {}); row; row = directed_.next(account, key)) {
    key = row->key;
    const std::size_t end = key.find('\n');
    const std::string_view to = std::string_view(key).substr(end + 1);
    if (!blocking::Blocked::matches(listed, to)) continue;
    const std::string_view contact = bare(to);
    const std::string from = full(account, std::string_view(key).substr(0, end));
    const std::string_view resource = to.size() > contact.size() ? to.substr(contact.size() + 1) : "";
    post(contact, topic::directed, {from, resource, addressed(unavailable_from(from), to)});
    directed_.erase(account, key);
  }
}

void Availability::unblock(std::string_view account, std::string_view listed) const {
  roster_.for_each(account, [&](std::string_view contact, std::string_view row) {
    const State state = state_of_row(row);
    // Another line of the list may still cover the contact.
    if (!blocking::Blocked::matches(listed, contact) || blocked_.covers(account, contact)) return;
    if (has_from(state)) show_to(account, contact);
    if (!has_to(state)) return;
    for (auto there = presence_.next(account, {}); there; there = presence_.next(account, there->key))
      probe(account, there->key, contact);
  });
}

void Availability::probe(std::string_view account, std::string_view resource,
                         std::string_view contact) const {
  post(contact, topic::probe, {account, resource, {}});
}

void Availability::on_broadcast(std::string_view account, const Word& word) const {
  if (has_to(roster_.state(account, bare(word.from)))) send_to_available(account, word.from, word.xml);
}

void Availability::on_directed(std::string_view account, const Word& word) const {
  if (word.detail.empty()) return send_to_available(account, word.from, word.xml);
  if (const hl_session session = sessions_.find(account, word.detail))
    give(account, session, word.from, word.xml);
}

// 4.3.2. The answer goes to the session that asked.
void Availability::on_probe(std::string_view account, const Word& word) const {
  if (!has_from(roster_.state(account, word.from))) {
    // Its roster says that it may see us, and it may not: this puts it right.
    sdk::Xml xml;
    xml.open("presence").attr("from", account).attr("to", word.from).attr("type", "unsubscribed");
    post(word.from, topic::request, {account, "unsubscribed", xml.take()});
    return;
  }
  bool is_there = false;
  for (auto row = presence_.next(account, {}); row; row = presence_.next(account, row->key)) {
    is_there = true;
    post(word.from, topic::directed,
         {full(account, row->key), word.detail,
          addressed(photo_.stamped(account, stanza_of(row->value)), word.from)});
  }
  if (!is_there)
    post(word.from, topic::directed, {account, word.detail, addressed(unavailable_from(account), word.from)});
}

}  // namespace hotline::presence

#include "roster_queries.h"

#include <algorithm>

#include "session_fields.h"

namespace hotline::presence {

namespace {
constexpr std::size_t name_size_max = 1023;  // Bytes of a contact's name, or of a group's.
constexpr std::size_t groups_max = 50;
}  // namespace

RosterQueries::RosterQueries(const hl_host* host, const Roster& roster, const Subscriptions& subscriptions)
    : roster_(roster),
      subscriptions_(subscriptions),
      sessions_(host),
      stanzas_(host),
      crypto_(host),
      is_interested_(sessions_.field(session_fields::roster)) {}

sdk::Status RosterQueries::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  const sdk::Element query = stanzas_.payload(iq);
  if (!query.is("query", "jabber:iq:roster")) return HL_E_NONE;
  const std::string_view type = sdk::view(iq.type);
  if (type == "get") {
    get(event, query);
    return HL_OK;
  }
  if (type != "set") return HL_E_NONE;
  const std::optional<Refusal> refusal = set(sdk::view(event.account), query);
  sessions_.send(event.session, refusal
                                    ? sdk::stanza_error(iq, refusal->type, refusal->condition, refusal->text)
                                    : sdk::iq_result(iq));
  return HL_OK;
}

// 2.1.3 and 2.6.2. A version that is not the present one gets the whole roster: what was removed since is not
// kept.
void RosterQueries::get(const hl_stanza_event& event, const sdk::Element& query) const {
  const std::string_view account = sdk::view(event.account);
  is_interested_.set(event.session, 1);
  const std::string version = roster_.version(account);
  const std::string_view known = query.attr("ver");
  if (!sdk::is_absent(known) && known == version) {
    sessions_.send(event.session, sdk::iq_result(*event.stanza));
    return;
  }
  sdk::Xml xml;
  xml.open("query", "jabber:iq:roster").attr("ver", version);
  roster_.for_each(account, [&](std::string_view contact, std::string_view row) {
    const std::optional<RosterItem> item = RosterItem::decode(row);
    if (item && item->is_listed) Roster::append_item(xml, contact, *item);
  });
  sessions_.send(event.session, sdk::iq_result(*event.stanza, xml.take()));
}

std::optional<RosterQueries::Refusal> RosterQueries::set(std::string_view account,
                                                         const sdk::Element& query) const {
  const sdk::Element item = query.first();
  if (!item || !item.is("item", "jabber:iq:roster") || item.next())
    return Refusal{"modify", "bad-request", "a roster set has exactly one item"};
  const std::string_view jid = item.attr("jid");
  if (jid.empty()) return Refusal{"modify", "bad-request", "the item has no jid"};
  const std::optional<std::string> contact = crypto_.prepare_jid(jid);
  if (!contact) return Refusal{"modify", "jid-malformed", {}};
  if (contact->find('/') != std::string::npos)
    return Refusal{"modify", "bad-request", "a contact is a bare address"};
  if (*contact == account) return Refusal{"cancel", "not-allowed", "one is not one's own contact"};
  return item.attr("subscription") == "remove" ? remove(account, *contact) : change(account, *contact, item);
}

// 2.3 and 2.4. The subscription is not the client's to set.
std::optional<RosterQueries::Refusal> RosterQueries::change(std::string_view account,
                                                            const std::string& contact,
                                                            const sdk::Element& element) const {
  RosterItem item = roster_.find(account, contact).value_or(RosterItem{});
  item.is_listed = true;
  item.name = element.attr("name");
  item.groups.clear();
  if (item.name.size() > name_size_max)
    return Refusal{"modify", "not-acceptable", "the name is above 1023 bytes"};
  for (sdk::Element group = element.first(); group; group = group.next()) {
    if (!group.is("group", "jabber:iq:roster")) continue;
    const std::string_view name = group.text();
    if (name.empty() || name.size() > name_size_max)
      return Refusal{"modify", "not-acceptable", "a group has a name of 1 to 1023 bytes"};
    if (std::find(item.groups.begin(), item.groups.end(), name) != item.groups.end())
      return Refusal{"modify", "bad-request", "a group is named twice"};
    if (item.groups.size() == groups_max)
      return Refusal{"modify", "not-acceptable", "a contact is in 50 groups at most"};
    item.groups.emplace_back(name);
  }
  if (roster_.put(account, contact, item) != HL_OK)
    return Refusal{"wait", "resource-constraint", "the roster is full: remove a contact first"};
  roster_.push(account, contact, &item);
  return std::nullopt;
}

std::optional<RosterQueries::Refusal> RosterQueries::remove(std::string_view account,
                                                            const std::string& contact) const {
  const std::optional<RosterItem> item = roster_.find(account, contact);
  if (!item || !item->is_listed) return Refusal{"cancel", "item-not-found", {}};
  if (subscriptions_.cancel(account, contact, item->state) != HL_OK)
    return Refusal{"wait", "resource-constraint", "the server is overloaded: try again later"};
  roster_.erase(account, contact);
  roster_.push(account, contact, nullptr);
  return std::nullopt;
}

}  // namespace hotline::presence

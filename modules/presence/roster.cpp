#include "roster.h"

#include <charconv>

#include "session_fields.h"

namespace hotline::presence {

namespace {
constexpr std::string_view version_key = "";
constexpr std::int64_t roster_items_max = 5000;  // Configurable; the host has a limit of its own above it.
// Of keys and rows together: whoever asks gets all of them in one answer, in which a byte may become six.
constexpr std::int64_t roster_bytes_max = 1 << 20;
}  // namespace

Roster::Roster(const hl_host* host)
    : table_(sdk::Tables(host).open("roster")),
      sessions_(host),
      clock_(host),
      is_interested_(sessions_.field(session_fields::roster)),
      items_max_(sdk::Config(host).number("roster_items_max", roster_items_max)),
      bytes_max_(static_cast<std::size_t>(sdk::Config(host).number("roster_bytes_max", roster_bytes_max))) {}

std::optional<RosterItem> Roster::find(std::string_view account, std::string_view contact) const {
  const std::optional<std::string_view> row = table_.get(account, contact);
  return row ? RosterItem::decode(*row) : std::nullopt;
}

State Roster::state(std::string_view account, std::string_view contact) const {
  const std::optional<std::string_view> row = table_.get(account, contact);
  return row ? state_of_row(*row) : State::none;
}

sdk::Status Roster::put(std::string_view account, std::string_view contact, const RosterItem& item,
                        By by) const {
  if (item.means_nothing()) {
    table_.erase(account, contact);
    return HL_OK;
  }
  const std::string row = item.encode();
  const std::optional<std::string_view> before = table_.get(account, contact);
  if (!before && static_cast<std::int64_t>(table_.count(account)) > items_max_) return HL_E_FULL;
  if (!before || row.size() > before->size()) {
    std::size_t bytes = row.size() + contact.size();
    for_each(account, [&](std::string_view other, std::string_view others) {
      if (other != contact) bytes += other.size() + others.size();
    });
    if (bytes > (by == By::owner ? bytes_max_ : bytes_max_ / 2)) return HL_E_FULL;
  }
  return table_.put(account, contact, row);
}

void Roster::erase(std::string_view account, std::string_view contact) const {
  table_.erase(account, contact);
}

void Roster::erase_all(std::string_view account) const {
  for (auto row = table_.next(account, {}); row; row = table_.next(account, {}))
    table_.erase(account, std::string(row->key));
}

std::string Roster::version(std::string_view account) const {
  return std::string(table_.get(account, version_key).value_or("0"));
}

void Roster::push(std::string_view account, std::string_view contact, const RosterItem* item) const {
  const std::string before = version(account);
  std::uint64_t number = 0;
  std::from_chars(before.data(), before.data() + before.size(), number);
  const std::string now = std::to_string(number == 0 ? clock_.wall_ms() : number + 1);
  // Full only when the very first row does not fit, and then there was no change to tell of.
  if (table_.put(account, version_key, now) != HL_OK) return;

  sdk::Xml query;
  query.open("query", "jabber:iq:roster").attr("ver", now);
  if (item != nullptr && item->is_listed) {
    append_item(query, contact, *item);
  } else {
    query.open("item").attr("jid", contact).attr("subscription", "remove").close();
  }
  const std::string inner = query.take();
  sessions_.for_each(account, [&](hl_session session) {
    if (is_interested_.get(session) == 0) return;
    const std::optional<hl_session_info> info = sessions_.info(session);
    if (!info) return;
    sdk::Xml iq;
    iq.open("iq").attr("to", info->address).attr("id", "push-" + now).attr("type", "set").raw(inner);
    sessions_.send(session, iq.take());
  });
}

void Roster::append_item(sdk::Xml& xml, std::string_view contact, const RosterItem& item) {
  xml.open("item").attr("jid", contact);
  if (!item.name.empty()) xml.attr("name", item.name);
  xml.attr("subscription", subscription_text(item.state));
  if (is_pending_out(item.state)) xml.attr("ask", "subscribe");
  if (item.is_approved) xml.attr("approved", "true");
  for (const std::string& group : item.groups) xml.leaf("group", group);
  xml.close();
}

}  // namespace hotline::presence

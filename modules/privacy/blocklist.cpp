#include "blocklist.h"

#include <algorithm>

#include "blocked.h"
#include "presence/session_fields.h"

namespace hotline::privacy {

namespace {

constexpr std::string_view ns = "urn:xmpp:blocking";
constexpr std::int64_t blocked_max = 1000;  // Configurable; the host has a limit of its own above it.
constexpr std::size_t push_id_bytes = 8;

void append_items(sdk::Xml& xml, const std::set<std::string>& addresses) {
  for (const std::string& address : addresses) xml.open("item").attr("jid", address).close();
}

}  // namespace

Blocklist::Blocklist(const hl_host* host)
    : sessions_(host),
      stanzas_(host),
      posts_(host),
      crypto_(host),
      random_(host),
      rows_(sdk::Tables(host).open(blocking::table_name)),
      is_interested_(sessions_.field(session_fields::blocklist)),
      blocked_max_(static_cast<std::uint64_t>(
          std::max<std::int64_t>(sdk::Config(host).number("blocked_max", blocked_max), 0))) {}

sdk::Status Blocklist::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  const sdk::Element wish = stanzas_.payload(iq);
  const std::string_view type = sdk::view(iq.type);
  if (type == "get" && wish.is("blocklist", ns)) {
    is_interested_.set(event.session, 1);
    sessions_.send(event.session, sdk::iq_result(iq, list(event)));
    return HL_OK;
  }
  if (type != "set" || (!wish.is("block", ns) && !wish.is("unblock", ns))) return HL_E_NONE;
  const std::optional<Refusal> refusal = change(sdk::view(event.account), wish);
  sessions_.send(event.session, refusal
                                    ? sdk::stanza_error(iq, refusal->type, refusal->condition, refusal->text)
                                    : sdk::iq_result(iq));
  return HL_OK;
}

std::string Blocklist::list(const hl_stanza_event& event) const {
  const std::string_view account = sdk::view(event.account);
  sdk::Xml xml;
  xml.open("blocklist", ns);
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, row->key))
    xml.open("item").attr("jid", row->key).close();
  return xml.take();
}

std::optional<Refusal> Blocklist::change(std::string_view account, const sdk::Element& wish) const {
  Addresses addresses;
  if (std::optional<Refusal> refusal = read(account, wish, addresses)) return refusal;
  if (wish.name() == "block") {
    if (addresses.empty()) return Refusal{"modify", "bad-request", "a block names at least one item"};
    return block(account, addresses);
  }
  return unblock(account, addresses);
}

std::optional<Refusal> Blocklist::read(std::string_view account, const sdk::Element& wish,
                                       Addresses& out) const {
  for (sdk::Element item = wish.first(); item; item = item.next()) {
    if (!item.is("item", ns)) continue;
    if (item.attr("jid").empty()) return Refusal{"modify", "bad-request", "an item has no jid"};
    std::optional<std::string> address = crypto_.prepare_jid(item.attr("jid"));
    if (!address) return Refusal{"modify", "jid-malformed"};
    if (bare(*address) == account) return Refusal{"cancel", "not-allowed", "nobody blocks themselves"};
    out.insert(std::move(*address));
    if (out.size() > blocked_max_) break;  // Too many whatever comes.
  }
  return std::nullopt;
}

std::optional<Refusal> Blocklist::block(std::string_view account, const Addresses& addresses) const {
  Addresses fresh;
  for (const std::string& address : addresses)
    if (!rows_.get(account, address)) fresh.insert(address);
  const Refusal full{"wait", "resource-constraint",
                     "a blocklist has " + std::to_string(blocked_max_) +
                         " lines at most: unblock somebody, or block a domain"};
  if (rows_.count(account) + fresh.size() > blocked_max_) return full;
  if (!tell_presence(account, topic::presence_blocked, fresh))
    return Refusal{"wait", "resource-constraint", "the server is overloaded: try again later"};
  // They fit, unless the host was configured for less. Then the call fails, and nothing of it happens.
  for (const std::string& address : fresh) sdk::require(rows_.put(account, address, ""), "blocked.put");
  push(account, "block", addresses);
  return std::nullopt;
}

// Without addresses: all of them.
std::optional<Refusal> Blocklist::unblock(std::string_view account, const Addresses& addresses) const {
  Addresses gone;
  if (addresses.empty()) {
    for (auto row = rows_.next(account, {}); row; row = rows_.next(account, row->key)) gone.emplace(row->key);
  } else {
    for (const std::string& address : addresses)
      if (rows_.get(account, address)) gone.insert(address);
  }
  if (!tell_presence(account, topic::presence_unblocked, gone))
    return Refusal{"wait", "resource-constraint", "the server is overloaded: try again later"};
  for (const std::string& address : gone) rows_.erase(account, address);
  push(account, "unblock", addresses);
  return std::nullopt;
}

// It looks at the rows when the post arrives, so it may be posted before they are written.
bool Blocklist::tell_presence(std::string_view account, std::uint32_t topic,
                              const Addresses& addresses) const {
  for (const std::string& address : addresses)
    if (posts_.to_module("presence", account, topic, address) == HL_E_FULL) return false;
  return true;
}

void Blocklist::push(std::string_view account, std::string_view change, const Addresses& addresses) const {
  sdk::Xml xml;
  xml.open(change, ns);
  append_items(xml, addresses);
  const std::string inner = xml.take();
  const std::string id = "block-" + random_.hex(push_id_bytes);
  sessions_.for_each(account, [&](hl_session session) {
    if (is_interested_.get(session) == 0) return;
    const std::optional<hl_session_info> info = sessions_.info(session);
    if (!info) return;
    sdk::Xml iq;
    iq.open("iq").attr("to", info->address).attr("id", id).attr("type", "set").raw(inner);
    sessions_.send(session, iq.take());
  });
}

void Blocklist::erase_all(std::string_view account) const {
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, {}))
    rows_.erase(account, std::string(row->key));
}

}  // namespace hotline::privacy

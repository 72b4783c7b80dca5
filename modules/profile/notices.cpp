#include "notices.h"

#include "topics.h"

namespace hotline::profile {

using privacy::take_line;

namespace {

constexpr std::string_view ns_event = "http://jabber.org/protocol/pubsub#event";

std::string item_event(std::string_view name, std::string_view id, std::string_view payload) {
  sdk::Xml xml;
  xml.open("event", ns_event).open("items").attr("node", name).open("item").attr("id", id).raw(payload);
  return xml.take();
}
std::string message(std::string_view owner, std::string_view to, std::string_view event) {
  sdk::Xml xml;
  xml.open("message").attr("from", owner).attr("to", to).attr("type", "headline").raw(event);
  return xml.take();
}

}  // namespace

bool may_see(Standing standing, const Node& node) {
  if (standing == Standing::owner) return true;
  if (standing == Standing::contact) return node.access != Access::whitelist;
  return standing == Standing::stranger && node.access == Access::open;
}

Notices::Notices(const hl_host* host, const Audience& audience, const Items& items, const Interest& interest)
    : audience_(audience), items_(items), interest_(interest), sessions_(host), posts_(host) {}

void Notices::item(std::string_view account, std::string_view name, const Node& node, std::string_view id,
                   std::string_view payload) const {
  tell(account, name, node, item_event(name, id, payload));
}

void Notices::retracted(std::string_view account, std::string_view name, const Node& node,
                        std::string_view id) const {
  sdk::Xml xml;
  xml.open("event", ns_event).open("items").attr("node", name).open("retract").attr("id", id);
  tell(account, name, node, xml.take());
}

void Notices::deleted(std::string_view account, std::string_view name, const Node& node) const {
  sdk::Xml xml;
  xml.open("event", ns_event).open("delete").attr("node", name);
  tell(account, name, node, xml.take());
}

// A contact whose home takes no more posts catches up when it comes the next time.
void Notices::tell(std::string_view account, std::string_view name, const Node& node,
                   std::string_view event) const {
  give(account, account, name, event);
  if (node.access == Access::whitelist) return;
  std::string bytes(account);
  bytes.append(1, '\n').append(name).append(1, '\n').append(event);
  audience_.for_each_contact(account, [&](std::string_view contact) {
    static_cast<void>(posts_.bytes(contact, topic::published, bytes));
  });
}

void Notices::give(std::string_view account, std::string_view owner, std::string_view name,
                   std::string_view event) const {
  interest_.for_each(account, name, [&](hl_session session) {
    if (const std::optional<hl_session_info> info = sessions_.info(session))
      sessions_.send(session, message(owner, sdk::view(info->address), event));
  });
}

void Notices::on_published(std::string_view account, std::string_view bytes) const {
  const std::string_view owner = take_line(bytes);
  const std::string_view name = take_line(bytes);
  if (!audience_.blocks(account, owner)) give(account, owner, name, bytes);
}

template <typename Each>
void Notices::for_each_last(std::string_view account, Standing standing, std::string_view nodes,
                            Each each) const {
  while (!nodes.empty()) {
    const std::string_view name = take_line(nodes);
    const std::optional<Node> node = items_.node(account, name);
    if (!node || !node->sends_last || !may_see(standing, *node)) continue;
    const std::vector<Item> items = items_.of(account, name);
    if (!items.empty()) each(item_event(name, items.front().id, items.front().payload));
  }
}

void Notices::catch_up(std::string_view account, std::string_view resource, std::string_view nodes) const {
  const hl_session session = sessions_.find(account, resource);
  if (session == 0 || nodes.empty()) return;
  const std::string address = sdk::compose_jid({}, account, resource);
  for_each_last(account, Standing::owner, nodes,
                [&](std::string_view event) { sessions_.send(session, message(account, address, event)); });
  const std::string bytes = std::string(address).append(1, '\n').append(nodes);
  audience_.for_each_seen(account, [&](std::string_view contact) {
    static_cast<void>(posts_.bytes(contact, topic::wanted, bytes));
  });
}

void Notices::on_wanted(std::string_view account, std::string_view bytes) const {
  const std::string_view asker = take_line(bytes);
  const std::string_view owner_of_asker = privacy::bare(asker);
  const Standing standing = audience_.standing(account, asker);
  // Who only once saw the account is no longer told of it, not even what everybody may ask for.
  if (standing != Standing::contact || asker.size() <= owner_of_asker.size()) return;
  const std::string resource(asker.substr(owner_of_asker.size() + 1));
  for_each_last(account, standing, bytes, [&](std::string_view event) {
    static_cast<void>(
        posts_.bytes(owner_of_asker, topic::answer, resource + "\n" + message(account, asker, event)));
  });
}

}  // namespace hotline::profile

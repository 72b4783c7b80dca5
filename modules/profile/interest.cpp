#include "interest.h"

#include <charconv>

namespace hotline::profile {

using privacy::take_line;

namespace {

constexpr std::string_view ns_info = "http://jabber.org/protocol/disco#info";
constexpr std::string_view notify = "+notify";
constexpr std::size_t nodes_size_max = 8192;        // Bytes of all the nodes that a client wants.
constexpr std::size_t capabilities_size_max = 512;  // Node and version of XEP-0115.
constexpr std::size_t question_id_bytes = 16;

std::string key_of(char kind, std::string_view name) {
  return std::string(1, kind).append(1, '\n').append(name);
}

}  // namespace

Interest::Interest(const hl_host* host)
    : sessions_(host), random_(host), config_(host), rows_(sdk::Tables(host).open("pep_interest")) {}

Interest::Wish Interest::wish_of(std::string_view row) {
  Wish wish;
  const std::string_view digits = take_line(row);
  std::from_chars(digits.data(), digits.data() + digits.size(), wish.session);
  wish.capabilities = row;
  return wish;
}

bool Interest::wants(std::string_view account, std::string_view capabilities, std::string_view node) const {
  std::string_view nodes = rows_.get(account, key_of('c', capabilities)).value_or("");
  while (!nodes.empty())
    if (take_line(nodes) == node) return true;
  return false;
}

std::optional<std::string> Interest::came(std::string_view account, std::string_view bytes) const {
  const std::string resource(take_line(bytes));
  const std::string_view capabilities = bytes;
  const hl_session session = sessions_.find(account, resource);
  if (session == 0 || capabilities.empty() || capabilities.size() > capabilities_size_max ||
      capabilities.find('\n') != std::string_view::npos)
    return std::nullopt;
  if (const std::optional<std::string_view> row = rows_.get(account, key_of('s', resource))) {
    const Wish before = wish_of(*row);
    if (before.session == session && before.capabilities == capabilities) return std::nullopt;
    forget(account, resource);
  }
  if (rows_.put(account, key_of('s', resource),
                std::to_string(session).append(1, '\n').append(capabilities)) != HL_OK)
    return std::nullopt;
  if (const std::optional<std::string_view> known = rows_.get(account, key_of('c', capabilities)))
    return std::string(*known);
  ask(account, session, resource, capabilities);
  return std::nullopt;
}

void Interest::ask(std::string_view account, hl_session session, const std::string& resource,
                   std::string_view capabilities) const {
  const std::string id = "caps-" + random_.hex(question_id_bytes);
  if (rows_.put(account, key_of('q', resource), id) != HL_OK) return;
  sdk::Xml iq;
  iq.open("iq").attr("from", config_.domain()).attr("to", sdk::compose_jid({}, account, resource));
  iq.attr("type", "get").attr("id", id).open("query", ns_info).attr("node", capabilities);
  sessions_.send(session, iq.take());
}

std::optional<std::string> Interest::told(std::string_view account, std::string_view bytes) const {
  const std::string_view resource = take_line(bytes);
  const std::string question = key_of('q', resource);
  const std::optional<std::string_view> row = rows_.get(account, key_of('s', resource));
  if (!row || rows_.get(account, question) != take_line(bytes)) return std::nullopt;
  std::string nodes;
  while (!bytes.empty()) {
    std::string_view feature = take_line(bytes);
    if (!feature.ends_with(notify)) continue;
    feature.remove_suffix(notify.size());
    if (nodes.size() + feature.size() < nodes_size_max) nodes.append(feature).append(1, '\n');
  }
  rows_.erase(account, question);
  if (rows_.put(account, key_of('c', wish_of(*row).capabilities), nodes) != HL_OK) return std::nullopt;
  return nodes;
}

void Interest::forget(std::string_view account, const std::string& resource) const {
  const std::optional<std::string_view> row = rows_.get(account, key_of('s', resource));
  if (!row) return;
  const std::string capabilities(wish_of(*row).capabilities);
  rows_.erase(account, key_of('s', resource));
  rows_.erase(account, key_of('q', resource));
  bool is_in_use = false;
  for_each_session(account, [&](std::string_view, const Wish& other) {
    is_in_use = is_in_use || other.capabilities == capabilities;
  });
  if (!is_in_use) rows_.erase(account, key_of('c', capabilities));
}

void Interest::ended(std::string_view account, hl_session session, std::string_view resource) const {
  const std::optional<std::string_view> row = rows_.get(account, key_of('s', resource));
  if (row && wish_of(*row).session == session) forget(account, std::string(resource));
}

void Interest::erase_all(std::string_view account) const {
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, {}))
    rows_.erase(account, std::string(row->key));
}

}  // namespace hotline::profile

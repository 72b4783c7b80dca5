#include "devices.h"

#include <algorithm>
#include <optional>

namespace hotline::push_notify {

namespace {

constexpr std::string_view ns_push = "urn:xmpp:push:0";
constexpr std::string_view publish_options = "http://jabber.org/protocol/pubsub#publish-options";
constexpr std::size_t node_bytes_max = 1'024;  // Tokens of push services have some hundred bytes.
constexpr std::size_t options_max = 16;
constexpr std::size_t options_bytes_max = 2'048;
constexpr std::size_t id_bytes = 16;

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// The form's fields as a JSON object, a field's first value each; nothing for a form that is not of publish
// options, or has too many.
std::optional<std::string> options_of(const sdk::Element& form) {
  std::string json = "{";
  std::size_t count = 0;
  for (sdk::Element field = form.first(); field; field = field.next()) {
    if (!field.is("field", sdk::ns_forms)) continue;
    const std::string_view name = field.attr("var"), value = field.child("value", sdk::ns_forms).text();
    if (name == "FORM_TYPE") {
      if (value != publish_options) return std::nullopt;
      continue;
    }
    if (name.empty()) continue;
    if (++count > options_max) return std::nullopt;
    if (json.size() > 1) json.append(1, ',');
    sdk::append_json_string(json, name);
    json.append(1, ':');
    sdk::append_json_string(json, value);
    if (json.size() >= options_bytes_max) return std::nullopt;
  }
  return json.append(1, '}');
}

}  // namespace

Devices::Devices(const hl_host* host)
    : sessions_(host),
      stanzas_(host),
      crypto_(host),
      random_(host),
      clock_(host),
      config_(host),
      rows_(sdk::Tables(host).open(device_table)) {}

sdk::Status Devices::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  const std::string_view type = sdk::view(iq.type);
  if (type == "result" || type == "error") return HL_OK;
  const sdk::Element asked = stanzas_.payload(iq);
  const bool enables = asked.is("enable", ns_push);
  if (type != "set" || (!enables && !asked.is("disable", ns_push)))
    return refuse(event, "modify", "bad-request", "push is enabled or disabled, by a set");
  if (asked.attr("jid").empty())
    return refuse(event, "modify", "bad-request", "`jid` has to name the push service");
  const std::optional<std::string> service = crypto_.prepare_jid(asked.attr("jid"));
  if (!service) return refuse(event, "modify", "jid-malformed", "`jid` is no address");
  return enables ? enable(event, asked, *service) : disable(event, asked, *service);
}

sdk::Status Devices::enable(const hl_stanza_event& event, const sdk::Element& asked,
                            const std::string& service) const {
  const std::string_view account = sdk::view(event.account), node = asked.attr("node");
  if (!serves(service))
    return refuse(
        event, "cancel", "item-not-found",
        "this host reaches no such push service; push." + std::string(config_.domain()) + " is its own");
  if (node.empty() || node.size() > node_bytes_max || !is_printable(node))
    return refuse(
        event, "modify", "bad-request",
        "`node` has to be what the service knows the device by: 1 to 1024 bytes without control characters");
  std::optional<std::string> options = "{}";
  if (const sdk::Element form = asked.child("x", sdk::ns_forms)) options = options_of(form);
  if (!options)
    return refuse(event, "modify", "not-acceptable",
                  "the form has to be one of publish options, of 16 fields and 2048 bytes at the most");
  std::string key = service;
  key.append(1, '\n').append(node);
  if (!rows_.get(account, key)) make_room(account);
  const std::string id = random_.hex(id_bytes);
  if (rows_.put(account, key, DeviceRow{id, clock_.wall_ms(), *options}.encode()) != HL_OK)
    return refuse(event, "wait", "resource-constraint", "there is no room for another device");
  sessions_.send(event.session, sdk::iq_result(*event.stanza));
  return HL_OK;
}

// Without a node: all of that service. That there was none is no error (XEP-0357 6).
sdk::Status Devices::disable(const hl_stanza_event& event, const sdk::Element& asked,
                             const std::string& service) const {
  const std::string_view account = sdk::view(event.account), node = asked.attr("node");
  std::string key = service;
  key.append(1, '\n');
  if (!sdk::is_absent(node)) {
    if (node.size() <= node_bytes_max) rows_.erase(account, key.append(node));
  } else {
    const std::string prefix = key;
    for (auto row = rows_.next(account, prefix); row && row->key.starts_with(prefix);
         row = rows_.next(account, key)) {
      key = row->key;
      rows_.erase(account, key);
    }
  }
  sessions_.send(event.session, sdk::iq_result(*event.stanza));
  return HL_OK;
}

// push.<domain>, and what the operator's gateway reaches besides.
bool Devices::serves(std::string_view service) const {
  if (service == "push." + std::string(config_.domain())) return true;
  std::string_view others = config_.text("services", "");
  while (!others.empty()) {
    const std::size_t space = others.find(' ');
    if (others.substr(0, space) == service) return true;
    others.remove_prefix(space == std::string_view::npos ? others.size() : space + 1);
  }
  return false;
}

// The device that asked longest ago goes for another: an application that was installed anew has a new token,
// and nobody says that the old one is dead until it is used.
void Devices::make_room(std::string_view account) const {
  const auto devices_max =
      static_cast<std::uint64_t>(std::clamp<std::int64_t>(config_.number("devices_max", 8), 1, 64));
  if (rows_.count(account) < devices_max) return;
  std::string oldest_key;
  std::uint64_t oldest_ms = UINT64_MAX;
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, row->key)) {
    const std::optional<DeviceRow> device = DeviceRow::decode(row->value);
    const std::uint64_t since_ms = device ? device->since_ms : 0;
    if (oldest_key.empty() || since_ms < oldest_ms) {
      oldest_key = row->key;
      oldest_ms = since_ms;
    }
  }
  if (!oldest_key.empty()) rows_.erase(account, oldest_key);
}

bool Devices::drop(std::string_view account, std::string_view id) const {
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, row->key)) {
    const std::optional<DeviceRow> device = DeviceRow::decode(row->value);
    if (device && device->id == id) return rows_.erase(account, std::string(row->key));
  }
  return false;
}

void Devices::erase_all(std::string_view account) const {
  std::string key;
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, key)) {
    key = row->key;
    rows_.erase(account, key);
  }
}

sdk::Status Devices::refuse(const hl_stanza_event& event, std::string_view type, std::string_view condition,
                            std::string_view text) const {
  sessions_.send(event.session, sdk::stanza_error(*event.stanza, type, condition, text));
  return HL_OK;
}

}  // namespace hotline::push_notify

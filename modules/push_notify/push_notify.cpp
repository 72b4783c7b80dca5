// push_notify: devices that are asleep are woken when something waits for their account (XEP-0357).
//
//     a client    <enable/>   devices.h: a row for each device
//     routing,    waiting.h   a word that something was put into the mailbox of an account with devices
//     groups
//     a timer     watch.h     what has waited for wait_seconds unaccepted, whoever sent it, and in rooms as
//                             well, is told to all devices: one notification, however much waits
//     outbox                  the operator's gateway, which speaks to FCM, APNs or a push service, and says
//                             which devices are no more
//
// An instance holds nothing. A notification has no content, no sender and no account in it:
// {"service": "push.DOMAIN", "node": "TOKEN", "badge": 3, "options": {…}}, `options` as the client gave them.
//
// The service's address is push.<domain>, which clients find by disco; addresses elsewhere only when
// `services` names them, because there is no server-to-server: the gateway gets the address and may speak to
// it.
//
// Configuration, "modules": { "push_notify": { ... } }:
//     gateway          of the host's `outbox`: where notifications go ("push")
//     services         further addresses that clients may name, separated by spaces ("")
//     wait_seconds     for how long something has to have waited (10; 1 to 3600)
//     repeat_seconds   between notifications while nothing is accepted and more comes, and after the gateway
//                      could not be reached (300; 1 to 86400)
//     devices_max      of one account; the one that asked longest ago goes for another (8; 1 to 64)
//
// Bad input                                              Answer
//     neither enable nor disable; a get; no `jid`        bad-request
//     a `jid` that is none                               jid-malformed
//     a service that is not served                       item-not-found
//     a `node` that is missing, above 1,024 bytes, or    bad-request
//     has control characters
//     a form that is not of publish options, above 16    not-acceptable
//     fields or 2,048 bytes
//     anything but disco to push.<domain>                service-unavailable
#include "push_notify.h"

#include "push_notify/topics.h"

namespace hotline::push_notify {

namespace {

constexpr std::string_view ns_info = "http://jabber.org/protocol/disco#info";
constexpr std::string_view ns_items = "http://jabber.org/protocol/disco#items";
constexpr std::string_view ns_push = "urn:xmpp:push:0";

}  // namespace

PushNotify::PushNotify(const hl_host* host)
    : sessions_(host), stanzas_(host), crypto_(host), config_(host), devices_(host), watch_(host, devices_) {}

// What no event shows: rows come back as they were written, and bytes that are none are not taken for one.
sdk::Status PushNotify::self_test(const hl_host*) {
  const std::string device = DeviceRow{"0f", 7, R"({"secret":"a\n"})"}.encode();
  const std::optional<DeviceRow> read = DeviceRow::decode(device);
  const std::string watched = WatchRow{true, Told{1, 2, 3}}.encode();
  const bool is_read = read && read->encode() == device && WatchRow::decode(watched) &&
                       WatchRow::decode(watched)->encode() == watched;
  const bool is_refused = !DeviceRow::decode("0f 7") && !WatchRow::decode("w 1 2") && !WatchRow::decode("");
  return is_read && is_refused ? HL_OK : HL_E_FAULT;
}

sdk::Status PushNotify::on_stanza(const hl_stanza_event& event) const {
  const std::string_view to = sdk::view(event.stanza->to);
  const std::optional<std::string> prepared = to.empty() ? std::nullopt : crypto_.prepare_jid(to);
  const std::optional<sdk::Jid> jid = prepared ? sdk::Jid::parse(*prepared) : std::nullopt;
  if (jid && jid->domain == "push." + std::string(config_.domain())) return on_service(event);
  return event.stanza->kind == HL_STANZA_IQ ? devices_.on_iq(event) : HL_E_NONE;
}

// Clients look whether there is a push service at the address they were given (XEP-0357 4).
sdk::Status PushNotify::on_service(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  const std::string_view ns = sdk::view(iq.payload_ns);
  const bool is_disco = ns == ns_info || ns == ns_items;
  if (iq.kind != HL_STANZA_IQ || sdk::view(iq.type) != "get" || !is_disco) return HL_E_NONE;
  sdk::Xml xml;
  xml.open("query", ns);
  if (ns == ns_info) {
    xml.open("identity").attr("category", "pubsub").attr("type", "push").close();
    for (const std::string_view feature : {ns_info, ns_items, ns_push})
      xml.open("feature").attr("var", feature).close();
  }
  sessions_.send(event.session, sdk::iq_result(iq, xml.take()));
  return HL_OK;
}

sdk::Status PushNotify::on_post(const hl_post_event& event) const {
  const std::string_view account = sdk::view(event.account);
  if (event.topic == topic::waits) {
    watch_.waits(account);
    return HL_OK;
  }
  if (event.topic != topic::forget) return HL_E_NONE;
  devices_.erase_all(account);
  watch_.forget(account);
  return HL_OK;
}

sdk::Status PushNotify::on_timer(const hl_timer_event& event) const {
  watch_.on_timer(sdk::view(event.account));
  return HL_OK;
}

sdk::Status PushNotify::on_work(const hl_work_event& event) const {
  watch_.on_outcome(event);
  return HL_OK;
}

HL_MANIFEST(
    "about Wakes devices that are asleep when something waits for them, by a gateway\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.mailbox/1\n"
    "needs hotline.table/1\n"
    "needs hotline.timer/1\n"
    "needs hotline.outbox/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.random/1\n"
    "needs hotline.config/1\n"
    "needs hotline.clock/1\n"
    "needs hotline.stats/1\n"
    "needs hotline.log/1\n"
    "table push_devices durable writes 1 reads 1\n"
    "table push_watch volatile writes 1 reads 1\n"
    "route iq urn:xmpp:push:0 self\n"
    "service push\n"
    "accepts-posts routing\n"
    "accepts-posts groups\n"
    "accepts-posts registration\n"
    "feature urn:xmpp:push:0\n");

}  // namespace hotline::push_notify

HL_MODULE = hotline::sdk::entry<hotline::push_notify::PushNotify>(hotline::push_notify::hl_manifest_text);

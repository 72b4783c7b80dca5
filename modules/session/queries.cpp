#include "session/queries.h"

#include <optional>

namespace hotline::session {

using namespace hotline::sdk;

namespace {

constexpr std::string_view info_ns = "http://jabber.org/protocol/disco#info";
constexpr std::string_view items_ns = "http://jabber.org/protocol/disco#items";
constexpr std::string_view version_ns = "jabber:iq:version";
constexpr std::string_view time_ns = "urn:xmpp:time";
constexpr std::string_view ping_ns = "urn:xmpp:ping";
constexpr std::string_view pubsub_ns = "http://jabber.org/protocol/pubsub";
constexpr std::string_view conversion_ns = "urn:xmpp:pep-vcard-conversion:0";
constexpr std::string_view push_ns = "urn:xmpp:push:0";
constexpr std::string_view archive_ns = "urn:xmpp:mam:2";
constexpr std::string_view stanza_id_ns = "urn:xmpp:sid:0";

// To profile (its topics.h): resource '\n' id '\n' the features of a client, a line each.
constexpr std::uint32_t profile_topic_told = 7;
constexpr std::string_view profile_question = "caps-";  // How the ids of its questions begin.
constexpr std::size_t features_size_max = 16'384;       // Bytes of those that are passed on.

}  // namespace

Queries::Queries(const hl_host* host)
    : sessions_(host), stanzas_(host), posts_(host), config_(host), clock_(host) {}

Status Queries::on_iq(const hl_stanza_event& event) {
  const hl_stanza& iq = *event.stanza;
  const std::string_view type = view(iq.type);
  const std::string_view ns = view(iq.payload_ns);
  if (type == "result" && ns == info_ns) tell_profile(event);
  if (type == "result" || type == "error") return HL_OK;  // An answer to nothing else that we ask.
  if (type != "get") return reply(event, stanza_error(iq, "cancel", "feature-not-implemented"));
  if (ns == ping_ns) return reply(event, iq_result(iq));
  if (ns == info_ns || ns == items_ns) {
    // There are no nodes here, so whoever names one asks for what does not exist.
    if (!stanzas_.payload(iq).attr("node").empty())
      return reply(event, stanza_error(iq, "cancel", "item-not-found"));
    return reply(event, iq_result(iq, ns == info_ns ? disco_info(iq) : disco_items(iq)));
  }
  Xml xml;
  if (ns == version_ns) {
    xml.open("query", version_ns).leaf("name", "Hotline").leaf("version", HL_MODULE_VERSION).close();
    return reply(event, iq_result(iq, xml.written()));
  }
  if (ns == time_ns) {
    // Not where this machine stands: whoever asks wants to compare clocks.
    xml.open("time", time_ns).leaf("tzo", "+00:00").leaf("utc", timestamp(clock_.wall_ms())).close();
    return reply(event, iq_result(iq, xml.written()));
  }
  return HL_E_NONE;
}

Status Queries::ping(hl_session session) {
  const std::optional<hl_session_info> info = sessions_.info(session);
  if (!info) return HL_OK;
  Xml xml;
  xml.open("iq")
      .attr("from", config_.domain())
      .attr("to", info->address)
      .attr("type", "get")
      .attr("id", "ping");
  sessions_.send(session, xml.empty("ping", ping_ns).take());
  return HL_OK;
}

void Queries::tell_profile(const hl_stanza_event& event) const {
  const std::string_view id = view(event.stanza->id);
  const std::optional<hl_session_info> info = sessions_.info(event.session);
  if (!info || !id.starts_with(profile_question)) return;
  std::string bytes(view(info->resource));
  bytes.append(1, '\n').append(id).append(1, '\n');
  for (Element child = stanzas_.payload(*event.stanza).first(); child; child = child.next()) {
    const std::string_view feature = child.attr("var");
    if (!feature.ends_with("+notify") || bytes.size() + feature.size() > features_size_max) continue;
    bytes.append(feature).append(1, '\n');
  }
  static_cast<void>(posts_.to_module("profile", view(event.account), profile_topic_told, bytes));
}

std::string Queries::disco_info(const hl_stanza& iq) const {
  Xml xml;
  xml.open("query", info_ns).open("identity");
  if (!is_to_domain(iq)) {
    xml.attr("category", "account").attr("type", "registered").close();
    // XEP-0163 6, XEP-0398 2, XEP-0313 8 and XEP-0357 4: these are the account's.
    std::string of_account;
    bool has_eventing = false;
    config_.for_each_feature([&](std::string_view feature) {
      const bool is_eventing = feature.starts_with(pubsub_ns);
      has_eventing = has_eventing || is_eventing;
      if (is_eventing || feature == conversion_ns || feature == push_ns || feature.starts_with(archive_ns) ||
          feature == stanza_id_ns)
        of_account.append(Xml().open("feature").attr("var", feature).close().take());
    });
    if (has_eventing) xml.open("identity").attr("category", "pubsub").attr("type", "pep").close();
    xml.open("feature").attr("var", info_ns).close().open("feature").attr("var", items_ns).close();
    return xml.raw(of_account).take();
  }
  xml.attr("category", "server").attr("type", "im").attr("name", "Hotline").close();
  config_.for_each_feature(
      [&](std::string_view feature) { xml.open("feature").attr("var", feature).close(); });
  return xml.take();
}

std::string Queries::disco_items(const hl_stanza& iq) const {
  Xml xml;
  xml.open("query", items_ns);
  if (is_to_domain(iq))
    config_.for_each_service([&](std::string_view label) {
      xml.open("item").attr("jid", std::string(label).append(1, '.').append(config_.domain())).close();
    });
  return xml.take();
}

Status Queries::reply(const hl_stanza_event& event, const std::string& answer) {
  sessions_.send(event.session, answer);
  return HL_OK;
}

}  // namespace hotline::session

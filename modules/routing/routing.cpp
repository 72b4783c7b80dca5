// routing: messages, and iqs between people, from the sender's home to the recipient's (RFC 6121 8).
//
//     sender's home    on_stanza   `to` is prepared, forgeries are removed, sent carbons are made; whom the
//     sender
//                                  blocks hears nothing, and read markers go out from who shares them
//                      post        the stanza, not copied
//     recipient's      on_post     delivery.h: the blocklist, the rules, the mailbox, received carbons
//     later            on_drain    what waited in the mailbox, with its delay
//     too late         on_expiry   what nobody took in time: its sender gets an error
//
// An instance holds nothing. Errors go back the way the stanza came (topics.h).
#include "routing.h"

#ifdef HL_ROUTING_TARDY
#include <chrono>
#endif

#include "compose.h"
#include "destination.h"
#include "media_link/link.h"
#include "topics.h"

namespace hotline::routing {

namespace {

#ifdef HL_ROUTING_ANNOTATE
constexpr EditionKind built = EditionKind::annotated;
#else
constexpr EditionKind built = EditionKind::plain;
#endif

struct Built final : Routing {
  explicit Built(const hl_host* host) : Routing(host, built) {}
#ifdef HL_ROUTING_TARDY
  // Right in all it says: only a comparison with another version shows what is wrong with it.
  sdk::Status on_post(const hl_post_event& event) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
    while (std::chrono::steady_clock::now() < until) {
    }
    return Routing::on_post(event);
  }
#endif
};

}  // namespace

Routing::Routing(const hl_host* host, EditionKind edition)
    : sessions_(host),
      stanzas_(host),
      mailboxes_(host),
      posts_(host),
      crypto_(host),
      config_(host),
      edition_(host, edition),
      blocked_(host),
      settings_(host),
      carbons_(host),
      client_state_(host),
      archive_(host),
      delivery_(host, {carbons_, edition_, blocked_, settings_, client_state_, archive_}) {}

sdk::Status Routing::on_stanza(const hl_stanza_event& event) {
  if (event.stanza->kind == HL_STANZA_NONZA) return client_state_.on_element(event);
  return event.stanza->kind == HL_STANZA_IQ ? on_iq(event) : on_message(event);
}

sdk::Status Routing::on_message(const hl_stanza_event& event) {
  const hl_stanza& message = *event.stanza;
  const std::string_view account = sdk::view(event.account);
  const Destination to(crypto_, config_.domain(), sdk::view(message.to), account);
  if (!is_deliverable(event, to)) return HL_OK;
  const Content content = Content::read(stanzas_, message, config_.domain());
  if (content.has_carbon)
    return refuse(event, "auth", "forbidden", "carbon copies are made by the server alone");
  if (media_link::has_large_thumbnail(stanzas_, message))
    return refuse(event, "modify", "policy-violation",
                  "a thumbnail may have 8192 bytes: send a larger one by link");
  const hl_stanza* clean = cleaned(message, to, content.has_forgery);
  if (clean == nullptr) return refuse(event, "modify", "bad-request");
  if (!content.received_id.empty()) accept_receipt(event, to, content.received_id);

  if (is_blocked(account, message, to)) {
    if (sdk::is_answerable(message)) sessions_.send(event.session, blocking::blocked_error(message));
    return HL_OK;
  }
  const hl_stanza* out = without_read_markers(account, *clean, content);
  const sdk::Status status = out == nullptr ? HL_OK : post(event, to, *out);
  // A message to oneself comes as a received carbon, and is archived where it is delivered; of both kinds it
  // would show twice.
  if (status == HL_OK && to.bare != account) note_sent(event, to, *clean, content);
  return HL_OK;
}

void Routing::note_sent(const hl_stanza_event& event, const Destination& to, const hl_stanza& message,
                        const Content& content) const {
  const std::string_view account = sdk::view(event.account);
  const std::string_view peer = to.is_respelled ? std::string_view(to.text) : sdk::view(message.to);
  const MessageType type = message_type(sdk::view(message.type));
  const std::string id =
      is_kept_type(type) && content.is_worth_archiving() ? archive_.id(account, peer) : std::string();
  if (!id.empty()) archive_.keep(account, id, peer, sdk::view(message.xml));
  carbons_.copy_sent(account, event.session, message, type, content,
                     id.empty() ? id : archive::Keeping::stanza_id(account, id));
}

sdk::Status Routing::on_iq(const hl_stanza_event& event) {
  const hl_stanza& iq = *event.stanza;
  if (sdk::view(iq.payload_ns) == ns_carbons &&
      (sdk::is_absent(iq.to) || sdk::view(iq.to) == sdk::view(event.account)))
    return carbons_.on_iq(event);
  const std::string_view type = sdk::view(iq.type);
  const bool is_answer = type == "result" || type == "error";
  if (sdk::is_absent(iq.id) || (!is_answer && type != "get" && type != "set"))
    return refuse(event, "modify", "bad-request", "an iq has an id and a type of get, set, result or error");
  const Destination to(crypto_, config_.domain(), sdk::view(iq.to), sdk::view(event.account));
  if (!is_deliverable(event, to)) return HL_OK;
  // The account's server answers for its bare address (8.5.2.1.3), and no module has claimed this.
  if (to.resource.empty()) return HL_E_NONE;
  if (is_blocked(sdk::view(event.account), iq, to)) {
    if (!is_answer) sessions_.send(event.session, blocking::blocked_error(iq));
    return HL_OK;
  }
  const hl_stanza* clean = cleaned(iq, to, false);
  if (clean == nullptr) return refuse(event, "modify", "bad-request");
  post(event, to, *clean);
  return HL_OK;
}

bool Routing::is_deliverable(const hl_stanza_event& event, const Destination& to) {
  switch (to.kind) {
    case Destination::Kind::account: return true;
    case Destination::Kind::malformed: refuse(event, "modify", "jid-malformed"); return false;
    case Destination::Kind::elsewhere:
      refuse(event, "cancel", "remote-server-not-found", "this server does not talk to others");
      return false;
    case Destination::Kind::domain: refuse(event, "cancel", "service-unavailable"); return false;
  }
  return false;
}

sdk::Status Routing::post(const hl_stanza_event& event, const Destination& to, const hl_stanza& stanza) {
  const sdk::Status status = posts_.stanza(to.bare, topic::deliver, stanza);
  if (status == HL_E_FULL)
    refuse(event, "wait", "resource-constraint", "the server is overloaded: try again later");
  else
    sdk::require(status, "post.stanza");
  return status;
}

const hl_stanza* Routing::cleaned(const hl_stanza& stanza, const Destination& to, bool has_forgery) const {
  if (!to.is_respelled && !has_forgery) return &stanza;
  const std::string_view text = to.is_respelled ? std::string_view(to.text) : sdk::view(stanza.to);
  return stanzas_.parse(readdressed(stanzas_, stanza, text, config_.domain()));
}

// A client without stream management accepts a message by sending its receipt; with it, its acknowledgement
// is what counts.
void Routing::accept_receipt(const hl_stanza_event& event, const Destination& to,
                             std::string_view message_id) {
  const std::optional<hl_session_info> info = sessions_.info(event.session);
  if (info && (info->flags & HL_SESSION_HAS_SM) == 0)
    mailboxes_.accept(sdk::view(event.account), receipt_tag(message_id, to.bare));
}

// The user's other clients learn what was read all the same: `message` itself is what they get a copy of.
const hl_stanza* Routing::without_read_markers(std::string_view account, const hl_stanza& message,
                                               const Content& content) const {
  if (!content.has_read_marker || settings_.shares_read_receipts(account)) return &message;
  if (content.is_read_marker_alone()) return nullptr;
  return stanzas_.parse(routing::without_read_markers(stanzas_, message));
}

bool Routing::is_blocked(std::string_view account, const hl_stanza& stanza, const Destination& to) const {
  return blocked_.covers(account, to.is_respelled ? std::string_view(to.text) : sdk::view(stanza.to));
}

sdk::Status Routing::refuse(const hl_stanza_event& event, std::string_view type, std::string_view condition,
                            std::string_view text) const {
  if (sdk::is_answerable(*event.stanza))
    sessions_.send(event.session, sdk::stanza_error(*event.stanza, type, condition, text));
  return HL_OK;
}

sdk::Status Routing::on_post(const hl_post_event& event) {
  const std::string_view account = sdk::view(event.account);
  if (event.topic == topic::deliver && event.stanza != nullptr)
    return delivery_.deliver(account, *event.stanza);
  if (event.topic == topic::give_back && event.stanza != nullptr)
    return delivery_.give_back(account, *event.stanza);
  if (event.topic == topic::presence) return client_state_.on_presence(account, sdk::view(event.bytes));
  if (event.topic == topic::answer) return delivery_.answer(account, sdk::view(event.bytes));
  return HL_E_NONE;
}

sdk::Status Routing::on_session(const hl_session_event& event) {
  const std::string_view account = sdk::view(event.account);
  if (event.what == HL_SESSION_RESUMED) client_state_.resumed(account, event.session);
  if (event.what != HL_SESSION_ENDED) return HL_OK;
  client_state_.ended(account, event.session);
  delivery_.session_ended(account);
  return HL_OK;
}

HL_MANIFEST(
    "about Delivers messages and iqs between accounts, now or later, with carbons\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.mailbox/1\n"
    "needs hotline.post/1\n"
    "needs hotline.table/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.config/1\n"
    "needs hotline.clock/1\n"
    "needs hotline.random/1\n"
    "wants hotline.stats/1\n"
    "wants hotline.log/1\n"
    "table held volatile writes 1 reads 1\n"
    "table archived volatile writes 1 reads 1\n"
    "reads-table accounts\n"
    "reads-table blocked\n"
    "reads-table privacy_settings\n"
    "reads-table push_devices\n"
    "reads-table push_watch\n"
    "reads-table archive_preferences\n"
    "reads-table roster\n"
    "route message any\n"
    "route iq * bare\n"
    "route iq * full\n"
    "route iq urn:xmpp:carbons:2 self\n"
    "route nonza urn:xmpp:csi:0 none\n"
    "accepts-posts presence\n"
    "sessions\n"
    "drain\n"
    "accepts-posts groups\n"
    "feature msgoffline\n"
    "feature urn:xmpp:carbons:2\n"
    "feature urn:xmpp:carbons:rules:0\n"
    "feature urn:xmpp:csi:0\n");

}  // namespace hotline::routing

HL_MODULE = hotline::sdk::entry<hotline::routing::Built>(hotline::routing::hl_manifest_text);

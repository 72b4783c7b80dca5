// profile: what people say of themselves, and what their clients keep for them.
//
//     vcard.h         the vCard (XEP-0054)
//     private_xml.h   what a client keeps for itself (XEP-0049)
//     pubsub.h        personal eventing (XEP-0163): avatars (0084), nicknames (0172), bookmarks (0402, 0048
//     by
//                     0223), device lists and bundles of end-to-end encryption (0384)
//     items.h, node.h what was published, and who may see it; audience.h: how one account stands to another
//     avatars.h       the same picture in both (XEP-0398); photo.h: its hash in presence (XEP-0153)
//     notices.h       who is told; interest.h: who wants to be, by capabilities (XEP-0115)
//
// An instance holds nothing. Whoever asks is answered at the owner's home. What somebody may not see looks
// like what an account that is not there has; no content is looked at but that of avatars.
//
// Bad input                                     Answer
//     an element above its size                    not-acceptable, for an item with <payload-too-big/>
//     more elements, nodes or bytes than fit       resource-constraint (wait); what was there stays
//     no name, or one above 1023 bytes             bad-request, <nodeid-required/>
//     no item, two, none or two elements in it     bad-request, <item-required/> or <invalid-payload/>
//     an access model that is not known            not-acceptable, <unsupported-access-model/>
//     publish options that the node does not meet  conflict, <precondition-not-met/>
//     changing what is another's                   forbidden, whether there is such an account or not
//     asking for what one may not see              service-unavailable; for a contact item-not-found
//     a picture that is none, or names another     kept, and not converted (avatars.h)
#include "profile.h"

#include <algorithm>

#include "topics.h"

namespace hotline::profile {

using privacy::Refusal;

namespace {

std::string answer_to(const hl_stanza& iq, const std::optional<Refusal>& refusal, std::string_view inner) {
  return refusal ? sdk::stanza_error(iq, refusal->type, refusal->condition, refusal->text, refusal->more)
                 : sdk::iq_result(iq, inner);
}

}  // namespace

Profile::Profile(const hl_host* host)
    : sessions_(host),
      stanzas_(host),
      posts_(host),
      crypto_(host),
      config_(host),
      audience_(host),
      private_xml_(host),
      vcard_(host, audience_),
      items_(host),
      interest_(host),
      notices_(host, audience_, items_, interest_),
      pubsub_(host, audience_, items_, notices_),
      avatars_(host, vcard_, items_, notices_) {}

sdk::Status Profile::on_stanza(const hl_stanza_event& event) {
  const hl_stanza& iq = *event.stanza;
  const std::string_view type = sdk::view(iq.type);
  if (sdk::view(iq.payload_ns) == ns_private) return private_xml_.on_iq(event);
  if (type != "get" && type != "set") return HL_E_NONE;
  if (sdk::is_absent(iq.to)) return on_own(event);
  const std::optional<std::string> to = crypto_.prepare_jid(sdk::view(iq.to));
  if (!to) {
    sessions_.send(event.session, sdk::stanza_error(iq, "modify", "jid-malformed"));
    return HL_OK;
  }
  return *to == sdk::view(event.account) ? on_own(event) : ask(event, *to);
}

sdk::Status Profile::on_own(const hl_stanza_event& event) {
  const hl_stanza& iq = *event.stanza;
  const sdk::Element payload = stanzas_.payload(iq);
  const std::string_view account = sdk::view(event.account);
  const std::string_view type = sdk::view(iq.type);
  const bool is_card = payload.is("vCard", ns_vcard);
  if (!is_card && payload.name() != "pubsub") return HL_E_NONE;
  std::string inner;
  const std::optional<Refusal> refusal =
      is_card ? vcard_.on_own(account, type, payload, inner) : pubsub_.on_own(account, type, payload, inner);
  if (!refusal && type == "set") {
    if (is_card)
      avatars_.card_set(account, payload);
    else
      avatars_.node_changed(account, payload.first().attr("node"));
  }
  sessions_.send(event.session, answer_to(iq, refusal, inner));
  return HL_OK;
}

sdk::Status Profile::ask(const hl_stanza_event& event, std::string_view to) {
  const hl_stanza& iq = *event.stanza;
  const sdk::Jid jid = *sdk::Jid::parse(to);
  if (jid.local.empty() || jid.domain != config_.domain()) return HL_E_NONE;
  const auto refuse = [&](const std::string& error) {
    sessions_.send(event.session, error);
    return HL_OK;
  };
  if (audience_.blocks(sdk::view(event.account), to)) return refuse(blocking::blocked_error(iq));
  if (sdk::view(iq.type) == "set") return refuse(sdk::stanza_error(iq, "auth", "forbidden"));
  const sdk::Status status = posts_.stanza(jid.bare(), topic::asked, iq);
  if (status == HL_E_FULL)
    return refuse(
        sdk::stanza_error(iq, "wait", "resource-constraint", "the server is overloaded: try again later"));
  sdk::require(status, "post.stanza");
  return HL_OK;
}

void Profile::on_asked(std::string_view account, const hl_stanza& iq) {
  const std::string_view asker = sdk::view(iq.from);
  const sdk::Element payload = stanzas_.payload(iq);
  std::string inner;
  const std::optional<Refusal> refusal = payload.ns() == ns_vcard
                                             ? vcard_.on_asked(account, asker, inner)
                                             : pubsub_.on_asked(account, asker, payload, inner);
  std::string bytes(asker.substr(std::min(privacy::bare(asker).size() + 1, asker.size())));
  bytes.append(1, '\n').append(answer_to(iq, refusal, inner));
  // An asker whose home takes no more posts has worse to mend than a missing answer.
  static_cast<void>(posts_.bytes(privacy::bare(asker), topic::answer, bytes));
}

sdk::Status Profile::on_post(const hl_post_event& event) {
  const std::string_view account = sdk::view(event.account);
  std::string_view bytes = sdk::view(event.bytes);
  switch (event.topic) {
    case topic::account_removed: account_removed(account); return HL_OK;
    case topic::asked:
      if (event.stanza == nullptr) return HL_E_NONE;
      on_asked(account, *event.stanza);
      return HL_OK;
    case topic::answer:
      if (const hl_session session = sessions_.find(account, privacy::take_line(bytes)))
        sessions_.send(session, bytes);
      return HL_OK;
    case topic::published: notices_.on_published(account, bytes); return HL_OK;
    case topic::wanted: notices_.on_wanted(account, bytes); return HL_OK;
    case topic::came:
      if (const std::optional<std::string> nodes = interest_.came(account, bytes))
        notices_.catch_up(account, privacy::take_line(bytes), *nodes);
      return HL_OK;
    case topic::told:
      if (const std::optional<std::string> nodes = interest_.told(account, bytes))
        notices_.catch_up(account, privacy::take_line(bytes), *nodes);
      return HL_OK;
    default: return HL_E_NONE;
  }
}

sdk::Status Profile::on_session(const hl_session_event& event) {
  if (event.what == HL_SESSION_ENDED)
    interest_.ended(sdk::view(event.account), event.session, sdk::view(event.resource));
  return HL_OK;
}

void Profile::account_removed(std::string_view account) {
  private_xml_.erase_all(account);
  vcard_.erase_all(account);
  items_.erase_all(account);
  interest_.erase_all(account);
  avatars_.erase_all(account);
}

HL_MANIFEST(
    "about vCards, private storage and personal eventing: avatars, bookmarks, encryption keys\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.table/1\n"
    "needs hotline.post/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.random/1\n"
    "needs hotline.config/1\n"
    "wants hotline.log/1\n"
    "table private_xml durable writes 1 reads 1\n"
    "table vcards durable writes 1 reads 1\n"
    "table pep_nodes durable writes 1 reads 1\n"
    "table pep_items durable writes 1 reads 1\n"
    "table avatars durable writes 1 reads 1\n"
    "table pep_interest volatile writes 1 reads 1\n"
    "reads-table accounts\n"
    "reads-table roster\n"
    "reads-table blocked\n"
    "route iq jabber:iq:private self\n"
    "route iq vcard-temp self\n"
    "route iq vcard-temp bare\n"
    "route iq http://jabber.org/protocol/pubsub self\n"
    "route iq http://jabber.org/protocol/pubsub bare\n"
    "route iq http://jabber.org/protocol/pubsub#owner self\n"
    "route iq http://jabber.org/protocol/pubsub#owner bare\n"
    "sessions\n"
    "accepts-posts registration\n"
    "accepts-posts presence\n"
    "accepts-posts session\n"
    "feature jabber:iq:private\n"
    "feature urn:xmpp:pep-vcard-conversion:0\n"
    "feature vcard-temp\n"
    "feature http://jabber.org/protocol/pubsub#access-open\n"
    "feature http://jabber.org/protocol/pubsub#access-presence\n"
    "feature http://jabber.org/protocol/pubsub#access-whitelist\n"
    "feature http://jabber.org/protocol/pubsub#auto-create\n"
    "feature http://jabber.org/protocol/pubsub#config-node\n"
    "feature http://jabber.org/protocol/pubsub#config-node-max\n"
    "feature http://jabber.org/protocol/pubsub#create-and-configure\n"
    "feature http://jabber.org/protocol/pubsub#create-nodes\n"
    "feature http://jabber.org/protocol/pubsub#delete-items\n"
    "feature http://jabber.org/protocol/pubsub#delete-nodes\n"
    "feature http://jabber.org/protocol/pubsub#filtered-notifications\n"
    "feature http://jabber.org/protocol/pubsub#item-ids\n"
    "feature http://jabber.org/protocol/pubsub#last-published\n"
    "feature http://jabber.org/protocol/pubsub#multi-items\n"
    "feature http://jabber.org/protocol/pubsub#persistent-items\n"
    "feature http://jabber.org/protocol/pubsub#publish\n"
    "feature http://jabber.org/protocol/pubsub#publish-options\n"
    "feature http://jabber.org/protocol/pubsub#purge-nodes\n"
    "feature http://jabber.org/protocol/pubsub#retract-items\n"
    "feature http://jabber.org/protocol/pubsub#retrieve-items\n");

}  // namespace hotline::profile

HL_MODULE = hotline::sdk::entry<hotline::profile::Profile>(hotline::profile::hl_manifest_text);

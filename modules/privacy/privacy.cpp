// privacy: what people keep to themselves, and who finds whom.
//
//     blocked.h      who is blocked, as rows that routing and presence read where stanzas pass; blocklist.h:
//     how
//                    users change them (XEP-0191)
//     settings.h     what an account shows: last seen, read receipts; settings_queries.h: how users change
//     that last_seen.h    when somebody was last there (XEP-0012) contacts.h     which numbers of an address
//     book are accounts here
//
// An instance holds nothing. What others have to keep to is in tables that they read for themselves: with
// this module gone a block still blocks, and nothing on a message's way waits for it.
//
// Configuration, "modules": { "privacy": { ... } }:
//     blocked_max            lines of a blocklist (1000)
//     contacts_per_request   numbers in one request (500)
//     contacts_per_day       numbers an account may ask about in a day (2000)
//
// Bad input                                        Answer
//     an item without jid; a block without items   bad-request
//     a jid that is none                           jid-malformed
//     one's own address                            not-allowed
//     more lines than blocked_max                  resource-constraint (wait); nothing is changed
//     a setting or word that is not known          not-acceptable, with those that are; nothing is changed
//     a setting named twice too often              bad-request
//     more contacts than contacts_per_request      policy-violation
//     more than are left of contacts_per_day       policy-violation (wait), <retry after='SECONDS'/>
//     a contact that is empty, long, no number     it does not come back, and counts
//     a second request before the first's answer   resource-constraint (wait)
//     asking when somebody was there whom one may  service-unavailable, as for an account that is not there
//     not see, who blocks, or does not exist
#include "privacy.h"

namespace hotline::privacy {

Privacy::Privacy(const hl_host* host)
    : sessions_(host),
      blocked_(host),
      settings_(host),
      blocklist_(host),
      last_seen_(host, settings_, blocked_),
      settings_queries_(host, settings_, last_seen_),
      contacts_(host, blocked_) {}

sdk::Status Privacy::on_stanza(const hl_stanza_event& event) {
  const std::string_view ns = sdk::view(event.stanza->payload_ns);
  if (ns == ns_settings) return settings_queries_.on_iq(event);
  if (ns == ns_contacts) return contacts_.on_iq(event);
  if (ns == "jabber:iq:last") return last_seen_.on_iq(event);
  return blocklist_.on_iq(event);
}

sdk::Status Privacy::on_post(const hl_post_event& event) {
  const std::string_view account = sdk::view(event.account);
  std::string_view bytes = sdk::view(event.bytes);
  switch (event.topic) {
    case topic::account_removed:
      blocklist_.erase_all(account);
      settings_queries_.erase_all(account);
      last_seen_.erase(account);
      contacts_.erase_all(account);
      return HL_OK;
    case topic::last_asked:
      return event.stanza == nullptr ? HL_E_NONE : last_seen_.on_question(account, *event.stanza);
    case topic::answer: {
      const hl_session session = sessions_.find(account, take_line(bytes));
      if (session != 0) sessions_.send(session, bytes);
      return HL_OK;
    }
    case topic::contact_asked: contacts_.on_asked(account, bytes); return HL_OK;
    case topic::contact_told: contacts_.on_told(account, bytes); return HL_OK;
    default: return HL_E_NONE;
  }
}

sdk::Status Privacy::on_session(const hl_session_event& event) {
  if (event.what == HL_SESSION_ENDED) last_seen_.session_ended(sdk::view(event.account), event.session);
  return HL_OK;
}

sdk::Status Privacy::on_timer(const hl_timer_event& event) {
  contacts_.on_timer(sdk::view(event.account));
  return HL_OK;
}

HL_MANIFEST(
    "about Blocking, last seen, read receipts and address books\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.table/1\n"
    "needs hotline.post/1\n"
    "needs hotline.timer/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.random/1\n"
    "needs hotline.config/1\n"
    "needs hotline.clock/1\n"
    "wants hotline.log/1\n"
    "table blocked durable writes 1 reads 1\n"
    "table privacy_settings durable writes 1 reads 1\n"
    "table last_seen durable writes 1 reads 1\n"
    "table contact_lookups volatile writes 1 reads 1\n"
    "reads-table accounts\n"
    "reads-table roster\n"
    "route iq urn:xmpp:blocking self\n"
    "route iq jabber:iq:last self\n"
    "route iq jabber:iq:last bare\n"
    "route iq urn:hotline:privacy:0 self\n"
    "route iq urn:hotline:contacts:0 self\n"
    "sessions\n"
    "accepts-posts registration\n"
    "feature jabber:iq:last\n"
    "feature urn:xmpp:blocking\n"
    "feature urn:hotline:contacts:0\n"
    "feature urn:hotline:privacy:0\n");

}  // namespace hotline::privacy

HL_MODULE = hotline::sdk::entry<hotline::privacy::Privacy>(hotline::privacy::hl_manifest_text);

// presence: rosters, subscriptions, and who is told who is there (RFC 6121 2, 3, 4).
//
//     roster.h          contacts and their versions; roster_queries.h: how clients read and change them
//     subscription.h    the RFC's state tables; subscriptions.h: what follows from a step
//     availability.h    the presence of sessions, broadcast, probes, directed presence
//     words.h           what goes to another account's home
//
// Who is on an account's blocklist (privacy/blocked.h) hears nothing of it and is not heard by it. The list
// is a table of the host's: privacy keeps it, and tells when it changes.
//
// Available presence leaves with the hash of the account's picture (XEP-0398 4), which is a row of profile's;
// when that changes, so does what contacts see.
//
// An instance holds nothing: contacts are durable rows, presences volatile ones. Stream features are
// session's to announce; since the manifest lists them it has <ver xmlns='urn:xmpp:features:rosterver'/> and
// <sub xmlns='urn:xmpp:features:pre-approval'/> where presence is loaded. What it keeps with sessions is in
// session_fields.h.
#include "presence.h"

#include <charconv>

#include "groups/words.h"

namespace hotline::presence {

namespace {

constexpr std::size_t presence_size_max = 16'384;  // The RFC sets no limit, and each subscriber gets a copy.

// 4.7.2.3. Nothing for what is no number of that range.
std::optional<int> priority_of(const sdk::Element& presence) {
  const sdk::Element element = presence.child("priority", "jabber:client");
  if (!element) return 0;
  std::string_view digits = element.text();
  while (!digits.empty() && digits.front() <= ' ') digits.remove_prefix(1);
  while (!digits.empty() && digits.back() <= ' ') digits.remove_suffix(1);
  if (digits.starts_with("+")) digits.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value < -128 || value > 127)
    return std::nullopt;
  return value;
}

}  // namespace

Presence::Presence(const hl_host* host)
    : sessions_(host),
      stanzas_(host),
      posts_(host),
      crypto_(host),
      config_(host),
      blocked_(host),
      roster_(host),
      availability_(host, roster_, blocked_),
      subscriptions_(host, roster_, availability_),
      queries_(host, roster_, subscriptions_) {}

sdk::Status Presence::on_stanza(const hl_stanza_event& event) {
  const hl_stanza& stanza = *event.stanza;
  if (stanza.kind == HL_STANZA_IQ) return queries_.on_iq(event);
  if (stanza.xml.size > presence_size_max)
    return refuse(event, "modify", "policy-violation", "a presence has at most 16384 bytes");
  return sdk::is_absent(stanza.to) ? on_own_presence(event) : on_addressed(event);
}

sdk::Status Presence::on_own_presence(const hl_stanza_event& event) {
  const hl_stanza& presence = *event.stanza;
  const std::string_view account = sdk::view(event.account);
  if (sdk::view(presence.type) == "unavailable") {
    const std::optional<hl_session_info> info = sessions_.info(event.session);
    if (info)
      availability_.unavailable(account, event.session, std::string(sdk::view(info->resource)),
                                sdk::view(presence.xml));
    // Rooms keep who is in them for themselves (XEP-0045 7.14). Where there are none nobody is told.
    if (info)
      static_cast<void>(
          posts_.to_module("groups", account, groups::topic::went_unavailable, sdk::view(info->resource)));
    return HL_OK;
  }
  if (!sdk::is_absent(presence.type))
    return refuse(event, "modify", "bad-request", "presence of this type needs an address");
  const std::optional<int> priority = priority_of(stanzas_.root(presence));
  if (!priority) return refuse(event, "modify", "bad-request", "a priority is a number from -128 to 127");
  Availability::Change change{};
  const sdk::Status status =
      availability_.available(account, event.session, sdk::view(presence.xml), *priority, &change);
  if (status != HL_OK) return overloaded(event);
  if (change == Availability::Change::initial) subscriptions_.give_waiting(account, event.session);
  tell_profile(event);
  return HL_OK;
}

// Where nobody publishes anything there is nobody to tell.
void Presence::tell_profile(const hl_stanza_event& event) const {
  const sdk::Element capabilities =
      stanzas_.root(*event.stanza).child("c", "http://jabber.org/protocol/caps");
  const std::optional<hl_session_info> info = sessions_.info(event.session);
  if (!capabilities || !info) return;
  std::string bytes(sdk::view(info->resource));
  bytes.append(1, '\n').append(capabilities.attr("node"));
  bytes.append(1, '#').append(capabilities.attr("ver"));
  static_cast<void>(posts_.to_module("profile", sdk::view(event.account), profile_topic_came, bytes));
}

sdk::Status Presence::on_addressed(const hl_stanza_event& event) {
  const hl_stanza& presence = *event.stanza;
  const std::string_view account = sdk::view(event.account);
  const std::string_view type = sdk::view(presence.type);
  const std::optional<std::string> to = crypto_.prepare_jid(sdk::view(presence.to));
  if (!to) return refuse(event, "modify", "jid-malformed");
  const sdk::Jid jid = *sdk::Jid::parse(*to);
  if (jid.domain != config_.domain())
    return refuse(event, "cancel", "remote-server-not-found", "this server does not talk to others");
  if (jid.local.empty()) return HL_OK;  // The host itself takes no interest.

  if (blocked_.covers(account, *to)) {
    if (type != "unavailable" && sdk::is_answerable(presence))
      sessions_.send(event.session, blocking::blocked_error(presence));
    return HL_OK;
  }
  sdk::Status status = HL_OK;
  if (const std::optional<Request> request = request_of(type)) {
    if (jid.bare() != account) status = subscriptions_.outbound(account, jid.bare(), *request, presence);
  } else if (type == "probe") {
    const std::optional<hl_session_info> info = sessions_.info(event.session);
    if (info) availability_.probe(account, sdk::view(info->resource), jid.bare());
  } else if (type.empty() || type == "unavailable" || type == "error") {
    status = availability_.direct(account, event.session, *to, presence);
  } else {
    return refuse(event, "modify", "bad-request", "there is no such type of presence");
  }
  return status == HL_OK ? HL_OK : overloaded(event);
}

sdk::Status Presence::on_post(const hl_post_event& event) {
  const std::string_view account = sdk::view(event.account);
  if (event.topic == topic::account_removed) {
    account_removed(account);
    return HL_OK;
  }
  if (event.topic == topic::blocked) {
    availability_.block(account, sdk::view(event.bytes));
    return HL_OK;
  }
  if (event.topic == topic::unblocked) {
    availability_.unblock(account, sdk::view(event.bytes));
    return HL_OK;
  }
  if (event.topic == topic::avatar_changed) {
    availability_.show_again(account);
    return HL_OK;
  }
  const std::optional<Word> word = Word::decode(sdk::view(event.bytes));
  return word ? on_word(event.topic, account, *word) : HL_E_NONE;
}

sdk::Status Presence::on_word(std::uint32_t topic, std::string_view account, const Word& word) {
  // XEP-0191 3.3: no answer and no error; it looks as if nobody were there.
  if (blocked_.covers(account, word.from)) return HL_OK;
  switch (topic) {
    case topic::request: return subscriptions_.inbound(account, word);
    case topic::broadcast: availability_.on_broadcast(account, word); return HL_OK;
    case topic::directed: availability_.on_directed(account, word); return HL_OK;
    case topic::probe: availability_.on_probe(account, word); return HL_OK;
    default: return HL_E_NONE;
  }
}

sdk::Status Presence::on_session(const hl_session_event& event) {
  // A session that is only detached is still there: it may be resumed (XEP-0198 5).
  if (event.what == HL_SESSION_ENDED)
    availability_.ended(sdk::view(event.account), event.session, std::string(sdk::view(event.resource)));
  return HL_OK;
}

void Presence::account_removed(std::string_view account) {
  roster_.for_each(account, [&](std::string_view contact, std::string_view row) {
    // A contact's home that is full is put right by its next probe.
    static_cast<void>(subscriptions_.cancel(account, contact, state_of_row(row)));
  });
  // Its sessions end as well, and with each goes what it had said (on_session).
  roster_.erase_all(account);
}

sdk::Status Presence::refuse(const hl_stanza_event& event, std::string_view type, std::string_view condition,
                             std::string_view text) const {
  if (sdk::is_answerable(*event.stanza) && sdk::view(event.stanza->type) != "unavailable")
    sessions_.send(event.session, sdk::stanza_error(*event.stanza, type, condition, text));
  return HL_OK;
}

sdk::Status Presence::overloaded(const hl_stanza_event& event) const {
  return refuse(event, "wait", "resource-constraint", "there is no room for this now: try again later");
}

HL_MANIFEST(
    "about Keeps rosters and tells contacts who is there\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.table/1\n"
    "needs hotline.post/1\n"
    "needs hotline.mailbox/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.config/1\n"
    "needs hotline.clock/1\n"
    "wants hotline.log/1\n"
    "table roster durable writes 1 reads 1\n"
    "table presence volatile writes 1 reads 1\n"
    "table directed volatile writes 1 reads 1\n"
    "reads-table accounts\n"
    "reads-table blocked\n"
    "reads-table avatars\n"
    "route presence any\n"
    "route iq jabber:iq:roster self\n"
    "sessions\n"
    "accepts-posts registration\n"
    "accepts-posts privacy\n"
    "accepts-posts profile\n"
    "feature jabber:iq:roster\n"
    "feature urn:xmpp:features:pre-approval\n"
    "feature urn:xmpp:features:rosterver\n");

}  // namespace hotline::presence

HL_MODULE = hotline::sdk::entry<hotline::presence::Presence>(hotline::presence::hl_manifest_text);

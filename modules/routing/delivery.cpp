#include "delivery.h"

#include <limits>

#include "compose.h"
#include "media_link/link.h"
#include "presence/session_fields.h"
#include "registration/account_row.h"
#include "topics.h"

namespace hotline::routing {

namespace {

// An entry that is written later than this after it was put has been waiting for its recipient; less is
// a client that was briefly behind.
constexpr std::uint64_t delay_ms_min = 1000;
constexpr std::uint64_t day_ms = 24ull * 60 * 60 * 1000;
constexpr std::int64_t nobody = std::numeric_limits<std::int64_t>::min();

}  // namespace

// An account's sessions, as far as a message's way depends on them.
struct Delivery::Audience {
  std::size_t sessions = 0;
  hl_session match = 0;           // Has the resource that was addressed.
  std::int64_t highest = nobody;  // Field "priority" of the most available sessions.

  bool has_available() const { return highest != nobody; }
};

Delivery::Delivery(const hl_host* host, const Parts& parts)
    : sessions_(host),
      stanzas_(host),
      mailboxes_(host),
      posts_(host),
      clock_(host),
      config_(host),
      accounts_(sdk::Tables(host).open(accounts::table_name)),
      priority_(sessions_.field(session_fields::priority)),
      waiting_(host),
      parts_(parts) {}

sdk::Status Delivery::deliver(std::string_view account, const hl_stanza& stanza) const {
  std::string_view resource = sdk::view(stanza.to).substr(account.size());
  if (!resource.empty()) resource.remove_prefix(1);
  // Before anything is queued, and with the answer that an account gets which is not there.
  if (parts_.blocked.covers(account, sdk::view(stanza.from))) return turn_away(resource, stanza);
  return stanza.kind == HL_STANZA_IQ ? deliver_iq(account, resource, stanza)
                                     : deliver_message(account, resource, stanza);
}

sdk::Status Delivery::deliver_iq(std::string_view account, std::string_view resource,
                                 const hl_stanza& iq) const {
  const hl_session session = sessions_.find(account, resource);
  if (session == 0) return refuse(iq, "cancel", "service-unavailable");  // 8.5.3.2.3
  sessions_.send_stanza(session, iq);
  return HL_OK;
}

// The most available sessions are the attached ones of the highest priority. One that is detached comes back
// or not: it stands in only where no other does, so that nobody waits for a dead connection's window to end.
Delivery::Audience Delivery::audience(std::string_view account, std::string_view resource) const {
  Audience found;
  std::int64_t highest_detached = nobody;
  if (!resource.empty()) found.match = sessions_.find(account, resource);
  sessions_.for_each(account, [&](hl_session session) {
    ++found.sessions;
    const std::int64_t priority = priority_.get(session);
    if (!session_fields::takes_bare_messages(priority)) return;
    const std::optional<hl_session_info> info = sessions_.info(session);
    const bool is_attached = info && (info->flags & HL_SESSION_IS_ATTACHED) != 0;
    std::int64_t& highest = is_attached ? found.highest : highest_detached;
    if (priority > highest) highest = priority;
  });
  if (found.highest == nobody) found.highest = highest_detached;
  return found;
}

sdk::Status Delivery::deliver_message(std::string_view account, std::string_view resource,
                                      const hl_stanza& message) const {
  const Audience found = audience(account, resource);
  if (found.sessions == 0 && !exists(account)) return turn_away(resource, message);

  const MessageType type = message_type(sdk::view(message.type));
  const Content content = Content::read(stanzas_, message, config_.domain());
  if (content.has_read_marker && !parts_.settings.shares_read_receipts(account)) {
    if (content.is_read_marker_alone()) return HL_OK;
    const hl_stanza* rest = stanzas_.parse(without_read_markers(stanzas_, message));
    return rest == nullptr ? HL_OK : deliver_message(account, resource, *rest);
  }
  const Rule rule = rule_for(type, {.is_full = !resource.empty(),
                                    .matches = found.match != 0,
                                    .has_available = found.has_available(),
                                    .answers_only = content.has_answer && !content.has_body});
  if (rule == Rule::ignore) return HL_OK;
  if (rule == Rule::refuse) return refuse(message, "cancel", "service-unavailable");

  const bool is_kept = is_kept_type(type) && content.is_worth_keeping();
  if (rule == Rule::later && !is_kept) {
    // Nobody minds a chat state that is not delivered. Words that may not be kept are another matter.
    if (content.has_body) return refuse(message, "cancel", "service-unavailable");
    return HL_OK;
  }
  hl_entry entry = 0;
  std::string id;
  const hl_stanza& marked = is_kept ? archived(account, message, content, id) : message;
  if (is_kept) {
    const std::uint64_t tag =
        content.has_receipt_request ? receipt_tag(sdk::view(message.id), bare(sdk::view(message.from))) : 0;
    const std::optional<hl_entry> put = mailboxes_.put(account, marked, tag, 0);
    if (!put)
      return refuse(message, "wait", "resource-constraint",
                    "the recipient's mailbox is full: try again when its owner has been online");
    entry = *put;
    if (content.is_worth_waking()) waiting_.tell(account);
    media_link::show_link(posts_, account, message);
    if (!id.empty()) parts_.archive.keep(account, id, sdk::view(message.from), sdk::view(message.xml));
  }
  parts_.edition.count(type);
  send(found, rule, {account, marked, content, entry, {}});
  parts_.carbons.copy_received(account, marked, type, content, [&](hl_session session) {
    return rule == Rule::matched ? session == found.match
                                 : rule != Rule::later && priority_.get(session) >= found.highest;
  });
  return HL_OK;
}

// 8.5.1 leaves the choice. What an account that is away would drop is dropped, and so is what its user may
// not see when it comes (a receipt, a payload that no client knows), which an account that is away keeps
// without a word: else these told without anybody's knowledge which addresses are accounts. Words are
// answered: who tries them is seen by whoever is there.
sdk::Status Delivery::turn_away(std::string_view resource, const hl_stanza& stanza) const {
  if (stanza.kind == HL_STANZA_IQ) return refuse(stanza, "cancel", "service-unavailable");
  const Content content = Content::read(stanzas_, stanza, config_.domain());
  const Rule rule =
      rule_for(message_type(sdk::view(stanza.type)),
               {.is_full = !resource.empty(), .answers_only = content.has_answer && !content.has_body});
  const bool is_answered = rule == Rule::refuse || (rule == Rule::later && content.has_body);
  return is_answered ? refuse(stanza, "cancel", "service-unavailable") : HL_OK;
}

const hl_stanza& Delivery::archived(std::string_view account, const hl_stanza& message,
                                    const Content& content, std::string& id) const {
  if (content.is_worth_archiving()) id = parts_.archive.id(account, sdk::view(message.from));
  if (id.empty()) return message;
  const hl_stanza* marked =
      stanzas_.parse(with_child(sdk::view(message.xml), archive::Keeping::stanza_id(account, id)));
  if (marked != nullptr) return *marked;
  id.clear();
  return message;
}

void Delivery::send(const Audience& found, Rule rule, Copy copy) const {
  if (parts_.edition.annotates())
    copy.annotated = with_child(sdk::view(copy.message.xml), parts_.edition.annotation());
  if (rule == Rule::matched) return send_to(found.match, copy);
  if (rule == Rule::later) return;
  const std::int64_t lowest = rule == Rule::all_available ? session_fields::priority_base : found.highest;
  sessions_.for_each(copy.account, [&](hl_session session) {
    if (priority_.get(session) >= lowest) send_to(session, copy);
  });
}

void Delivery::send_to(hl_session session, const Copy& copy) const {
  if (parts_.client_state.is_inactive(session)) {
    const std::string_view sender = sdk::view(copy.message.from);
    if (copy.content.is_chat_state_alone())
      return parts_.client_state.hold_chat_state(copy.account, session, sender, sdk::view(copy.message.xml));
    if (copy.content.has_body) parts_.client_state.forget_chat_state(copy.account, session, sender);
  }
  if (copy.entry != 0) {
    sessions_.send_entry(session, copy.entry, copy.annotated.empty() ? std::string_view{} : copy.annotated);
  } else if (copy.annotated.empty()) {
    sessions_.send_stanza(session, copy.message);
  } else {
    sessions_.send(session, copy.annotated);
  }
}

sdk::Status Delivery::answer(std::string_view account, std::string_view xml) const {
  const hl_stanza* error = stanzas_.parse(xml);
  if (error == nullptr) return HL_OK;
  const std::string_view to = sdk::view(error->to);
  if (to.size() <= account.size()) return HL_OK;
  const hl_session session = sessions_.find(account, to.substr(account.size() + 1));
  if (session != 0) sessions_.send_stanza(session, *error);
  return HL_OK;
}

sdk::Status Delivery::drain(const hl_drain_event& event) const {
  std::string more;
  if (clock_.wall_ms() >= event.stored_wall_ms + delay_ms_min)
    more = delay_element(config_.domain(), event.stored_wall_ms);
  more.append(parts_.edition.annotation());
  const sdk::Status status =
      more.empty() ? sessions_.send_entry(event.session, event.entry)
                   : sessions_.send_entry(event.session, event.entry, with_child(sdk::view(event.xml), more));
  // It ended meanwhile, or another device has accepted the message.
  return status == HL_E_GONE ? HL_OK : status;
}

sdk::Status Delivery::expire(const hl_expiry_event& event) const {
  const hl_stanza* message = stanzas_.parse(sdk::view(event.xml));
  if (message == nullptr || !is_kept_type(message_type(sdk::view(message->type)))) return HL_OK;
  const std::string days = std::to_string((clock_.wall_ms() - event.stored_wall_ms) / day_ms);
  const hl_stanza* error = stanzas_.parse(sdk::stanza_error(*message, "wait", "recipient-unavailable",
                                                            "nobody took this message in " + days + " days"));
  if (error == nullptr) return HL_OK;
  // Posted as a stanza: the entry goes once its sender's home has the error safe.
  const sdk::Status status = posts_.stanza(bare(sdk::view(error->to)), topic::give_back, *error);
  return status == HL_E_FULL ? HL_E_NONE : status;
}

sdk::Status Delivery::give_back(std::string_view account, const hl_stanza& error) const {
  const std::string_view to = sdk::view(error.to);
  const Audience found = audience(account, to.size() > account.size() ? to.substr(account.size() + 1) : "");
  if (found.sessions == 0 && !exists(account)) return HL_OK;
  // Its mailbox may be full: then it learns of it now or not at all.
  const hl_entry entry = mailboxes_.put(account, error, 0, 0).value_or(0);
  const Rule rule = found.match != 0        ? Rule::matched
                    : found.has_available() ? Rule::most_available
                                            : Rule::later;
  send(found, rule, {account, error, Content::read(stanzas_, error, config_.domain()), entry, {}});
  return HL_OK;
}

void Delivery::session_ended(std::string_view account) const {
  const Audience left = audience(account, {});
  if (!left.has_available() || mailboxes_.count(account) == 0) return;
  bool is_drained = false;
  sessions_.for_each(account, [&](hl_session session) {
    if (is_drained || priority_.get(session) < left.highest) return;
    const std::optional<hl_session_info> info = sessions_.info(session);
    is_drained = info && (info->flags & HL_SESSION_IS_ATTACHED) != 0 && mailboxes_.drain(session) == HL_OK;
  });
}

bool Delivery::exists(std::string_view account) const {
  return accounts_.get(account, accounts::scram_key).has_value();
}

sdk::Status Delivery::refuse(const hl_stanza& stanza, std::string_view type, std::string_view condition,
                             std::string_view text) const {
  if (!sdk::is_answerable(stanza)) return HL_OK;
  // A sender whose home takes no more posts has worse to mend than a missing answer.
  static_cast<void>(posts_.bytes(bare(sdk::view(stanza.from)), topic::answer,
                                 sdk::stanza_error(stanza, type, condition, text)));
  return HL_OK;
}

std::uint64_t receipt_tag(std::string_view message_id, std::string_view sender) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a.
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    hash = (hash ^ 0xffu) * 0x100000001b3u;  // Not a byte of UTF-8: ends each text.
  };
  add(message_id);
  add(sender);
  return hash == 0 ? 1 : hash;
}

}  // namespace hotline::routing

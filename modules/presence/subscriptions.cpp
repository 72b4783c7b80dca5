#include "subscriptions.h"

#include "registration/account_row.h"
#include "session_fields.h"

namespace hotline::presence {

namespace {

constexpr std::size_t request_size_max =
    4096;  // Of a request that waits; a larger one waits without its children.

// 3.1.1 and 3.1.2: between bare addresses, with what the client put into it.
std::string request_xml(std::string_view from, std::string_view to, Request request, std::string_view id = {},
                        std::string_view children = {}) {
  sdk::Xml xml;
  xml.open("presence").attr("from", from).attr("to", to).attr("type", text(request)).attr("id", id);
  return xml.raw(children).take();
}

}  // namespace

Subscriptions::Subscriptions(const hl_host* host, const Roster& roster, const Availability& availability)
    : roster_(roster),
      availability_(availability),
      sessions_(host),
      stanzas_(host),
      posts_(host),
      accounts_(sdk::Tables(host).open(accounts::table_name)),
      is_interested_(sessions_.field(session_fields::roster)) {}

sdk::Status Subscriptions::outbound(std::string_view account, std::string_view contact, Request request,
                                    const hl_stanza& presence) const {
  const RosterItem before = roster_.find(account, contact).value_or(RosterItem{});
  const Step step = hotline::presence::outbound(before.state, request);
  if (!step.passes) {
    const bool is_approved = request == Request::subscribed && !has_from(before.state);
    return approve_in_advance(account, contact, before, is_approved);
  }
  RosterItem item = before;
  item.state = step.next;
  if (!is_pending_in(item.state)) item.request.clear();
  // Asking and granting put the contact into the roster; refusing does not.
  if (request == Request::subscribe || request == Request::subscribed) item.is_listed = true;
  if (roster_.put(account, contact, item) != HL_OK) return HL_E_FULL;

  std::string children;
  for (sdk::Element child = stanzas_.root(presence).first(); child; child = child.next())
    children.append(child.xml());
  const std::string xml = request_xml(account, contact, request, sdk::view(presence.id), children);
  if (posts_.bytes(contact, topic::request, Word{account, text(request), xml}.encode()) != HL_OK) {
    static_cast<void>(roster_.put(account, contact, before));  // It fitted before.
    return HL_E_FULL;
  }
  if (request == Request::unsubscribed && has_from(before.state)) availability_.hide_from(account, contact);
  if (item.is_listed && (item.state != before.state || !before.is_listed))
    roster_.push(account, contact, &item);
  if (request == Request::subscribed) availability_.show_to(account, contact);
  return HL_OK;
}

// 3.4: <subscribed/> before it was asked for; <unsubscribed/> takes that back.
sdk::Status Subscriptions::approve_in_advance(std::string_view account, std::string_view contact,
                                              RosterItem item, bool is_approved) const {
  if (item.is_approved == is_approved) return HL_OK;
  item.is_approved = is_approved;
  if (is_approved) item.is_listed = true;
  if (roster_.put(account, contact, item) != HL_OK) return HL_E_FULL;
  roster_.push(account, contact, &item);
  return HL_OK;
}

sdk::Status Subscriptions::answer(std::string_view account, std::string_view contact, Request request) const {
  const std::string xml = request_xml(account, contact, request);
  return posts_.bytes(contact, topic::request, Word{account, text(request), xml}.encode());
}

sdk::Status Subscriptions::inbound(std::string_view account, const Word& word) const {
  const std::optional<Request> request = request_of(word.detail);
  if (!request) return HL_E_NONE;
  if (!accounts_.get(account, accounts::scram_key)) {
    // 3.1.3: an account that is not there refuses like one that does not want to.
    if (*request == Request::subscribe) static_cast<void>(answer(account, word.from, Request::unsubscribed));
    return HL_OK;
  }
  RosterItem item = roster_.find(account, word.from).value_or(RosterItem{});
  if (*request == Request::subscribe) return on_request(account, word, std::move(item));

  const Step step = hotline::presence::inbound(item.state, *request);
  if (!step.passes) return HL_OK;
  if (*request == Request::unsubscribe && has_from(item.state)) availability_.hide_from(account, word.from);
  item.state = step.next;
  if (!is_pending_in(item.state)) item.request.clear();
  static_cast<void>(roster_.put(account, word.from, item));  // There is a row: it fits.
  deliver(account, *request, word.xml);
  if (item.is_listed) roster_.push(account, word.from, &item);
  return HL_OK;
}

sdk::Status Subscriptions::on_request(std::string_view account, const Word& word, RosterItem item) const {
  if (has_from(item.state)) {  // A.3.1: granted already.
    static_cast<void>(answer(account, word.from, Request::subscribed));
    return HL_OK;
  }
  const Step step = hotline::presence::inbound(item.state, Request::subscribe);
  if (item.is_approved && step.passes) {
    item.state = hotline::presence::outbound(step.next, Request::subscribed).next;
    item.is_approved = false;
    static_cast<void>(roster_.put(account, word.from, item));
    static_cast<void>(answer(account, word.from, Request::subscribed));
    roster_.push(account, word.from, &item);
    availability_.show_to(account, word.from);
    return HL_OK;
  }
  if (!step.passes) return HL_OK;
  item.state = step.next;
  item.request = word.xml.size() <= request_size_max ? std::string(word.xml)
                                                     : request_xml(word.from, account, Request::subscribe);
  if (roster_.put(account, word.from, item, Roster::By::stranger) != HL_OK) {
    // No room to keep it, so nobody would ever answer it.
    static_cast<void>(answer(account, word.from, Request::unsubscribed));
    return HL_OK;
  }
  deliver(account, Request::subscribe, word.xml);
  return HL_OK;
}

// A request is for who is there to answer it; the rest for who shows a roster (3.1.6, 3.2.3, 3.3.3).
void Subscriptions::deliver(std::string_view account, Request request, std::string_view xml) const {
  sessions_.for_each(account, [&](hl_session session) {
    const bool is_told = request == Request::subscribe ? availability_.is_available(session)
                                                       : is_interested_.get(session) != 0;
    if (is_told) sessions_.send(session, xml);
  });
}

void Subscriptions::give_waiting(std::string_view account, hl_session session) const {
  roster_.for_each(account, [&](std::string_view, std::string_view row) {
    if (!is_pending_in(state_of_row(row))) return;
    const std::optional<RosterItem> item = RosterItem::decode(row);
    if (item && !item->request.empty()) sessions_.send(session, item->request);
  });
}

sdk::Status Subscriptions::cancel(std::string_view account, std::string_view contact, State state) const {
  if (has_from(state)) availability_.hide_from(account, contact);
  if ((has_to(state) || is_pending_out(state)) && answer(account, contact, Request::unsubscribe) != HL_OK)
    return HL_E_FULL;
  if ((has_from(state) || is_pending_in(state)) && answer(account, contact, Request::unsubscribed) != HL_OK)
    return HL_E_FULL;
  return HL_OK;
}

}  // namespace hotline::presence

#include "ownership.h"

#include "form.h"
#include "words.h"

namespace hotline::groups {

Ownership::Ownership(const hl_host* host, const Rooms& rooms, const Outgoing& outgoing,
                     const Attendance& attendance, const Promotions& promotions, const Talk& talk)
    : stanzas_(host),
      rooms_(rooms),
      outgoing_(outgoing),
      attendance_(attendance),
      promotions_(promotions),
      talk_(talk),
      occupants_max_(sdk::Config(host).number("occupants_max", 500)) {}

void Ownership::on_iq(const Place& place, const hl_stanza& iq) const {
  if (rooms_.affiliation(place.room, bare(sdk::view(iq.from))) != Affiliation::owner)
    return outgoing_.refuse(iq, {"auth", "forbidden", "that is for the owners of the room"});
  const sdk::Element query = stanzas_.payload(iq);
  if (sdk::view(iq.type) == "get") {
    sdk::Xml xml;
    xml.open("query", ns::owner).raw(form_of(place.settings, occupants_max_));
    return outgoing_.answer(iq, xml.take());
  }
  if (const sdk::Element wish = query.child("destroy", ns::owner)) return destroy(place, iq, wish);
  const sdk::Element form = query.child("x", ns::form);
  if (!form) return outgoing_.refuse(iq, {"modify", "bad-request", "a form or <destroy/> is missing"});
  submit(place, iq, form);
}

// 10.1.2, 10.1.3, 10.2.1
void Ownership::submit(const Place& place, const hl_stanza& iq, const sdk::Element& form) const {
  const std::string_view type = form.attr("type");
  if (type == "cancel") {
    outgoing_.answer(iq);
    if (place.settings.is_locked) attendance_.close(place, "<destroy/>");
    return;
  }
  if (type != "submit")
    return outgoing_.refuse(iq, {"modify", "bad-request", "a form is submitted or cancelled"});
  Settings after = place.settings;
  if (const std::optional<Refusal> why = read_form(form, occupants_max_, after))
    return outgoing_.refuse(iq, *why);
  after.is_locked = false;
  if (rooms_.put(place.room, after) != HL_OK) return outgoing_.refuse(iq, overloaded());
  outgoing_.answer(iq);
  const Place changed{place.room, after};
  const bool was_listed = place.settings.is_public && !place.settings.is_locked;
  if (after.is_public || was_listed) attendance_.list(changed);
  if (place.settings.is_locked) return;  // Nobody but the owner was there to be told.
  std::vector<int> statuses{104};
  if (after.shows_addresses != place.settings.shows_addresses)
    statuses.push_back(after.shows_addresses ? 172 : 173);
  talk_.announce(place.room, statuses);
  promotions_.apply(changed);
}

void Ownership::destroy(const Place& place, const hl_stanza& iq, const sdk::Element& wish) const {
  const std::string_view reason = wish.child("reason", ns::owner).text();
  if (const std::optional<Refusal> why = refusal_of_reason(reason)) return outgoing_.refuse(iq, *why);
  outgoing_.answer(iq);
  sdk::Xml xml;
  xml.open("destroy").attr("jid", wish.attr("jid"));
  if (!reason.empty()) xml.leaf("reason", reason);
  std::string inside = xml.take();
  attendance_.close(place, inside);
}

}  // namespace hotline::groups

#include "search.h"

#include <algorithm>
#include <charconv>

namespace hotline::archive {

using privacy::Refusal;

namespace {

Refusal no_such_id() {
  return {"cancel", "item-not-found", "that id is not in the archive, or no more"};
}

}  // namespace

std::variant<Search, Refusal> Search::read(const sdk::Element& query, std::string_view account,
                                           const History& history, const sdk::Crypto& crypto) {
  Search search;
  const Reading reading{account, history, crypto};
  if (!query.attr("node").empty())
    return Refusal{"cancel", "item-not-found", "an account's archive has no nodes"};
  for (sdk::Element child = query.first(); child; child = child.next()) {
    Refused refused;
    if (child.is("x", sdk::ns_forms)) refused = search.read_form(child, reading);
    if (child.is("set", ns_rsm)) refused = search.read_page(child, reading);
    if (child.is("flip-page", ns_mam)) search.is_flipped_ = true;
    if (refused) return *refused;
  }
  return search;
}

Search::Refused Search::read_form(const sdk::Element& form, const Reading& reading) {
  for (sdk::Element field = form.first(); field; field = field.next())
    if (field.is("field", sdk::ns_forms))
      if (Refused refused = read_field(field, reading)) return refused;
  return std::nullopt;
}

Search::Refused Search::read_field(const sdk::Element& field, const Reading& reading) {
  const std::string_view name = field.attr("var"), value = field.child("value", sdk::ns_forms).text();
  if (name == "FORM_TYPE")
    return value == ns_mam ? Refused{}
                           : Refusal{"modify", "bad-request", "the form is not of urn:xmpp:mam:2"};
  if (name == "ids") return read_ids(field, reading);
  const bool is_known =
      name == "with" || name == "start" || name == "end" || name == "after-id" || name == "before-id";
  if (!is_known)
    return Refusal{"cancel", "feature-not-implemented",
                   "the fields are with, start, end, after-id, before-id and ids"};
  if (value.empty()) return std::nullopt;
  if (name == "start" || name == "end") return read_moment(name, value);
  if (name == "with") {
    const std::optional<std::string> prepared = reading.crypto.prepare_jid(value);
    if (!prepared) return Refusal{"modify", "jid-malformed", "`with` is no address"};
    with_ = *prepared;
    return std::nullopt;
  }
  if (!reading.history.has(reading.account, value)) return no_such_id();
  if (name == "after-id")
    begin_behind(value);
  else
    end_before(value);
  return std::nullopt;
}

// Keys begin with their moment: all of that millisecond are behind its first microsecond, and before the
// next.
Search::Refused Search::read_moment(std::string_view name, std::string_view value) {
  const std::optional<std::uint64_t> ms = moment_of_timestamp(value);
  if (!ms) return Refusal{"modify", "bad-request", "a moment is written as XEP-0082 has it, with its zone"};
  if (name == "start")
    begin_behind(moment_text(*ms * us_per_ms));
  else
    end_before(moment_text((*ms + 1) * us_per_ms));
  return std::nullopt;
}

Search::Refused Search::read_ids(const sdk::Element& field, const Reading& reading) {
  has_ids_ = true;
  for (sdk::Element value = field.first(); value; value = value.next()) {
    if (!value.is("value", sdk::ns_forms)) continue;
    if (ids_.size() == ids_max) return Refusal{"modify", "policy-violation", "100 ids at most"};
    if (!reading.history.has(reading.account, value.text())) return no_such_id();
    ids_.emplace_back(value.text());
  }
  std::ranges::sort(ids_);
  return std::nullopt;
}

Search::Refused Search::read_page(const sdk::Element& set, const Reading& reading) {
  const auto bound = [&](const sdk::Element& element) {
    return element.text().empty() || reading.history.has(reading.account, element.text());
  };
  const sdk::Element max = set.child("max", ns_rsm), after = set.child("after", ns_rsm),
                     before = set.child("before", ns_rsm);
  if (set.child("index", ns_rsm))
    return Refusal{"cancel", "feature-not-implemented", "pages are asked for by after and before"};
  if (!bound(after) || !bound(before)) return no_such_id();
  if (!after.text().empty()) begin_behind(after.text());
  if (!before.text().empty()) end_before(before.text());
  is_backwards_ = static_cast<bool>(before);
  is_continued_ = !after.text().empty() || !before.text().empty();
  if (!max) return std::nullopt;
  const std::string_view digits = max.text();
  std::size_t wanted = 0;
  const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), wanted);
  if (error == std::errc::result_out_of_range) wanted = page_max;
  const bool is_number =
      !digits.empty() && at == digits.data() + digits.size() && error != std::errc::invalid_argument;
  if (!is_number) return Refusal{"modify", "bad-request", "`max` is a number"};
  page_ = std::min(wanted, page_max);
  return std::nullopt;
}

void Search::begin_behind(std::string_view bound) {
  if (bound > after_) after_ = bound;
}

void Search::end_before(std::string_view bound) {
  if (before_.empty() || bound < before_) before_ = bound;
}

// With the own address: only what the user has sent to themselves (XEP-0313 4.1.1), whose peer that is.
bool Search::matches(std::string_view account, const Kept& kept) const {
  if (has_ids_ && !std::ranges::binary_search(ids_, kept.id)) return false;
  if (with_.empty() || kept.peer == with_) return true;
  const bool is_own = privacy::bare(with_) == account;
  return (is_own || with_ == privacy::bare(with_)) && privacy::bare(kept.peer) == privacy::bare(with_);
}

}  // namespace hotline::archive

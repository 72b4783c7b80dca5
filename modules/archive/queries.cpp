#include "queries.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <variant>

namespace hotline::archive {

namespace {

// Of messages on one page, beyond the first: what one answer may put before a connection.
constexpr std::size_t page_bytes_max = 512 << 10;
constexpr std::size_t queryid_bytes_max = 256;  // Each message of the answer has it.
constexpr std::string_view asked_key = "asked";

// The fields of a query, for who asks which there are (XEP-0313 4.1.6).
std::string form() {
  sdk::Xml xml;
  xml.open("query", ns_mam).open("x", sdk::ns_forms).attr("type", "form");
  xml.open("field").attr("var", "FORM_TYPE").attr("type", "hidden").leaf("value", ns_mam).close();
  xml.open("field").attr("var", "with").attr("type", "jid-single").close();
  for (const std::string_view name : {"start", "end", "before-id", "after-id"})
    xml.open("field").attr("var", name).attr("type", "text-single").close();
  xml.open("field").attr("var", "ids").attr("type", "list-multi");
  xml.open("validate", "http://jabber.org/protocol/xdata-validate").attr("datatype", "xs:string");
  return xml.empty("open").take();
}

std::string moment(std::string_view id) {
  return sdk::timestamp(moment_us(id) / us_per_ms);
}

}  // namespace

Queries::Queries(const hl_host* host, const History& history)
    : sessions_(host),
      stanzas_(host),
      crypto_(host),
      clock_(host),
      config_(host),
      state_(sdk::Tables(host).open(state_table)),
      asked_(sdk::Stats(host).counter("archive_queries")),
      history_(history) {}

sdk::Status Queries::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  const std::string_view type = sdk::view(iq.type);
  const sdk::Element asked = stanzas_.payload(iq);
  const bool is_get = type == "get", is_query = asked.is("query", ns_mam);
  const bool is_known = is_query ? is_get || type == "set" : is_get && asked.is("metadata", ns_mam);
  if (!is_known) return HL_E_NONE;
  if (!may_ask(sdk::view(event.account)))
    return refuse(event, {"wait", "policy-violation", "too many queries in a second: ask more slowly"});
  asked_.add();
  if (is_query && !is_get) return search(event, asked);
  sessions_.send(event.session, sdk::iq_result(iq, is_query ? form() : metadata(sdk::view(event.account))));
  return HL_OK;
}

sdk::Status Queries::search(const hl_stanza_event& event, const sdk::Element& query) const {
  const std::string_view account = sdk::view(event.account);
  if (query.attr("queryid").size() > queryid_bytes_max)
    return refuse(event, {"modify", "bad-request", "a queryid has 256 bytes at most"});
  const auto read = Search::read(query, account, history_, crypto_);
  if (const auto* refusal = std::get_if<privacy::Refusal>(&read)) return refuse(event, *refusal);
  const Search& wanted = std::get<Search>(read);
  Page page = this->page(account, wanted);

  sdk::Xml set;
  set.open("fin", ns_mam).attr("complete", page.is_complete ? "true" : "false").open("set", ns_rsm);
  if (!page.kept.empty()) set.leaf("first", page.kept.front().id).leaf("last", page.kept.back().id);
  if (page.is_counted) set.leaf("count", std::to_string(page.matching));
  if (wanted.is_flipped()) std::ranges::reverse(page.kept);
  for (const Kept& kept : page.kept) send(event, query.attr("queryid"), kept);
  sessions_.send(event.session, sdk::iq_result(*event.stanza, set.take()));
  return HL_OK;
}

// Forwards it is enough to look one further than the page goes; backwards, and for a mere count, all is
// looked at.
Queries::Page Queries::page(std::string_view account, const Search& search) const {
  const bool stops = !search.is_backwards() && search.page() > 0;
  std::deque<Kept> on_page;
  std::size_t bytes = 0, left_out = 0;
  Page page;
  page.is_counted = !search.is_continued();
  history_.walk(account, search.after(), search.before(), [&](const Kept& kept) {
    if (!search.matches(account, kept)) return true;
    ++page.matching;
    const bool is_full =
        on_page.size() >= search.page() || (!on_page.empty() && bytes + kept.message.size() > page_bytes_max);
    if (is_full && stops) {
      ++left_out;
      page.is_counted = false;
      return false;
    }
    on_page.push_back(kept);
    bytes += kept.message.size();
    while (on_page.size() > search.page() || (on_page.size() > 1 && bytes > page_bytes_max)) {
      bytes -= on_page.front().message.size();
      on_page.pop_front();
      ++left_out;
    }
    return true;
  });
  page.is_complete = left_out == 0;
  page.kept.assign(on_page.begin(), on_page.end());
  return page;
}

// XEP-0297: the message with its namespace, as it came.
void Queries::send(const hl_stanza_event& event, std::string_view queryid, const Kept& kept) const {
  const std::size_t name_end = kept.message.find_first_of(" >");
  std::string message(kept.message.substr(0, name_end));
  message.append(" xmlns='jabber:client'").append(kept.message.substr(name_end));
  sdk::Xml xml;
  xml.open("message").attr("from", event.account).attr("to", event.stanza->from);
  xml.open("result", ns_mam).attr("queryid", queryid).attr("id", kept.id);
  xml.open("forwarded", "urn:xmpp:forward:0");
  xml.open("delay", "urn:xmpp:delay").attr("stamp", moment(kept.id)).close().raw(message);
  sessions_.send(event.session, xml.take());
}

std::string Queries::metadata(std::string_view account) const {
  std::string first, last;
  history_.walk(account, {}, {}, [&](const Kept& kept) {
    if (first.empty()) first = kept.id;
    last = kept.id;
    return true;
  });
  sdk::Xml xml;
  xml.open("metadata", ns_mam);
  if (!first.empty()) {
    xml.open("start").attr("id", first).attr("timestamp", moment(first)).close();
    xml.open("end").attr("id", last).attr("timestamp", moment(last)).close();
  }
  return xml.take();
}

bool Queries::may_ask(std::string_view account) const {
  const std::uint64_t second = clock_.wall_ms() / 1'000;
  const auto most = static_cast<std::uint64_t>(
      std::clamp<std::int64_t>(config_.number("queries_per_second", 100), 1, 10'000));
  std::string_view row = state_.get(account, asked_key).value_or("");
  std::uint64_t count = 0;
  if (row.starts_with(std::to_string(second) + " ")) {
    row.remove_prefix(row.find(' ') + 1);
    std::from_chars(row.data(), row.data() + row.size(), count);
  }
  if (count >= most) return false;
  // Without a row the next query counts as the first.
  static_cast<void>(state_.put(account, asked_key, std::to_string(second) + " " + std::to_string(count + 1)));
  return true;
}

sdk::Status Queries::refuse(const hl_stanza_event& event, const privacy::Refusal& refusal) const {
  sessions_.send(event.session,
                 sdk::stanza_error(*event.stanza, refusal.type, refusal.condition, refusal.text));
  return HL_OK;
}

}  // namespace hotline::archive

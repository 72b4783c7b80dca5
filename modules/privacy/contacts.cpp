#include "contacts.h"

#include <algorithm>
#include <charconv>

#include "registration/account_row.h"

namespace hotline::privacy {

namespace {

constexpr std::int64_t per_request = 500;  // Configurable, as is the next.
constexpr std::int64_t per_day = 2000;
constexpr std::size_t text_size_max = 128;     // Bytes of one contact as it is asked about.
constexpr std::size_t digits_min = 5;          // Of a number: less is somebody's local part.
constexpr std::size_t digits_max = 15;         // E.164.
constexpr std::uint64_t deadline_ms = 10'000;  // For other homes to answer.
constexpr std::uint64_t day_ms = 24ull * 60 * 60 * 1000;
constexpr std::size_t request_id_bytes = 16;
constexpr std::string_view allowance_key = "allowance";
constexpr std::string_view request_key = "request";
constexpr std::string_view found_prefix = "found\n";
constexpr std::string_view timer_key = "contacts";

std::uint64_t number_in(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::uint64_t at_least_one(std::int64_t configured) {
  return configured < 1 ? 1 : static_cast<std::uint64_t>(configured);
}

// The digits of a number as people write it: "+49 (170) 123-4567". Nothing when it is none.
std::optional<std::string> digits_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9')
      digits.append(1, c);
    else if (std::string_view(" -().").find(c) == std::string_view::npos)
      return std::nullopt;
  }
  if (digits.size() < digits_min || digits.size() > digits_max) return std::nullopt;
  return digits;
}

Refusal busy() {
  return {"wait", "resource-constraint", "the server is overloaded: try again later"};
}

}  // namespace

// The one request of an account that is being looked up. Row: its fields, each on a line, the id last.
struct Contacts::Request {
  std::string number;             // Random: what an earlier request is told is not taken for this one's.
  std::uint64_t outstanding = 0;  // Homes that have not answered.
  std::string resource;
  std::string id;

  std::string encode() const {
    return number + "\n" + std::to_string(outstanding) + "\n" + resource + "\n" + id;
  }
  static Request decode(std::string_view row) {
    Request request;
    request.number = take_line(row);
    request.outstanding = number_in(take_line(row));
    request.resource = take_line(row);
    request.id = row;
    return request;
  }
};

Contacts::Contacts(const hl_host* host, const blocking::Blocked& blocked)
    : blocked_(blocked),
      sessions_(host),
      stanzas_(host),
      posts_(host),
      timers_(host),
      crypto_(host),
      random_(host),
      clock_(host),
      config_(host),
      lookups_(sdk::Tables(host).open("contact_lookups")),
      accounts_(sdk::Tables(host).open(accounts::table_name)) {}

sdk::Status Contacts::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  if (sdk::view(iq.type) != "get" || !stanzas_.payload(iq).is("contacts", ns_contacts)) return HL_E_NONE;
  const std::optional<Refusal> refusal = ask(event);
  if (refusal)
    sessions_.send(event.session,
                   sdk::stanza_error(iq, refusal->type, refusal->condition, refusal->text, refusal->more));
  return HL_OK;
}

std::optional<Refusal> Contacts::ask(const hl_stanza_event& event) const {
  const std::string_view account = sdk::view(event.account);
  const std::optional<hl_session_info> info = sessions_.info(event.session);
  if (!info) return std::nullopt;
  if (pending(account))
    return Refusal{"wait", "resource-constraint", "one request at a time: wait for the answer to the last"};
  Book book;
  std::uint64_t asked = 0;
  if (std::optional<Refusal> refusal = read(stanzas_.payload(*event.stanza), book, asked)) return refusal;
  if (std::optional<Refusal> refusal = take_allowance(account, asked)) return refusal;
  const Request request{random_.hex(request_id_bytes), book.size(), std::string(sdk::view(info->resource)),
                        std::string(sdk::view(event.stanza->id))};
  if (book.empty()) {
    answer(account, request);
    return std::nullopt;
  }
  const std::string head = std::string(account) + "\n" + request.number + "\n";
  for (const auto& [local, text] : book)
    if (posts_.bytes(sdk::compose_jid(local, config_.domain()), topic::contact_asked, head + text) != HL_OK)
      return busy();
  if (keep(account, request) == HL_OK && timers_.set(account, timer_key, deadline_ms) == HL_OK)
    return std::nullopt;
  forget(account);
  return busy();
}

// `asked` counts all of them: what is no number costs what a number costs.
std::optional<Refusal> Contacts::read(const sdk::Element& list, Book& book, std::uint64_t& asked) const {
  const std::uint64_t most = at_least_one(config_.number("contacts_per_request", per_request));
  for (sdk::Element contact = list.first(); contact; contact = contact.next()) {
    if (!contact.is("contact", ns_contacts)) continue;
    if (++asked > most)
      return Refusal{"modify", "policy-violation",
                     "at most " + std::to_string(most) + " contacts in one request: ask in parts"};
    const std::string_view text = contact.text();
    if (std::optional<std::string> local = local_of(text)) book.emplace(std::move(*local), text);
  }
  return std::nullopt;
}

std::optional<std::string> Contacts::local_of(std::string_view text) const {
  if (text.empty() || text.size() > text_size_max) return std::nullopt;
  if (std::optional<std::string> digits = digits_of(text)) return digits;
  const std::optional<std::string_view> prepared = crypto_.prepare(HL_PREPARE_NODE, text);
  if (!prepared || prepared->empty() || prepared->size() > sdk::jid_part_size_max) return std::nullopt;
  return std::string(*prepared);
}

std::optional<Refusal> Contacts::take_allowance(std::string_view account, std::uint64_t asked) const {
  const std::uint64_t most = at_least_one(config_.number("contacts_per_day", per_day));
  const std::uint64_t now_ms = clock_.wall_ms();
  std::uint64_t left = most;
  std::uint64_t since_ms = now_ms;
  if (const std::optional<std::string_view> row = lookups_.get(account, allowance_key)) {
    std::string_view rest = *row;
    left = std::min(number_in(take_line(rest)), most);
    since_ms = std::min(number_in(rest), now_ms);
    const std::uint64_t passed_ms = std::min(now_ms - since_ms, day_ms);
    const std::uint64_t refilled = passed_ms * most / day_ms;
    left = std::min(most, left + refilled);
    since_ms = left == most ? now_ms : since_ms + refilled * day_ms / most;  // What is left of one stays.
  }
  if (asked > left) {
    const std::uint64_t wait_s = (std::min(asked, most) - left) * (day_ms / 1000) / most + 1;
    sdk::Xml retry;
    retry.open("retry", ns_contacts).attr("after", wait_s);
    return Refusal{"wait", "policy-violation",
                   std::to_string(asked) + " contacts, and " + std::to_string(left) + " of " +
                       std::to_string(most) + " a day are left: ask for fewer, or again in " +
                       std::to_string(wait_s) + " s",
                   retry.take()};
  }
  if (lookups_.put(account, allowance_key, std::to_string(left - asked) + "\n" + std::to_string(since_ms)) !=
      HL_OK)
    return busy();
  return std::nullopt;
}

void Contacts::on_asked(std::string_view account, std::string_view bytes) const {
  const std::string_view asker = take_line(bytes);
  const std::string_view number = take_line(bytes);
  const bool is_known =
      accounts_.get(account, accounts::scram_key).has_value() && !blocked_.covers(account, asker);
  std::string told(number);
  told.append(is_known ? "\nyes\n" : "\nno\n").append(account.substr(0, account.find('@')));
  told.append(1, '\n').append(bytes);
  // Without the answer the request runs into its deadline.
  static_cast<void>(posts_.bytes(asker, topic::contact_told, told));
}

void Contacts::on_told(std::string_view account, std::string_view bytes) const {
  std::optional<Request> request = pending(account);
  if (!request || request->number != take_line(bytes)) return;
  const bool is_known = take_line(bytes) == "yes";
  const std::string_view local = take_line(bytes);
  // A row that does not fit is one of thousands: the request runs into its deadline.
  if (is_known && lookups_.put(account, std::string(found_prefix).append(local), bytes) != HL_OK) return;
  if (request->outstanding > 1) {
    --request->outstanding;
    static_cast<void>(keep(account, *request));  // There is such a row: it fits.
    return;
  }
  answer(account, *request);
}

std::optional<Contacts::Request> Contacts::pending(std::string_view account) const {
  const std::optional<std::string_view> row = lookups_.get(account, request_key);
  return row ? std::optional(Request::decode(*row)) : std::nullopt;
}

sdk::Status Contacts::keep(std::string_view account, const Request& request) const {
  return lookups_.put(account, request_key, request.encode());
}

void Contacts::answer(std::string_view account, const Request& request) const {
  sdk::Xml xml;
  xml.open("iq").attr("from", account).attr("to", std::string(account) + "/" + request.resource);
  xml.attr("id", request.id).attr("type", "result").open("contacts", ns_contacts);
  for (auto row = lookups_.next(account, found_prefix); row && row->key.starts_with(found_prefix);
       row = lookups_.next(account, row->key)) {
    const std::string_view local = row->key.substr(found_prefix.size());
    xml.open("contact").attr("jid", sdk::compose_jid(local, config_.domain())).text(row->value).close();
  }
  if (const hl_session session = sessions_.find(account, request.resource))
    sessions_.send(session, xml.take());
  forget(account);
}

void Contacts::on_timer(std::string_view account) const {
  const std::optional<Request> request = pending(account);
  if (!request) return;
  sdk::Xml xml;
  xml.open("iq").attr("from", account).attr("to", std::string(account) + "/" + request->resource);
  xml.attr("id", request->id).attr("type", "error").open("error").attr("type", "wait");
  xml.empty("remote-server-timeout", "urn:ietf:params:xml:ns:xmpp-stanzas");
  if (const hl_session session = sessions_.find(account, request->resource))
    sessions_.send(session, xml.take());
  forget(account);
}

void Contacts::forget(std::string_view account) const {
  timers_.cancel(account, timer_key);
  lookups_.erase(account, request_key);
  for (auto row = lookups_.next(account, found_prefix); row && row->key.starts_with(found_prefix);
       row = lookups_.next(account, found_prefix))
    lookups_.erase(account, std::string(row->key));
}

void Contacts::erase_all(std::string_view account) const {
  forget(account);
  lookups_.erase(account, allowance_key);
}

}  // namespace hotline::privacy

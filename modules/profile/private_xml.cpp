#include "private_xml.h"

#include <vector>

namespace hotline::profile {

using privacy::Refusal;

namespace {

constexpr std::size_t element_size_max = 65'536;  // XEP-0049 sets no limits, so we do.
constexpr std::uint64_t elements_max = 100;       // Of one account.
constexpr std::size_t qualified_size_max = 1024;  // Name and namespace together.

std::string key_of(const sdk::Element& element) {
  return std::string(element.ns()).append(1, '\n').append(element.name());
}

}  // namespace

PrivateXml::PrivateXml(const hl_host* host)
    : sessions_(host), stanzas_(host), rows_(sdk::Tables(host).open("private_xml")) {}

sdk::Status PrivateXml::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  const sdk::Element query = stanzas_.payload(iq);
  const std::string_view type = sdk::view(iq.type);
  if (!query.is("query", ns_private) || (type != "get" && type != "set")) return HL_E_NONE;
  const std::string_view account = sdk::view(event.account);
  std::string inner;
  const std::optional<Refusal> refusal = type == "get" ? get(account, query, inner) : set(account, query);
  sessions_.send(event.session, refusal
                                    ? sdk::stanza_error(iq, refusal->type, refusal->condition, refusal->text)
                                    : sdk::iq_result(iq, inner));
  return HL_OK;
}

std::optional<Refusal> PrivateXml::get(std::string_view account, const sdk::Element& query,
                                       std::string& out) const {
  const sdk::Element wanted = query.first();
  if (!wanted || wanted.next() || wanted.ns() == ns_private)
    return Refusal{"modify", "not-acceptable", "a get has one element, of a namespace of its own"};
  const std::optional<std::string_view> row = rows_.get(account, key_of(wanted));
  sdk::Xml xml;
  xml.open("query", ns_private);
  if (row)
    xml.raw(*row);
  else
    xml.empty(wanted.name(), wanted.ns());
  out = xml.take();
  return std::nullopt;
}

std::optional<Refusal> PrivateXml::set(std::string_view account, const sdk::Element& query) const {
  std::uint64_t fresh = 0;
  if (!query.first()) return Refusal{"modify", "bad-request", "a set has at least one element"};
  for (sdk::Element element = query.first(); element; element = element.next()) {
    if (element.ns() == ns_private)
      return Refusal{"modify", "not-acceptable", "an element has a namespace of its own"};
    if (element.name().size() + element.ns().size() > qualified_size_max)
      return Refusal{"modify", "not-acceptable", "name and namespace have 1024 bytes at most"};
    if (element.xml().size() > element_size_max)
      return Refusal{"modify", "not-acceptable", "an element has 65536 bytes at most"};
    if (!rows_.get(account, key_of(element))) ++fresh;
  }
  if (fresh > 0 && rows_.count(account) + fresh > elements_max)
    return Refusal{"wait", "resource-constraint", "100 elements at most: store fewer"};
  for (sdk::Element element = query.first(); element; element = element.next())
    sdk::require(rows_.put(account, key_of(element), element.xml()), "private_xml.put");
  return std::nullopt;
}

void PrivateXml::erase_all(std::string_view account) const {
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, {}))
    rows_.erase(account, std::string(row->key));
}

}  // namespace hotline::profile

#include "preference_queries.h"

#include <utility>

#include "search.h"

namespace hotline::archive {

using privacy::Refusal;

namespace {
constexpr std::size_t addresses_max = 200;  // On both lists together.
}

PreferenceQueries::PreferenceQueries(const hl_host* host)
    : sessions_(host),
      stanzas_(host),
      crypto_(host),
      rows_(sdk::Tables(host).open(preferences_table)),
      preferences_(host) {}

sdk::Status PreferenceQueries::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  const std::string_view type = sdk::view(iq.type), account = sdk::view(event.account);
  const sdk::Element asked = stanzas_.payload(iq);
  if (!asked.is("prefs", ns_mam) || (type != "get" && type != "set")) return HL_E_NONE;
  const std::optional<Refusal> refusal = type == "set" ? set(account, asked) : std::nullopt;
  sessions_.send(event.session, refusal
                                    ? sdk::stanza_error(iq, refusal->type, refusal->condition, refusal->text)
                                    : sdk::iq_result(iq, prefs(account)));
  return HL_OK;
}

// Whole or not at all.
std::optional<Refusal> PreferenceQueries::set(std::string_view account, const sdk::Element& prefs) const {
  const std::string_view policy = prefs.attr("default");
  if (policy != policy_always && policy != policy_never && policy != policy_roster)
    return Refusal{"modify", "bad-request", "`default` is always, never or roster"};
  std::string row = std::string(policy).append(1, '\n');
  std::size_t count = 0;
  if (auto refusal = take_list(prefs.child("always", ns_mam), '+', row, count)) return refusal;
  if (auto refusal = take_list(prefs.child("never", ns_mam), '-', row, count)) return refusal;
  if (rows_.put(account, preferences_key, row) != HL_OK)
    return Refusal{"wait", "resource-constraint", "there is no room for preferences"};
  return std::nullopt;
}

std::optional<Refusal> PreferenceQueries::take_list(const sdk::Element& list, char sign, std::string& row,
                                                    std::size_t& count) const {
  for (sdk::Element jid = list.first(); jid; jid = jid.next()) {
    if (!jid.is("jid", ns_mam)) continue;
    if (++count > addresses_max)
      return Refusal{"modify", "policy-violation", "200 addresses at most, on both lists together"};
    const std::optional<std::string> prepared = crypto_.prepare_jid(jid.text());
    // Not that a prepared address could have a line feed in it; a row that had one would read as another.
    if (!prepared || prepared->find('\n') != std::string::npos)
      return Refusal{"modify", "jid-malformed", "what is in a list is an address"};
    row.append(1, sign).append(*prepared).append(1, '\n');
  }
  return std::nullopt;
}

std::string PreferenceQueries::prefs(std::string_view account) const {
  std::string_view row = preferences_.row(account);
  sdk::Xml xml;
  xml.open("prefs", ns_mam).attr("default", privacy::take_line(row));
  for (const auto& [name, sign] : {std::pair{"always", '+'}, std::pair{"never", '-'}}) {
    xml.open(name);
    for (std::string_view rest = row; !rest.empty();)
      if (const std::string_view line = privacy::take_line(rest); line.starts_with(sign))
        xml.leaf("jid", line.substr(1));
    xml.close();
  }
  return xml.take();
}

}  // namespace hotline::archive

#include "settings_queries.h"

#include <array>
#include <string>
#include <vector>

namespace hotline::privacy {

namespace {

struct Setting {
  std::string_view name;
  std::array<std::string_view, 3> words;
};
constexpr Setting known[] = {
    {last_seen_setting, {"everyone", "contacts", "nobody"}},
    {read_receipts_setting, {"on", "off"}},
};

const Setting* find(std::string_view name) {
  for (const Setting& setting : known)
    if (setting.name == name) return &setting;
  return nullptr;
}
bool takes(const Setting& setting, std::string_view word) {
  for (const std::string_view each : setting.words)
    if (!each.empty() && each == word) return true;
  return false;
}

}  // namespace

SettingsQueries::SettingsQueries(const hl_host* host, const Settings& settings, const LastSeen& last_seen)
    : settings_(settings),
      last_seen_(last_seen),
      sessions_(host),
      stanzas_(host),
      rows_(sdk::Tables(host).open(settings_table)) {}

sdk::Status SettingsQueries::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  const sdk::Element wish = stanzas_.payload(iq);
  const std::string_view type = sdk::view(iq.type);
  if (!wish.is("settings", ns_settings) || (type != "get" && type != "set")) return HL_E_NONE;
  const std::string_view account = sdk::view(event.account);
  const std::optional<Refusal> refusal = type == "set" ? change(account, wish) : std::nullopt;
  sessions_.send(event.session, refusal
                                    ? sdk::stanza_error(iq, refusal->type, refusal->condition, refusal->text)
                                    : sdk::iq_result(iq, text(account)));
  return HL_OK;
}

std::string SettingsQueries::text(std::string_view account) const {
  const Visibility visibility = settings_.last_seen(account);
  sdk::Xml xml;
  xml.open("settings", ns_settings);
  xml.leaf(last_seen_setting, visibility == Visibility::everyone   ? "everyone"
                              : visibility == Visibility::contacts ? "contacts"
                                                                   : "nobody");
  xml.leaf(read_receipts_setting, settings_.shares_read_receipts(account) ? "on" : "off");
  return xml.take();
}

std::optional<Refusal> SettingsQueries::change(std::string_view account, const sdk::Element& wish) const {
  std::vector<std::pair<std::string_view, std::string_view>> changes;
  for (sdk::Element element = wish.first(); element; element = element.next()) {
    const Setting* setting = element.ns() == ns_settings ? find(element.name()) : nullptr;
    if (setting == nullptr)
      return Refusal{"modify", "not-acceptable", "the settings are last-seen and read-receipts"};
    if (!takes(*setting, element.text())) {
      std::string text = std::string(setting->name) + " is one of";
      for (const std::string_view word : setting->words)
        if (!word.empty()) text.append(1, ' ').append(word);
      return Refusal{"modify", "not-acceptable", std::move(text)};
    }
    if (changes.size() == std::size(known))
      return Refusal{"modify", "bad-request", "a setting is named twice"};
    changes.emplace_back(setting->name, element.text());
  }
  for (const auto& [name, word] : changes) sdk::require(rows_.put(account, name, word), "settings.put");
  // What nobody may be told is not kept.
  if (settings_.last_seen(account) == Visibility::nobody) last_seen_.erase(account);
  return std::nullopt;
}

void SettingsQueries::erase_all(std::string_view account) const {
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, {}))
    rows_.erase(account, std::string(row->key));
}

}  // namespace hotline::privacy

#include "vcard.h"

namespace hotline::profile {

using privacy::Refusal;

namespace {
constexpr std::string_view nothing = "<vCard xmlns='vcard-temp'></vCard>";
constexpr std::size_t card_size_max = 131'072;  // A picture of 64 KiB as Base64, and what is said beside it.
}  // namespace

VCard::VCard(const hl_host* host, const Audience& audience)
    : audience_(audience), rows_(sdk::Tables(host).open("vcards")) {}

std::optional<Refusal> VCard::on_own(std::string_view account, std::string_view type,
                                     const sdk::Element& card, std::string& inner) const {
  if (type == "get") {
    inner = rows_.get(account, "").value_or("<vCard xmlns='vcard-temp'/>");
    return std::nullopt;
  }
  if (card.xml().size() > card_size_max)
    return Refusal{"modify", "not-acceptable", "a vCard has 131072 bytes at most: take a smaller picture"};
  if (!card.first()) {
    rows_.erase(account, "");
  } else if (rows_.put(account, "", card.xml()) != HL_OK) {
    return Refusal{"wait", "resource-constraint", "there is no room for this now: try again later"};
  }
  return std::nullopt;
}

bool VCard::put(std::string_view account, std::string_view card) const {
  if (card == nothing) {
    rows_.erase(account, "");
    return true;
  }
  return card.size() <= card_size_max && rows_.put(account, "", card) == HL_OK;
}

std::optional<Refusal> VCard::on_asked(std::string_view account, std::string_view asker,
                                       std::string& inner) const {
  const Standing standing = audience_.standing(account, asker);
  const std::optional<std::string_view> row = rows_.get(account, "");
  if (standing == Standing::nobody || (standing == Standing::stranger && !row))
    return Refusal{"cancel", "service-unavailable"};
  if (!row) return Refusal{"cancel", "item-not-found"};
  inner = *row;
  return std::nullopt;
}

}  // namespace hotline::profile

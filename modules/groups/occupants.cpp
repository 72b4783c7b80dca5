#include "occupants.h"

#include <algorithm>

#include "words.h"

namespace hotline::groups {

namespace {

std::string nick_row(std::string_view nick) {
  return std::string("n").append(nick);
}
std::string session_row(std::string_view account, std::string_view resource) {
  return std::string("s").append(account).append(1, '/').append(resource);
}

}  // namespace

std::string Occupant::encode() const {
  std::string row = fields({account, text(role), id, presence});
  for (const std::string& each : resources) row.append(1, field_end).append(each);
  return row;
}

std::optional<Occupant> Occupant::decode(std::string_view row) {
  FieldReader reader(row);
  Occupant occupant;
  occupant.account = reader.next();
  const std::optional<Role> role = role_of(reader.next());
  if (!role) return std::nullopt;
  occupant.role = *role;
  occupant.id = reader.next();
  if (!reader.has_more()) return std::nullopt;
  occupant.presence = reader.next();
  while (reader.has_more()) occupant.resources.emplace_back(reader.next());
  return occupant;
}

std::string_view account_of_row(std::string_view row) {
  return FieldReader(row).next();
}

Role role_of_row(std::string_view row) {
  FieldReader reader(row);
  reader.next();
  return role_of(reader.next()).value_or(Role::none);
}

Occupants::Occupants(const hl_host* host) : table_(sdk::Tables(host).open("occupants")) {}

std::optional<Occupant> Occupants::find(std::string_view room, std::string_view nick) const {
  const std::optional<std::string_view> row = table_.get(room, nick_row(nick));
  return row ? Occupant::decode(*row) : std::nullopt;
}

std::string Occupants::nick_of(std::string_view room, std::string_view full_address) const {
  return std::string(table_.get(room, std::string("s").append(full_address)).value_or(""));
}

sdk::Status Occupants::put(std::string_view room, std::string_view nick, const Occupant& occupant) const {
  return table_.put(room, nick_row(nick), occupant.encode());
}

sdk::Status Occupants::add(std::string_view room, std::string_view nick, Occupant& occupant,
                           std::string_view resource) const {
  if (std::ranges::find(occupant.resources, resource) == occupant.resources.end())
    occupant.resources.emplace_back(resource);
  if (table_.put(room, session_row(occupant.account, resource), nick) != HL_OK) return HL_E_FULL;
  if (put(room, nick, occupant) == HL_OK) return HL_OK;
  table_.erase(room, session_row(occupant.account, resource));
  return HL_E_FULL;
}

void Occupants::remove(std::string_view room, std::string_view nick, Occupant& occupant,
                       std::string_view resource) const {
  table_.erase(room, session_row(occupant.account, resource));
  std::erase(occupant.resources, resource);
  if (occupant.resources.empty()) {
    table_.erase(room, nick_row(nick));
  } else {
    static_cast<void>(put(room, nick, occupant));  // There is a row: it fits.
  }
}

void Occupants::erase(std::string_view room, std::string_view nick, const Occupant& occupant) const {
  for (const std::string& each : occupant.resources) table_.erase(room, session_row(occupant.account, each));
  table_.erase(room, nick_row(nick));
}

}  // namespace hotline::groups

// Rank: who is what in a room, and who may change it (XEP-0045 5, and the tables of 8, 9 and 10).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hotline::groups {

enum class Affiliation : std::uint8_t { outcast, none, member, admin, owner };  // Ascending.
enum class Role : std::uint8_t { none, visitor, participant, moderator };       // Ascending.

std::string_view text(Affiliation affiliation);
std::string_view text(Role role);
std::optional<Affiliation> affiliation_of(std::string_view text);
std::optional<Role> role_of(std::string_view text);

// The role that one enters with (5.1.1).
Role first_role(Affiliation affiliation, bool is_moderated);

// What an answer to a wish may be; the words are those of the stanza error.
enum class Permission : std::uint8_t {
  granted,
  forbidden,    // Who asks is not of the rank to ask such things at all.
  not_allowed,  // The one it is about is of too high a rank, or the wish of too high a one.
};

// 9 and 10: admins deal with what is below admin, owners with everything.
Permission may_change(Affiliation actor, Affiliation before, Affiliation after);

struct Standing {
  Affiliation affiliation = Affiliation::none;
  Role role = Role::none;
};
// 8 and 9.6, 9.7: moderators deal with voice and kick, admins with moderators; nobody with someone above.
Permission may_change(Standing actor, Standing target, Role after);

}  // namespace hotline::groups

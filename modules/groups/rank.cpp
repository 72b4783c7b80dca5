#include "rank.h"

#include <array>

namespace hotline::groups {

namespace {
constexpr std::array<std::string_view, 5> affiliation_texts{"outcast", "none", "member", "admin", "owner"};
constexpr std::array<std::string_view, 4> role_texts{"none", "visitor", "participant", "moderator"};

template <typename Value, typename Texts>
std::optional<Value> find(const Texts& texts, std::string_view text) {
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (texts[i] == text) return static_cast<Value>(i);
  return std::nullopt;
}
}  // namespace

std::string_view text(Affiliation affiliation) {
  return affiliation_texts[static_cast<std::size_t>(affiliation)];
}
std::string_view text(Role role) {
  return role_texts[static_cast<std::size_t>(role)];
}
std::optional<Affiliation> affiliation_of(std::string_view text) {
  return find<Affiliation>(affiliation_texts, text);
}
std::optional<Role> role_of(std::string_view text) {
  return find<Role>(role_texts, text);
}

Role first_role(Affiliation affiliation, bool is_moderated) {
  switch (affiliation) {
    case Affiliation::owner:
    case Affiliation::admin: return Role::moderator;
    case Affiliation::member: return Role::participant;
    case Affiliation::none: return is_moderated ? Role::visitor : Role::participant;
    case Affiliation::outcast: return Role::none;
  }
  return Role::none;
}

Permission may_change(Affiliation actor, Affiliation before, Affiliation after) {
  if (actor < Affiliation::admin) return Permission::forbidden;
  if (actor == Affiliation::owner) return Permission::granted;
  // 10.5 and 10.8 are for owners: who is admin or owner, and who becomes one.
  if (after >= Affiliation::admin) return Permission::forbidden;
  return before >= Affiliation::admin ? Permission::not_allowed : Permission::granted;
}

Permission may_change(Standing actor, Standing target, Role after) {
  if (actor.role != Role::moderator) return Permission::forbidden;
  const bool is_about_moderators = after == Role::moderator || target.role == Role::moderator;
  if (is_about_moderators && after != Role::none && actor.affiliation < Affiliation::admin)
    return Permission::forbidden;
  if (after == Role::moderator) return Permission::granted;
  // 8.2, 8.4, 9.7: nobody loses a role to somebody below, nor an admin or owner the voice that goes with it.
  if (target.affiliation > actor.affiliation) return Permission::not_allowed;
  if (after != Role::none && target.affiliation >= Affiliation::admin) return Permission::not_allowed;
  const bool are_equal = target.affiliation == actor.affiliation && target.role == actor.role;
  if (after == Role::none && are_equal && actor.affiliation != Affiliation::owner)
    return Permission::not_allowed;
  return Permission::granted;
}

}  // namespace hotline::groups

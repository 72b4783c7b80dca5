// Rooms: what a room keeps, in rows of its own account (its address): settings, subject, and who is what in
// it. Durable table "rooms", schema 1:
//
//     ""            settings (settings.h)
//     "s"           the subject: who set it (a nick), when (XEP-0082), its text
//     "a" account   affiliation; the nick of one who stays, else nothing
//     "k" nick      the account that stays under it
//     "i" invitee, inviter  (accounts, as fields) since when the one may decline to the other (XEP-0082)
//
// Who is at least a member and has entered once stays: messages are kept for them while they are away, and
// their nick is theirs alone. Rows "i" came after the others: a version that does not know them passes them
// by, and erases them with the room.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "rank.h"
#include "settings.h"

namespace hotline::groups {

struct Affiliate {
  Affiliation affiliation = Affiliation::none;
  std::string nick;  // Empty: does not stay.

  static std::optional<Affiliate> decode(std::string_view row);
};

struct Subject {
  std::string nick;
  std::string stamp;
  std::string text;
};

class Rooms {
 public:
  explicit Rooms(const hl_host* host);

  std::optional<Settings> find(std::string_view room) const;
  bool exists(std::string_view room) const { return table_.get(room, "").has_value(); }
  [[nodiscard]] sdk::Status put(std::string_view room, const Settings& settings) const;

  Affiliate affiliate(std::string_view room, std::string_view account) const;
  Affiliation affiliation(std::string_view room, std::string_view account) const {
    return affiliate(room, account).affiliation;
  }
  // Who is nothing has no row. HL_E_FULL: the room has as many affiliates as it may. HL_E_NONE: there is no
  // such room, and a row would wait for whoever makes one.
  [[nodiscard]] sdk::Status set(std::string_view room, std::string_view account,
                                const Affiliate& affiliate) const;
  // The account that stays under that nick. Empty: nobody does.
  std::string holder(std::string_view room, std::string_view nick) const;
  // Calls `each(account, row)`, in order of account; the room must not change meanwhile.
  template <typename Each>
  void for_each_affiliate(std::string_view room, Each each) const {
    for (auto row = table_.next(room, affiliate_key); row && row->key.starts_with(affiliate_key);
         row = table_.next(room, row->key))
      each(row->key.substr(1), row->value);
  }

  std::optional<Subject> subject(std::string_view room) const;
  [[nodiscard]] sdk::Status put(std::string_view room, const Subject& subject) const;

  // Who may decline, and to whom: until they have done so or entered, or others were invited after them.
  void invite(std::string_view room, std::string_view invitee, std::string_view inviter,
              std::string_view stamp) const;
  bool is_invited(std::string_view room, std::string_view invitee, std::string_view inviter) const;
  void forget_invitation(std::string_view room, std::string_view invitee, std::string_view inviter) const;
  // By whomever.
  void forget_invitations(std::string_view room, std::string_view invitee) const;
  // The account is removed: what it was invited to, and what it has invited to.
  void forget_account(std::string_view room, std::string_view account) const;

  void erase_all(std::string_view room) const;

 private:
  static constexpr std::string_view affiliate_key = "a";
  bool has_space(std::string_view room) const;
  void forget_oldest_invitation(std::string_view room) const;
  // Calls `matches(invitee, inviter)` for those whose rows begin like that: where it is true the row goes.
  template <typename Matches>
  void erase_invitations(std::string_view room, std::string_view beginning, Matches matches) const;

  sdk::Table table_;
  std::int64_t affiliates_max_;
};

}  // namespace hotline::groups

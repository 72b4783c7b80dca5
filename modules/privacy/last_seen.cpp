#include "last_seen.h"

#include <algorithm>
#include <charconv>

#include "presence/roster_item.h"
#include "presence/session_fields.h"
#include "registration/account_row.h"

namespace hotline::privacy {

namespace {
constexpr std::string_view ns_last = "jabber:iq:last";
constexpr std::uint64_t ms_per_s = 1000;
}  // namespace

LastSeen::LastSeen(const hl_host* host, const Settings& settings, const blocking::Blocked& blocked)
    : settings_(settings),
      blocked_(blocked),
      sessions_(host),
      posts_(host),
      crypto_(host),
      clock_(host),
      config_(host),
      rows_(sdk::Tables(host).open("last_seen")),
      roster_(sdk::Tables(host).open("roster")),
      accounts_(sdk::Tables(host).open(accounts::table_name)),
      priority_(sessions_.field(session_fields::priority)) {}

sdk::Status LastSeen::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  if (sdk::view(iq.type) != "get") return HL_E_NONE;
  const std::string_view account = sdk::view(event.account);
  const std::optional<std::string> to =
      sdk::is_absent(iq.to) ? std::string(account) : crypto_.prepare_jid(sdk::view(iq.to));
  if (!to) {
    sessions_.send(event.session, sdk::stanza_error(iq, "modify", "jid-malformed"));
    return HL_OK;
  }
  const sdk::Jid jid = *sdk::Jid::parse(*to);
  if (jid.local.empty() || jid.domain != config_.domain()) return HL_E_NONE;
  if (blocked_.covers(account, *to)) {
    sessions_.send(event.session, blocking::blocked_error(iq));
    return HL_OK;
  }
  const sdk::Status status = posts_.stanza(jid.bare(), topic::last_asked, iq);
  if (status == HL_E_FULL)
    sessions_.send(event.session, sdk::stanza_error(iq, "wait", "resource-constraint",
                                                    "the server is overloaded: try again later"));
  else
    sdk::require(status, "post.stanza");
  return HL_OK;
}

sdk::Status LastSeen::on_question(std::string_view account, const hl_stanza& iq) const {
  const std::string_view asker = sdk::view(iq.from);
  const std::optional<std::uint64_t> seconds = known_to(account, asker);
  sdk::Xml query;
  if (seconds) query.open("query", ns_last).attr("seconds", *seconds);
  std::string answer(asker.substr(std::min(bare(asker).size() + 1, asker.size())));
  answer.append(1, '\n').append(seconds ? sdk::iq_result(iq, query.take())
                                        : sdk::stanza_error(iq, "cancel", "service-unavailable"));
  // An asker whose home takes no more posts has worse to mend than a missing answer.
  static_cast<void>(posts_.bytes(bare(asker), topic::answer, answer));
  return HL_OK;
}

std::optional<std::uint64_t> LastSeen::known_to(std::string_view account, std::string_view asker) const {
  if (!may_know(account, asker)) return std::nullopt;
  bool is_there = false;
  sessions_.for_each(account, [&](hl_session session) {
    is_there = is_there || session_fields::is_available(priority_.get(session));
  });
  if (is_there) return 0;
  const std::optional<std::string_view> row = rows_.get(account, "");
  std::uint64_t then_s = 0;
  if (!row || std::from_chars(row->data(), row->data() + row->size(), then_s).ec != std::errc{})
    return std::nullopt;
  const std::uint64_t now_s = clock_.wall_ms() / ms_per_s;
  return now_s > then_s ? now_s - then_s : 0;
}

bool LastSeen::may_know(std::string_view account, std::string_view asker) const {
  if (bare(asker) == account) return true;
  if (blocked_.covers(account, asker)) return false;
  switch (settings_.last_seen(account)) {
    case Visibility::everyone: return true;
    case Visibility::contacts: {
      const std::optional<std::string_view> row = roster_.get(account, bare(asker));
      return row && presence::has_from(presence::state_of_row(*row));
    }
    case Visibility::nobody: return false;
  }
  return false;
}

// Of the account's last session. What nobody may be told is not kept.
void LastSeen::session_ended(std::string_view account, hl_session session) const {
  bool has_others = false;
  sessions_.for_each(account, [&](hl_session other) { has_others = has_others || other != session; });
  if (has_others || settings_.last_seen(account) == Visibility::nobody) return;
  if (!accounts_.get(account, accounts::scram_key)) return;  // It ended because the account was removed.
  // Without room for a row nobody is told when; that is the answer of an account that was never there.
  static_cast<void>(rows_.put(account, "", std::to_string(clock_.wall_ms() / ms_per_s)));
}

}  // namespace hotline::privacy

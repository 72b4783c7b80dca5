#include "client_state.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "presence/session_fields.h"

namespace hotline::routing {

namespace {

constexpr std::uint64_t held_max = 1000;      // Rows of one account, all its sessions together.
constexpr std::size_t held_bytes_max = 4096;  // Of one stanza.
constexpr std::string_view kind_chat_state = "c";
constexpr std::string_view kind_presence = "p";

std::string counter_key(hl_session session) {
  return std::to_string(session).append(1, '\n');
}
std::string held_key(hl_session session, std::string_view kind, std::string_view sender) {
  return counter_key(session).append(kind).append(1, '\n').append(sender);
}
std::uint64_t number_in(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

ClientState::ClientState(const hl_host* host)
    : sessions_(host),
      held_(sdk::Tables(host).open("held")),
      state_(sessions_.field(session_fields::client_state)) {}

sdk::Status ClientState::on_element(const hl_stanza_event& event) const {
  const std::string_view wish = sdk::view(event.stanza->name);
  if (wish == "inactive") {
    state_.set(event.session, session_fields::client_inactive);
    return HL_OK;
  }
  if (wish != "active") return HL_E_NONE;
  if (is_inactive(event.session)) resumed(sdk::view(event.account), event.session);
  return HL_OK;
}

// XEP-0352 5.2: the state is not restored with the stream.
void ClientState::resumed(std::string_view account, hl_session session) const {
  if (!is_inactive(session)) return;
  state_.set(session, session_fields::client_active_again);
  flush(account, session);
}

bool ClientState::is_inactive(hl_session session) const {
  return state_.get(session) == session_fields::client_inactive;
}

bool ClientState::hold(std::string_view account, const std::string& key, hl_session session,
                       std::string_view xml) const {
  const bool has_room = held_.count(account) < held_max || held_.get(account, key).has_value();
  if (has_room && xml.size() <= held_bytes_max && put(account, key, session, xml)) return true;
  held_.erase(account, key);  // What is older may not come after it.
  return false;
}

bool ClientState::put(std::string_view account, const std::string& key, hl_session session,
                      std::string_view xml) const {
  const std::string counter = counter_key(session);
  const std::string number = std::to_string(number_in(held_.get(account, counter).value_or("0")) + 1);
  return held_.put(account, counter, number) == HL_OK &&
         held_.put(account, key, std::string(number).append(1, '\n').append(xml)) == HL_OK;
}

void ClientState::hold_chat_state(std::string_view account, hl_session session, std::string_view sender,
                                  std::string_view xml) const {
  hold(account, held_key(session, kind_chat_state, sender), session, xml);
}

void ClientState::forget_chat_state(std::string_view account, hl_session session,
                                    std::string_view sender) const {
  held_.erase(account, held_key(session, kind_chat_state, sender));
}

sdk::Status ClientState::on_presence(std::string_view account, std::string_view bytes) const {
  const std::size_t first = bytes.find('\n');
  const std::size_t second = first == std::string_view::npos ? first : bytes.find('\n', first + 1);
  if (second == std::string_view::npos) return HL_E_NONE;
  const hl_session session = number_in(bytes.substr(0, first));
  const std::string_view sender = bytes.substr(first + 1, second - first - 1);
  const std::string_view xml = bytes.substr(second + 1);
  if (!is_inactive(session) || !hold(account, held_key(session, kind_presence, sender), session, xml))
    sessions_.send(session, xml);  // One that has ended takes nothing any more.
  return HL_OK;
}

void ClientState::flush(std::string_view account, hl_session session) const {
  const std::string prefix = counter_key(session);
  std::vector<sdk::Row> rows;
  for (auto row = held_.next(account, prefix); row && row->key.starts_with(prefix);
       row = held_.next(account, row->key))
    rows.push_back(*row);
  std::sort(rows.begin(), rows.end(),
            [](const sdk::Row& a, const sdk::Row& b) { return number_in(a.value) < number_in(b.value); });
  for (const sdk::Row& row : rows) sessions_.send(session, row.value.substr(row.value.find('\n') + 1));
  ended(account, session);
}

void ClientState::ended(std::string_view account, hl_session session) const {
  const std::string prefix = counter_key(session);
  if (!held_.erase(account, prefix)) return;  // Nothing was ever held.
  for (auto row = held_.next(account, prefix); row && row->key.starts_with(prefix);
       row = held_.next(account, prefix))
    held_.erase(account, std::string(row->key));
}

}  // namespace hotline::routing

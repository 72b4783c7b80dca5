// The fake host's tables, mailboxes, timers and posts: their C functions over State, with the statuses
// the headers promise.
#pragma once

#include <string>
#include <string_view>

#include "hotline/cap/mailbox.h"
#include "hotline/cap/post.h"
#include "hotline/cap/table.h"
#include "hotline/cap/timer.h"
#include "hotline/fake/view.hpp"

namespace hotline::sdk::fake {

struct TableCalls {
  static hl_status open(const hl_host* host, hl_str name, std::uint32_t* table) {
    View& v = of(host);
    const std::string text(view(name));
    if (!v.manifest.has({"table", text}) && !v.manifest.has({"reads-table", text})) return HL_E_NONE;
    v.table_names.push_back(text);
    *table = static_cast<std::uint32_t>(v.table_names.size() - 1);
    return HL_OK;
  }
  using Rows = std::map<std::string, std::string>;
  static std::map<std::string, Rows>& table_of(const hl_host* host, std::uint32_t table) {
    return state_of(host).tables[of(host).table_names.at(table)];
  }
  // NULL: the account has none. Reading makes nothing.
  static const Rows* rows_of(const hl_host* host, std::uint32_t table, hl_str account) {
    const auto& accounts = table_of(host, table);
    const auto found = accounts.find(std::string(view(account)));
    return found == accounts.end() ? nullptr : &found->second;
  }
  static bool is_elsewhere(const hl_host* host, hl_str account) {
    return state_of(host).elsewhere.contains(std::string(view(account)));
  }
  static bool is_own(const hl_host* host, std::uint32_t table) {
    return of(host).manifest.has({"table", of(host).table_names.at(table)});
  }
  static hl_status get(const hl_host* host, std::uint32_t table, hl_str account, hl_str key, hl_str* value) {
    if (is_elsewhere(host, account)) return HL_E_ELSEWHERE;
    const Rows* rows = rows_of(host, table, account);
    if (rows == nullptr) return HL_E_NONE;
    const auto found = rows->find(std::string(view(key)));
    if (found == rows->end()) return HL_E_NONE;
    *value = str(found->second);
    return HL_OK;
  }
  static hl_status put(const hl_host* host, std::uint32_t table, hl_str account, hl_str key, hl_str value) {
    if (is_elsewhere(host, account)) return HL_E_ELSEWHERE;
    if (!is_own(host, table)) return HL_E_DENIED;
    if (key.size > HL_KEY_SIZE_MAX || value.size > HL_ROW_SIZE_MAX) return HL_E_INVALID;
    table_of(host, table)[std::string(view(account))][std::string(view(key))] = view(value);
    return HL_OK;
  }
  static hl_status erase(const hl_host* host, std::uint32_t table, hl_str account, hl_str key) {
    if (is_elsewhere(host, account)) return HL_E_ELSEWHERE;
    if (!is_own(host, table)) return HL_E_DENIED;
    auto& accounts = table_of(host, table);
    Rows& rows = accounts[std::string(view(account))];
    const bool was = rows.erase(std::string(view(key))) > 0;
    if (rows.empty()) accounts.erase(std::string(view(account)));
    return was ? HL_OK : HL_E_NONE;
  }
  static hl_status next(const hl_host* host, std::uint32_t table, hl_str account, hl_str after, hl_str* key,
                        hl_str* value) {
    if (is_elsewhere(host, account)) return HL_E_ELSEWHERE;
    const Rows* rows = rows_of(host, table, account);
    if (rows == nullptr) return HL_E_NONE;
    const auto found = is_absent(after) ? rows->begin() : rows->upper_bound(std::string(view(after)));
    if (found == rows->end()) return HL_E_NONE;
    *key = str(found->first);
    *value = str(found->second);
    return HL_OK;
  }
  static hl_status count(const hl_host* host, std::uint32_t table, hl_str account, std::uint64_t* rows) {
    if (is_elsewhere(host, account)) return HL_E_ELSEWHERE;
    const Rows* found = rows_of(host, table, account);
    *rows = found == nullptr ? 0 : found->size();
    return HL_OK;
  }
  static hl_status next_account(const hl_host* host, std::uint32_t table, hl_str after, hl_str* account) {
    const auto& accounts = table_of(host, table);
    auto found = is_absent(after) ? accounts.begin() : accounts.upper_bound(std::string(view(after)));
    while (found != accounts.end() && found->second.empty()) ++found;
    if (found == accounts.end()) return HL_E_NONE;
    *account = str(found->first);
    return HL_OK;
  }
};

struct MailboxCalls {
  static hl_status mailbox_put(const hl_host* host, hl_str account, const hl_stanza* stanza,
                               std::uint64_t tag, std::uint32_t flags, hl_entry* entry) {
    State& state = state_of(host);
    if (TableCalls::is_elsewhere(host, account)) return HL_E_ELSEWHERE;
    auto& entries = state.mailboxes[std::string(view(account))];
    const auto bound = of(host).numbers->find("fake.mailbox_entries_max");
    if (bound != of(host).numbers->end() && entries.size() >= static_cast<std::size_t>(bound->second))
      return HL_E_FULL;
    *entry = state.next_handle++;
    entries[*entry] = {std::string(view(stanza->xml)), tag, flags, *of(host).wall_ms, 0, of(host).module};
    return HL_OK;
  }
  static hl_status drain(const hl_host* host, hl_session id) {
    State& state = state_of(host);
    const Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    for (const auto& [number, entry] : state.mailboxes[session->account])
      if (entry.holder == 0 || state.sessions.at(entry.holder).stream == 0)
        state.drains.emplace_back(id, number);
    return HL_OK;
  }
  static hl_status accept(const hl_host* host, hl_str account, std::uint64_t tag) {
    auto& entries = state_of(host).mailboxes[std::string(view(account))];
    return std::erase_if(entries, [&](const auto& entry) { return entry.second.tag == tag; }) > 0 ? HL_OK
                                                                                                  : HL_E_NONE;
  }
  static hl_status remove(const hl_host* host, hl_str account, hl_entry entry) {
    return state_of(host).mailboxes[std::string(view(account))].erase(entry) > 0 ? HL_OK : HL_E_GONE;
  }
  static hl_status mailbox_count(const hl_host* host, hl_str account, std::uint64_t* entries,
                                 std::uint64_t* bytes) {
    *entries = *bytes = 0;
    for (const auto& [number, entry] : state_of(host).mailboxes[std::string(view(account))]) {
      ++*entries;
      *bytes += entry.xml.size();
    }
    return HL_OK;
  }
  static hl_status oldest(const hl_host* host, hl_str account, hl_entry* entry,
                          std::uint64_t* stored_wall_ms) {
    if (TableCalls::is_elsewhere(host, account)) return HL_E_ELSEWHERE;
    const auto& mailboxes = state_of(host).mailboxes;
    const auto found = mailboxes.find(std::string(view(account)));
    if (found == mailboxes.end() || found->second.empty()) return HL_E_NONE;
    *entry = found->second.begin()->first;
    *stored_wall_ms = found->second.begin()->second.stored_wall_ms;
    return HL_OK;
  }
  static hl_status purge(const hl_host* host, hl_str account) {
    state_of(host).mailboxes.erase(std::string(view(account)));
    return HL_OK;
  }
};

struct TimerAndPostCalls {
  static hl_status set_timer(const hl_host* host, hl_str account, hl_str key, std::uint64_t delay_ms,
                             hl_str bytes) {
    state_of(host).timers[of(host).module][{std::string(view(account)), std::string(view(key))}] = {
        *of(host).now_us / 1000 + delay_ms, std::string(view(bytes))};
    return HL_OK;
  }
  static hl_status cancel(const hl_host* host, hl_str account, hl_str key) {
    auto& timers = state_of(host).timers[of(host).module];
    return timers.erase({std::string(view(account)), std::string(view(key))}) > 0 ? HL_OK : HL_E_NONE;
  }
  static hl_status queue_post(const hl_host* host, Post post) {
    const auto bound = of(host).numbers->find("fake.posts_max");
    auto& posts = state_of(host).posts;
    if (bound != of(host).numbers->end() && posts.size() >= static_cast<std::size_t>(bound->second))
      return HL_E_FULL;
    posts.push_back(std::move(post));
    return HL_OK;
  }
  static hl_status post_bytes(const hl_host* host, hl_str account, std::uint32_t topic, hl_str bytes) {
    return queue_post(
        host, {of(host).module, std::string(view(account)), topic, std::string(view(bytes)), nullptr});
  }
  static hl_status post_stanza(const hl_host* host, hl_str account, std::uint32_t topic,
                               const hl_stanza* stanza) {
    // The stanza's own shared_ptr is not at hand: it is parsed again from its canonical bytes.
    return queue_post(
        host, {of(host).module, std::string(view(account)), topic, {}, Stanza::parse(view(stanza->xml))});
  }
  static hl_status post_to_module(const hl_host* host, hl_str module, hl_str account, std::uint32_t topic,
                                  hl_str bytes) {
    return queue_post(host, {std::string(view(module)), std::string(view(account)), topic,
                             std::string(view(bytes)), nullptr});
  }
  static hl_status reaches(const hl_host* host, hl_str module) {
    return of(host).modules.contains(std::string(view(module))) ? HL_OK : HL_E_NONE;
  }
  static hl_status post_stanza_to_module(const hl_host* host, hl_str module, hl_str account,
                                         std::uint32_t topic, const hl_stanza* stanza) {
    return queue_post(
        host,
        {std::string(view(module)), std::string(view(account)), topic, {}, Stanza::parse(view(stanza->xml))});
  }
  static hl_status fan_out(const hl_host* host, const hl_str* accounts, std::uint64_t count,
                           std::uint32_t topic, const hl_stanza* stanza) {
    if (!is_absent(stanza->to)) return HL_E_INVALID;
    const std::shared_ptr<const Stanza> parsed = Stanza::parse(view(stanza->xml));
    for (std::uint64_t i = 0; i < count; ++i) {
      const hl_status status =
          queue_post(host, {of(host).module, std::string(view(accounts[i])), topic, {}, parsed});
      if (status != HL_OK) return status;
    }
    return HL_OK;
  }
};

}  // namespace hotline::sdk::fake

#include "references.h"

#include <algorithm>

#include "link.h"
#include "ranges.h"

namespace hotline::media_link {

namespace {

constexpr std::uint64_t references_max = 10'000;  // Of an account. What is beyond them is not counted.
constexpr std::uint64_t holds_max = 200'000;  // Of a folder's files together; nor is what is beyond these.
constexpr int accounts_looked_at_max = 256;   // In one slice.
constexpr std::string_view wanted = "w", held = "h", leaving = "l";

std::string hold_key(std::string_view name, std::string_view account) {
  return join_words({name, account});
}

// NAME RECIPIENT
struct Hold {
  std::string_view name, account;
};
std::optional<Hold> hold_of(std::string_view bytes) {
  const auto words = split_words(bytes, 2);
  if (!words || (*words)[0].size() != token_digits) return std::nullopt;
  return Hold{(*words)[0], (*words)[1]};
}

}  // namespace

References::References(const hl_host* host, const Settings& settings, const Files& files)
    : settings_(settings),
      files_(files),
      stanzas_(host),
      posts_(host),
      mailboxes_(host),
      references_(sdk::Tables(host).open("media_references")),
      holds_(sdk::Tables(host).open("media_holds")) {}

// To the folder; what does not get there is said again.
void References::say(std::uint32_t topic, std::string_view name, std::string_view account) const {
  static_cast<void>(posts_.bytes(folder_account(name), topic, hold_key(name, account)));
}

void References::answer(std::uint32_t topic, std::string_view account, std::string_view name) const {
  static_cast<void>(posts_.bytes(account, topic, name));
}

void References::on_referenced(std::string_view account, const hl_stanza& message) const {
  const std::string_view url =
      stanzas_.root(message).child("x", ns_out_of_band).child("url", ns_out_of_band).text();
  if (settings_.url.empty() || !url.starts_with(settings_.url)) return;
  const FileLink link = link_of(url.substr(settings_.url.size()));
  // What another node has is not counted there: it stays until its last time.
  if (link.secret.empty() || !settings_.is_here(link.node)) return;
  const std::string name = files_.name_of(link.secret);
  const bool is_new = !references_.get(account, name);
  if (is_new && references_.count(account) >= references_max) return;
  if (references_.put(account, name, wanted) == HL_OK) say(topic::hold, name, account);
}

void References::on_hold(std::string_view bytes) const {
  const auto hold = hold_of(bytes);
  if (!hold) return;
  const std::string folder = folder_account(hold->name);
  std::optional<FileRow> row = files_.find(hold->name);
  // Where there is nothing to be held, or no room for one more, there is nothing to be said again either.
  const bool is_noted = row && row->is_whole() && holds_.count(folder) < holds_max &&
                        holds_.put(folder, hold_key(hold->name, hold->account), "-") == HL_OK;
  if (is_noted && row->expires_ms != row->last_ms) {
    row->expires_ms = row->last_ms;
    if (!files_.put(hold->name, *row)) return;  // It is said again.
  }
  answer(topic::held, hold->account, hold->name);
}

void References::on_held(std::string_view account, std::string_view name) const {
  if (references_.get(account, name) == wanted) static_cast<void>(references_.put(account, name, held));
}

void References::on_release(std::string_view bytes) const {
  const auto hold = hold_of(bytes);
  if (!hold) return;
  const bool was_held = holds_.erase(folder_account(hold->name), hold_key(hold->name, hold->account));
  std::optional<FileRow> row = files_.find(hold->name);
  if (was_held && row && row->is_whole() && !is_held(hold->name)) {
    row->expires_ms = std::min(row->expires_ms, files_.now_ms() + settings_.accepted_ms);
    static_cast<void>(files_.put(hold->name, *row));  // Of a row that is there.
  }
  answer(topic::released, hold->account, hold->name);
}

// Where another message has come meanwhile, it is wanted again.
void References::on_released(std::string_view account, std::string_view name) const {
  const auto state = references_.get(account, name);
  if (state == leaving) references_.erase(account, name);
}

bool References::is_held(std::string_view name) const {
  const auto row = holds_.next(folder_account(name), name);
  return row && row->key.starts_with(name);
}

void References::forget_file(std::string_view name) const {
  const std::string folder = folder_account(name);
  for (auto row = holds_.next(folder, name); row && row->key.starts_with(name);
       row = holds_.next(folder, name))
    holds_.erase(folder, std::string(row->key));
}

void References::on_account_removed(std::string_view account) const {
  for (auto row = references_.next(account, {}); row; row = references_.next(account, {})) {
    const std::string name(row->key);
    say(topic::release, name, account);
    references_.erase(account, name);
  }
}

std::string References::look_through(std::string after) const {
  for (int i = 0; i < accounts_looked_at_max; ++i) {
    const auto found = references_.next_account(after);
    if (!found) return {};
    after = *found;
    look_at(after);
  }
  return after;
}

void References::look_at(std::string_view account) const {
  const bool is_empty = mailboxes_.count(account) == 0;
  std::string name;
  for (auto row = references_.next(account, {}); row; row = references_.next(account, name)) {
    name = row->key;
    if (is_empty) {
      if (row->value != leaving) static_cast<void>(references_.put(account, name, leaving));
      say(topic::release, name, account);
    } else if (row->value == wanted) {
      say(topic::hold, name, account);
    }
  }
}

}  // namespace hotline::media_link

#include "reaper.h"

#include <algorithm>

namespace hotline::media_link {

namespace {

constexpr std::string_view round_key = "round";
constexpr std::string_view list_token = "clean";
constexpr std::string_view archive_token = "archive";
constexpr std::uint64_t folders = 65'536;
constexpr int folders_reaped_max = 64;  // In one slice.
constexpr int folders_cleaned_max = 8;  // Of a shard's own; each is a question to the disk.
constexpr int accounts_tried_max = 4'096;

std::string folder_name(std::uint64_t number) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name(folder_digits, '0');
  for (std::size_t i = folder_digits; i > 0; --i, number >>= 4) name[i - 1] = digits[number & 15];
  return name;
}

}  // namespace

Reaper::Reaper(const hl_host* host, const Settings& settings, const Files& files,
               const References& references, const Variants& variants)
    : settings_(settings),
      files_(files),
      references_(references),
      variants_(variants),
      disk_(host),
      timers_(host),
      config_(host),
      rounds_(sdk::Tables(host).open("media_rounds")),
      reaped_(sdk::Stats(host).counter("files_reaped")),
      cleaned_(sdk::Stats(host).counter("files_cleaned")),
      archived_(sdk::Stats(host).counter("files_archived")),
      archived_bytes_(sdk::Stats(host).counter("bytes_archived")),
      archive_full_(sdk::Stats(host).counter("archive_full")) {}

// An account whose home this shard is, the same one each time.
std::string Reaper::own_account() const {
  for (int i = 0; i < accounts_tried_max; ++i) {
    std::string account = "reaper-" + std::to_string(i) + "@media.invalid";
    if (rounds_.is_home(account)) return account;
  }
  return {};
}

void Reaper::begin() const {
  const std::string account = own_account();
  if (account.empty() || rounds_.get(account, round_key)) return;
  if (rounds_.put(account, round_key, "- 0 -") == HL_OK) go_on(account);
}

void Reaper::go_on(const std::string& account) const {
  const auto seconds =
      static_cast<std::uint64_t>(std::max<std::int64_t>(config_.number("reap_seconds", 5), 1));
  // Without a timer there is no round: the next event begins it.
  if (timers_.set(account, round_key, seconds * 1'000) != HL_OK) rounds_.erase(account, round_key);
}

bool Reaper::on_timer(const hl_timer_event& event) const {
  if (sdk::view(event.key) != round_key) return false;
  const std::string account(sdk::view(event.account));
  const auto row = rounds_.get(account, round_key);
  const auto words = row ? split_words(*row, 3) : std::nullopt;
  const auto from = words ? number_of((*words)[1]) : std::nullopt;
  if (!from) return true;
  const auto or_none = [](std::string_view word) { return word == "-" ? std::string_view{} : word; };
  const std::string reader = references_.look_through(std::string(or_none((*words)[2])));
  const std::string after = reap(or_none((*words)[0]));
  const std::uint64_t next = clean(*from);
  const std::string round = join_words({after, std::to_string(next), reader});
  if (rounds_.put(account, round_key, round) == HL_OK) go_on(account);
  return true;
}

// The folders behind `after`; the last one that was looked at, or nothing: it was all.
std::string Reaper::reap(std::string_view after) const {
  std::string folder(after);
  for (int i = 0; i < folders_reaped_max; ++i) {
    const auto found =
        files_.rows().next_account(folder.empty() ? std::string_view{} : std::string_view(folder));
    if (!found) return {};
    folder = *found;
    std::string name;
    bool has_old = false;
    for (auto row = files_.rows().next(folder, {}); row; row = files_.rows().next(folder, name)) {
      name = row->key;
      const auto file = FileRow::decode(row->value);
      if (file && file->expires_ms > files_.now_ms()) {
        has_old = has_old || is_old(*file);
        continue;
      }
      remove(name, file && file->is_whole() ? std::string_view(file->detail) : std::string_view{});
      reaped_.add();
    }
    if (has_old) archive(folder);
  }
  return folder;
}

// A row says when a file goes at the latest, which is `keep_ms` after it came.
bool Reaper::is_old(const FileRow& row) const {
  return settings_.archive_after_ms > 0 && row.is_whole() &&
         row.last_ms + settings_.archive_after_ms <= files_.now_ms() + settings_.keep_ms;
}

void Reaper::archive(const std::string& folder) const {
  // Without an archive they stay where they are.
  static_cast<void>(disk_.archive(std::string_view(folder).substr(0, folder_digits),
                                  settings_.archive_after_ms / 1'000, folder, archive_token));
}

void Reaper::archived(const hl_work_event& event) const {
  const auto words = split_words(sdk::view(event.result), 2);
  const auto files = words ? number_of((*words)[0]) : std::nullopt;
  const auto bytes = words ? number_of((*words)[1]) : std::nullopt;
  if (files && *files > 0) archived_.add(static_cast<std::int64_t>(*files));
  if (bytes && *bytes > 0) archived_bytes_.add(static_cast<std::int64_t>(*bytes));
  if (event.status == HL_E_FULL) archive_full_.add();
}

// The folders on the disk from that one on, as far as they are this shard's; the next one.
std::uint64_t Reaper::clean(std::uint64_t from) const {
  int asked = 0;
  for (std::uint64_t number = from; number < folders; ++number) {
    const std::string folder = folder_name(number);
    const std::string account = folder_account(folder);
    if (!rounds_.is_home(account)) continue;
    if (disk_.list(folder, account, list_token) != HL_OK) return 0;
    if (++asked == folders_cleaned_max) return (number + 1) % folders;
  }
  return 0;
}

bool Reaper::on_work(const hl_work_event& event) const {
  if (sdk::view(event.token) == archive_token) {
    archived(event);
    return true;
  }
  if (sdk::view(event.token) != list_token) return false;
  std::string_view names = sdk::view(event.result);
  while (event.status == HL_OK && !names.empty()) {
    const std::string_view name = names.substr(0, names.find('\n'));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    if (name.size() == token_digits && (files_.is_known(name) || variants_.is_made_now(name))) continue;
    if (name.size() < folder_digits || folder_account(name) != sdk::view(event.account)) continue;
    disk_.erase(name);
    cleaned_.add();
  }
  return true;
}

void Reaper::forget(std::string_view name) const {
  if (name.size() != token_digits || !files_.is_known(name)) return;
  const std::optional<FileRow> file = files_.find(name);
  remove(name, file && file->is_whole() ? std::string_view(file->detail) : std::string_view{});
}

void Reaper::remove(std::string_view name, std::string_view digest) const {
  files_.erase(name);
  references_.forget_file(name);
  variants_.forget_file(name);
  disk_.erase(name, digest);
}

}  // namespace hotline::media_link

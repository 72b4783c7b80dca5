#include "variants.h"

#include <algorithm>

namespace hotline::media_link {

namespace {

constexpr std::string_view make_token = "transcode";
constexpr std::string_view timer_prefix = "variant ";
constexpr std::uint64_t wait_ms_max = 10'000;  // Then it is the original: below http.answer_seconds.
constexpr std::uint64_t failed_ms = 600'000;   // It is not tried again for so long; what is refused, a day.
constexpr std::uint64_t refused_ms = 86'400'000;
constexpr std::size_t waiting_max = 64;
constexpr std::string_view has = "v", is_of = "o";

std::string timer_key(std::string_view variant) {
  return std::string(timer_prefix).append(variant);
}

std::string pair_of(std::string_view name, std::string_view other) {
  return join_words({name, other});
}

// NAME OTHER
struct Pair {
  std::string_view name, other;
};
std::optional<Pair> pair_in(std::string_view bytes) {
  const auto words = split_words(bytes, 2);
  if (!words || (*words)[0].size() != token_digits || (*words)[1].size() != token_digits) return std::nullopt;
  return Pair{(*words)[0], (*words)[1]};
}

}  // namespace

// VARIANT PROFILE REQUEST NAME SIZE LAST_MS SHA256 TYPE RANGE IF_RANGE IF_NONE_MATCH: of one who asks.
struct Variants::Wish {
  std::string_view variant, profile;
  hl_request request = 0;
  std::string_view name;  // Of the original.
  FileRow row;            // The same.
  Asked asked;

  std::string encode() const {
    return join_words({variant, profile, std::to_string(request), name, std::to_string(row.size),
                       std::to_string(row.last_ms), row.detail, row.type, asked.range, asked.if_range,
                       asked.if_none_match});
  }
  static std::optional<Wish> decode(std::string_view line) {
    const auto words = split_words(line, 11);
    const auto request = words ? number_of((*words)[2]) : std::nullopt;
    if (!request || (*words)[0].size() != token_digits || (*words)[3].size() != token_digits)
      return std::nullopt;
    const auto row =
        FileRow::decode(join_words({"w", (*words)[4], (*words)[5], (*words)[5], (*words)[6], (*words)[7]}));
    if (!row) return std::nullopt;
    return Wish{(*words)[0], (*words)[1], *request,
                (*words)[3], *row,        {(*words)[8], (*words)[9], (*words)[10]}};
  }
};

Variants::Variants(const hl_host* host, const Files& files, const Answers& answers)
    : files_(files),
      answers_(answers),
      disk_(host),
      posts_(host),
      timers_(host),
      crypto_(host),
      variants_(sdk::Tables(host).open("media_variants")),
      making_(sdk::Tables(host).open("media_making")),
      made_(sdk::Stats(host).counter("variants_made")),
      failed_(sdk::Stats(host).counter("variants_failed")),
      sent_(sdk::Stats(host).counter("variants_sent")) {}

void Variants::say(std::uint32_t topic, std::string_view to, std::string_view about) const {
  static_cast<void>(posts_.bytes(folder_account(to), topic, pair_of(to, about)));
}

bool Variants::wanted(const Profile& profile, hl_request request, std::string_view name, const FileRow& row,
                      const Asked& asked) const {
  // No secret of a link is so made.
  const std::string variant =
      in_digits(crypto_.digest(sdk::Digest::sha256, join_words({"variant", row.detail, profile.name}))
                    .substr(0, token_bytes));
  const Wish wish{variant, profile.name, request, name, row, asked};
  return posts_.bytes(folder_account(variant), topic::variant, wish.encode()) == HL_OK;
}

void Variants::give_original(const Wish& wish) const {
  answers_.send(wish.request, wish.name, wish.row, wish.asked);
}

void Variants::give_originals(std::string_view lines) const {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (const auto wish = Wish::decode(line)) give_original(*wish);
  }
}

void Variants::on_ask(std::string_view bytes) const {
  const auto wish = Wish::decode(bytes);
  if (!wish) return;
  const std::string folder = folder_account(wish->variant);
  const std::optional<FileRow> there = files_.find(wish->variant);
  if (there && there->is_whole()) {
    need(wish->variant, *wish);
    sent_.add();
    return answers_.send(wish->request, wish->variant, *there, wish->asked);
  }
  const std::optional<std::string> row(making_.get(folder, wish->variant));
  if (!row) return make(*wish, bytes);
  if (row->starts_with("m ")) return wait(*row, *wish, bytes);
  const auto words = split_words(*row, 2);
  const auto until_ms = words ? number_of((*words)[1]) : std::nullopt;
  if (until_ms && *until_ms > files_.now_ms()) return give_original(*wish);
  make(*wish, bytes);
}

// It stays as long as one of its files may.
void Variants::need(std::string_view variant, const Wish& wish) const {
  std::optional<FileRow> row = files_.find(variant);
  if (row && row->last_ms < wish.row.last_ms) {
    row->expires_ms = row->last_ms = wish.row.last_ms;
    static_cast<void>(files_.put(variant, *row));  // Of a row that is there.
  }
  const std::string folder = folder_account(variant), pair = pair_of(variant, wish.name);
  if (variants_.get(folder, pair) || variants_.put(folder, pair, is_of) != HL_OK) return;
  say(topic::variant_made, wish.name, variant);
}

void Variants::make(const Wish& wish, std::string_view line) const {
  const Profile* profile = profile_named(wish.profile);
  if (profile == nullptr) return give_original(wish);  // Of another generation.
  const std::string folder = folder_account(wish.variant);
  const std::string token = join_words({make_token, wish.variant});
  const std::string words = words_for(*profile, wish.row.type);
  std::string row("m ");
  row.append(line).append("\n").append(line);
  if (making_.put(folder, wish.variant, row) != HL_OK ||
      disk_.transcode({wish.name, wish.variant, words}, folder, token) != HL_OK) {
    making_.erase(folder, wish.variant);
    return give_original(wish);
  }
  // Without it whoever asks waits for the program's own end.
  static_cast<void>(timers_.set(folder, timer_key(wish.variant), wait_ms_max));
}

void Variants::wait(const std::string& row, const Wish& wish, std::string_view line) const {
  const auto waiting = static_cast<std::size_t>(std::count(row.begin(), row.end(), '\n'));
  // None waits any more when it takes long.
  const bool waits =
      waiting > 0 && waiting < waiting_max &&
      making_.put(folder_account(wish.variant), wish.variant, row + "\n" + std::string(line)) == HL_OK;
  if (!waits) give_original(wish);
}

bool Variants::on_timer(const hl_timer_event& event) const {
  std::string_view key = sdk::view(event.key);
  if (!key.starts_with(timer_prefix)) return false;
  key.remove_prefix(timer_prefix.size());
  const std::string folder(sdk::view(event.account));
  const std::optional<std::string> row(making_.get(folder, key));
  const std::size_t end = row ? row->find('\n') : std::string::npos;
  if (end == std::string::npos) return true;
  if (making_.put(folder, key, row->substr(0, end)) == HL_OK)
    give_originals(std::string_view(*row).substr(end + 1));
  return true;
}

bool Variants::on_work(const hl_work_event& event) const {
  const auto words = split_words(sdk::view(event.token), 2);
  if (!words || (*words)[0] != make_token) return false;
  const std::string_view variant = (*words)[1];
  const std::string folder = folder_account(variant);
  const std::string row(making_.get(folder, variant).value_or("m "));
  const std::string_view head = std::string_view(row).substr(2, row.find('\n') - 2);
  const std::string_view lines = std::string_view(row).substr(std::min(row.size(), head.size() + 3));
  timers_.cancel(folder, timer_key(variant));
  making_.erase(folder, variant);
  if (event.status == HL_OK && keep(Wish::decode(head), sdk::view(event.result), lines)) return true;
  // What is only delayed is asked for again by the next one.
  if (event.status != HL_E_FULL) {
    failed_.add();
    const bool is_for_now = event.status == HL_E_GONE;
    static_cast<void>(making_.put(
        folder, variant,
        join_words({"x", std::to_string(files_.now_ms() + (is_for_now ? failed_ms : refused_ms))})));
  }
  give_originals(lines);
  return true;
}

// Of who asked first, whether or not it still waits. False: it is not what was wanted.
bool Variants::keep(const std::optional<Wish>& first, std::string_view result, std::string_view lines) const {
  const auto words = split_words(result, 2);
  const std::uint64_t size = words ? number_of((*words)[0]).value_or(0) : 0;
  const Profile* profile = first ? profile_named(first->profile) : nullptr;
  if (size == 0 || !first) return false;
  const bool is_wanted = profile != nullptr && size <= profile->bytes_max && size < first->row.size;
  const FileRow row{FileRow::State::whole,    size,
                    first->row.last_ms,       first->row.last_ms,
                    std::string((*words)[1]), std::string(is_wanted ? profile->type : "")};
  if (!is_wanted || !files_.put(first->variant, row)) {
    disk_.erase(first->variant, (*words)[1]);
    return false;
  }
  made_.add();
  need(first->variant, *first);
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    const auto wish = Wish::decode(line);
    if (!wish) continue;
    need(wish->variant, *wish);
    sent_.add();
    answers_.send(wish->request, wish->variant, row, wish->asked);
  }
  return true;
}

// ---- what goes with what

void Variants::on_made(std::string_view bytes) const {
  const auto pair = pair_in(bytes);
  if (!pair) return;
  const std::string folder = folder_account(pair->name);
  if (files_.is_known(pair->name) && variants_.put(folder, bytes, has) == HL_OK) return;
  say(topic::variant_unneeded, pair->other, pair->name);  // It went meanwhile.
}

// To a variant: one of its files is gone.
void Variants::on_unneeded(std::string_view bytes) const {
  const auto pair = pair_in(bytes);
  if (!pair) return;
  const std::string folder = folder_account(pair->name);
  variants_.erase(folder, bytes);
  const auto left = variants_.next(folder, pair->name);
  if (left && left->key.starts_with(pair->name)) return;
  const std::optional<FileRow> row = files_.find(pair->name);
  if (!row) return;
  files_.erase(pair->name);
  disk_.erase(pair->name, row->detail);
}

// To a file: a variant of it is gone.
void Variants::on_gone(std::string_view bytes) const {
  if (const auto pair = pair_in(bytes)) variants_.erase(folder_account(pair->name), bytes);
}

void Variants::forget_file(std::string_view name) const {
  const std::string folder = folder_account(name);
  for (auto row = variants_.next(folder, name); row && row->key.starts_with(name);
       row = variants_.next(folder, name)) {
    const std::string key(row->key);
    const bool is_original = row->value == has;
    variants_.erase(folder, key);
    if (const auto pair = pair_in(key))
      say(is_original ? topic::variant_unneeded : topic::variant_gone, pair->other, pair->name);
  }
}

}  // namespace hotline::media_link

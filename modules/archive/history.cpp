#include "history.h"

#include <algorithm>
#include <charconv>

namespace hotline::archive {

namespace {

constexpr std::string_view bytes_key = "bytes";
constexpr std::uint64_t day_us = 86'400'000'000;
constexpr std::size_t trimmed_per_put = 64;

std::uint64_t number_in(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::uint64_t setting(const sdk::Config& config, std::string_view key, std::int64_t otherwise,
                      std::int64_t least, std::int64_t most) {
  return static_cast<std::uint64_t>(std::clamp(config.number(key, otherwise), least, most));
}

}  // namespace

History::History(const hl_host* host)
    : clock_(host),
      config_(host),
      rows_(sdk::Tables(host).open(archive_table)),
      state_(sdk::Tables(host).open(state_table)),
      kept_(sdk::Stats(host).counter("archived")),
      refused_(sdk::Stats(host).counter("archive_refused")),
      dropped_(sdk::Stats(host).counter("archive_dropped")) {}

void History::put(std::string_view account, std::string_view id, std::string_view peer,
                  std::string_view message) const {
  const std::string value = ArchivedRow{peer, message}.encode();
  // Before anything makes room for it.
  const std::uint64_t most = std::min<std::uint64_t>(bytes_max(), HL_ROW_SIZE_MAX);
  if (value.size() > most || rows_.get(account, id)) return refused_.add();
  make_room(account, value.size(), trimmed_per_put);
  const std::uint64_t before = bytes(account);
  if (rows_.put(account, id, value) != HL_OK) return refused_.add();
  set_bytes(account, before + value.size());
  kept_.add();
}

bool History::has(std::string_view account, std::string_view id) const {
  return moment_us(id) >= oldest_us() && rows_.get(account, id).has_value();
}

std::size_t History::trim(std::string_view account, std::size_t most) const {
  return make_room(account, 0, most);
}

std::size_t History::make_room(std::string_view account, std::uint64_t fresh_bytes, std::size_t most) const {
  const std::uint64_t oldest = oldest_us(), rows_most = messages_max() - (fresh_bytes > 0 ? 1 : 0);
  std::uint64_t rows = rows_.count(account), held = bytes(account);
  std::size_t erased = 0;
  for (; erased < most; ++erased, --rows) {
    const std::optional<sdk::Row> row = rows_.next(account, {});
    if (!row) break;
    const bool stays =
        moment_us(row->key) >= oldest && rows <= rows_most && held + fresh_bytes <= bytes_max();
    if (stays) break;
    held -= std::min<std::uint64_t>(held, row->value.size());
    rows_.erase(account, std::string(row->key));
  }
  if (erased == 0) return 0;
  set_bytes(account, held);
  dropped_.add(static_cast<std::int64_t>(erased));
  return erased;
}

void History::erase_all(std::string_view account) const {
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, {}))
    rows_.erase(account, std::string(row->key));
  state_.erase(account, bytes_key);
}

std::uint64_t History::bytes(std::string_view account) const {
  if (const std::optional<std::string_view> row = state_.get(account, bytes_key)) return number_in(*row);
  std::uint64_t bytes = 0;
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, row->key))
    bytes += row->value.size();
  return bytes;
}

void History::set_bytes(std::string_view account, std::uint64_t bytes) const {
  if (state_.put(account, bytes_key, std::to_string(bytes)) != HL_OK) state_.erase(account, bytes_key);
}

std::uint64_t History::oldest_us() const {
  const std::uint64_t now_us = clock_.wall_ms() * us_per_ms;
  return now_us - std::min(now_us, setting(config_, "days", 30, 1, 3'650) * day_us);
}

// Below what an account may have rows in a table.
std::uint64_t History::messages_max() const {
  return setting(config_, "messages_max", 1'000, 1, 9'000);
}

std::uint64_t History::bytes_max() const {
  return setting(config_, "bytes_max", 4 << 20, 64 << 10, 1 << 30);
}

}  // namespace hotline::archive

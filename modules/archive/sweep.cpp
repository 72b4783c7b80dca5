#include "sweep.h"

#include <algorithm>
#include <optional>

namespace hotline::archive {

namespace {

constexpr std::string_view sweep_key = "sweep";
constexpr std::size_t accounts_per_slice = 50;
constexpr std::size_t rows_per_slice = 500;
constexpr std::uint64_t slice_pause_ms = 20;
constexpr int shards_max = 4'096;  // Names that are tried; a host has far fewer shards.

}  // namespace

Sweep::Sweep(const hl_host* host, const History& history)
    : timers_(host), config_(host), state_(sdk::Tables(host).open(state_table)), history_(history) {}

void Sweep::begin() const {
  const std::string own = own_account();
  if (!own.empty() && !state_.get(own, sweep_key)) go_on(own, pause_ms(), {});
}

// `bytes`: the last account that was seen to; empty: from the first.
void Sweep::on_timer(const hl_timer_event& event) const {
  if (sdk::view(event.key) != sweep_key) return;
  const std::string own(sdk::view(event.account));
  std::string last(sdk::view(event.bytes));
  std::size_t rows_left = rows_per_slice;
  for (std::size_t i = 0; i < accounts_per_slice; ++i) {
    const std::optional<std::string_view> account = history_.rows().next_account(last);
    if (!account) return go_on(own, pause_ms(), {});
    const std::string its(*account);
    rows_left -= history_.trim(its, rows_left);
    if (rows_left == 0) break;  // It may have more to lose: the next slice begins with it.
    last = its;
  }
  go_on(own, slice_pause_ms, last);
}

std::string Sweep::own_account() const {
  for (int i = 0; i < shards_max; ++i)
    if (std::string own = "sweep-" + std::to_string(i); state_.is_home(own)) return own;
  return {};
}

void Sweep::go_on(const std::string& own, std::uint64_t delay_ms, std::string_view from) const {
  const bool runs =
      timers_.set(own, sweep_key, delay_ms, from) == HL_OK && state_.put(own, sweep_key, "") == HL_OK;
  if (!runs) state_.erase(own, sweep_key);  // The next event tries again.
}

std::uint64_t Sweep::pause_ms() const {
  return static_cast<std::uint64_t>(
             std::clamp<std::int64_t>(config_.number("sweep_seconds", 3'600), 1, 86'400)) *
         1'000;
}

}  // namespace hotline::archive

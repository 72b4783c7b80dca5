#include "preflight/stage.h"

#include <charconv>

namespace hotline::preflight {

namespace {
constexpr std::uint64_t timers_ms = 60'000;  // What waits is let happen: timers of up to so long.
}  // namespace

void configure(sdk::FakeHost& host, const ModuleFacts& facts) {
  if (!facts.domain.empty()) host.domain = facts.domain;
  for (const auto& [key, value] : facts.settings) {
    host.texts[key] = value;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc() && end == value.data() + value.size()) host.numbers[key] = number;
  }
}

std::string logged(const sdk::FakeHost& host) {
  constexpr std::size_t shown_max = 200;
  return host.log.empty() ? "" : ", and logged `" + host.log.back().substr(0, shown_max) + "`";
}

void Stage::set() {
  cast_ = Cast::on(host);
  events = synthetic_events(manifest_, cast_);
  host.run();
  begin_ = host.state();
}

void Stage::rewind() {
  host.state() = begin_;
  host.log.clear();
  host.failed.clear();
}

sdk::Status Stage::offer(const SyntheticEvent& event) {
  const sdk::Status status = event.offer(host);
  host.run();
  host.advance(timers_ms);
  return host.failed.empty() ? status : host.failed.front();
}

}  // namespace hotline::preflight

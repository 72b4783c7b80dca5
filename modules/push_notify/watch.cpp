#include "watch.h"

#include <algorithm>
#include <array>

namespace hotline::push_notify {

namespace {

constexpr std::string_view watch_key = "watch";
constexpr std::uint64_t ms_per_s = 1'000;

std::uint64_t since(std::uint64_t then_ms, std::uint64_t now_ms) {
  return now_ms > then_ms ? now_ms - then_ms : 0;  // A clock may be set back.
}

// What a gateway says of a device that is no more: not found or gone over HTTP, EX_DATAERR of a command.
bool is_dead(std::string_view result) {
  constexpr std::array<std::string_view, 3> words = {"404", "410", "65"};
  return std::ranges::find(words, result.substr(0, result.find('\n'))) != words.end();
}

// Never what waits, nor whose it is: the service knows its device by the node.
std::string notification(std::string_view service, std::string_view node, const DeviceRow& device,
                         std::uint64_t badge) {
  std::string json = R"({"service":)";
  sdk::append_json_string(json, service);
  json.append(R"(,"node":)");
  sdk::append_json_string(json, node);
  json.append(R"(,"badge":)").append(std::to_string(badge));
  return json.append(R"(,"options":)").append(device.options).append(1, '}');
}

}  // namespace

Watch::Watch(const hl_host* host, const Devices& devices)
    : mailboxes_(host),
      timers_(host),
      clock_(host),
      config_(host),
      outbox_(host),
      log_(host),
      rows_(sdk::Tables(host).open(watch_table)),
      sent_(sdk::Stats(host).counter("notifications")),
      taken_(sdk::Stats(host).counter("notifications_taken")),
      dropped_(sdk::Stats(host).counter("devices_dropped")),
      refused_(sdk::Stats(host).counter("notifications_refused")),
      lost_(sdk::Stats(host).counter("notifications_lost")),
      devices_(devices) {}

void Watch::waits(std::string_view account) const {
  if (!devices_.has_any(account)) return;
  WatchRow row = read(account);
  if (row.has_timer) return;
  const std::optional<sdk::Mailboxes::Oldest> oldest = mailboxes_.oldest(account);
  std::uint64_t delay_ms = wait_ms();
  // Another entry is the oldest now: a device has been there since it was told.
  if (row.told && (!oldest || oldest->entry != row.told->oldest)) row.told.reset();
  if (row.told) {
    const std::uint64_t passed_ms = since(row.told->at_ms, clock_.wall_ms());
    delay_ms = std::max(delay_ms, repeat_ms() - std::min(passed_ms, repeat_ms()));
  }
  look_later(account, delay_ms, row.told);
}

void Watch::on_timer(std::string_view account) const {
  const std::optional<sdk::Mailboxes::Oldest> oldest = mailboxes_.oldest(account);
  if (!oldest || !devices_.has_any(account)) {
    rows_.erase(account, watch_key);
    return;
  }
  WatchRow row = read(account);
  const std::uint64_t waited_ms = since(oldest->stored_wall_ms, clock_.wall_ms());
  if (waited_ms < wait_ms()) return look_later(account, wait_ms() - waited_ms, row.told);
  const std::uint64_t count = mailboxes_.count(account);
  if (row.told && row.told->oldest == oldest->entry && count <= row.told->count) {
    row.has_timer = false;
    if (rows_.put(account, watch_key, row.encode()) != HL_OK) rows_.erase(account, watch_key);
    return;
  }
  notify(account, *oldest, count);
}

// One for each device, whatever waits. Those whose turn finds the gateway full are told with the next look.
void Watch::notify(std::string_view account, const sdk::Mailboxes::Oldest& oldest,
                   std::uint64_t count) const {
  const std::string gateway(config_.text("gateway", "push"));
  bool is_full = false;
  devices_.for_each(account, [&](std::string_view service, std::string_view node, const DeviceRow& device) {
    const sdk::Status status =
        outbox_.send(gateway, account, device.id, notification(service, node, device, count));
    if (status == HL_OK) sent_.add();
    if (status == HL_E_FULL) is_full = true;
    if (status == HL_E_NONE)
      log_.error("nobody can be notified: `outbox` has no gateway `" + gateway + "`, as `gateway` says");
  });
  if (is_full) return look_later(account, repeat_ms(), std::nullopt);
  const WatchRow row{false, Told{oldest.entry, count, clock_.wall_ms()}};
  if (rows_.put(account, watch_key, row.encode()) != HL_OK) rows_.erase(account, watch_key);
}

void Watch::on_outcome(const hl_work_event& event) const {
  const std::string_view account = sdk::view(event.account), result = sdk::view(event.result);
  if (event.status == HL_OK) return taken_.add();
  if (event.status == HL_E_DENIED && is_dead(result)) {
    if (devices_.drop(account, sdk::view(event.token))) dropped_.add();
    if (!devices_.has_any(account)) forget(account);
    return;
  }
  if (event.status == HL_E_DENIED) {
    refused_.add();
    log_.warning("the gateway refused a notification for good, and did not say that the device is gone");
    return;
  }
  // The gateway has been tried for as long as its attempts go: while something waits it is tried again.
  lost_.add();
  if (devices_.has_any(account) && !read(account).has_timer) look_later(account, repeat_ms(), std::nullopt);
}

void Watch::forget(std::string_view account) const {
  rows_.erase(account, watch_key);
  timers_.cancel(account, watch_key);
}

WatchRow Watch::read(std::string_view account) const {
  const std::optional<std::string_view> row = rows_.get(account, watch_key);
  return (row ? WatchRow::decode(*row) : std::nullopt).value_or(WatchRow{});
}

void Watch::look_later(std::string_view account, std::uint64_t delay_ms,
                       const std::optional<Told>& told) const {
  const bool is_set = timers_.set(account, watch_key, delay_ms) == HL_OK &&
                      rows_.put(account, watch_key, WatchRow{true, told}.encode()) == HL_OK;
  // Without a row the next message says that something waits.
  if (!is_set) rows_.erase(account, watch_key);
}

std::uint64_t Watch::wait_ms() const {
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(config_.number("wait_seconds", 10), 1, 3'600)) *
         ms_per_s;
}

std::uint64_t Watch::repeat_ms() const {
  return static_cast<std::uint64_t>(
             std::clamp<std::int64_t>(config_.number("repeat_seconds", 300), 1, 86'400)) *
         ms_per_s;
}

}  // namespace hotline::push_notify

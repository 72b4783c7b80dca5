#include "registration/admission.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

namespace hotline::registration {

using namespace hotline::sdk;

namespace {

constexpr std::uint64_t hour_ms = 3'600'000;
constexpr std::string_view network_key = "network";
constexpr std::string_view forget_key = "number_limits";

// "BEGAN_MS COUNT".
struct Hour {
  std::uint64_t began_ms = 0;
  std::int64_t count = 0;

  std::string encode() const { return std::to_string(began_ms) + " " + std::to_string(count); }
  static Hour decode(std::string_view text) {
    Hour hour;
    const char* const end = text.data() + text.size();
    const auto began = std::from_chars(text.data(), end, hour.began_ms);
    if (began.ec != std::errc{} || began.ptr == end) return {};
    if (std::from_chars(began.ptr + 1, end, hour.count).ec != std::errc{}) return {};
    return hour;
  }
};

}  // namespace

Admission::Admission(const hl_host* host)
    : clock_(host), config_(host), timers_(host), limits_(Tables(host).open("number_limits")) {}

std::string Admission::network_of(std::string_view peer) {
  constexpr std::string_view domain = "@network.invalid";
  constexpr std::size_t network_bytes_v6 = 8;
  const std::string text(peer);
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> shown{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    bytes[3] = 0;
    inet_ntop(AF_INET, bytes.data(), shown.data(), shown.size());
  } else if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
    std::memset(bytes.data() + network_bytes_v6, 0, bytes.size() - network_bytes_v6);
    inet_ntop(AF_INET6, bytes.data(), shown.data(), shown.size());
  } else {
    return "local" + std::string(domain);
  }
  return std::string(shown.data()) + std::string(domain);
}

std::uint64_t Admission::take(const std::string& network, std::string_view peer, bool is_loopback) const {
  const std::int64_t of_loopback = config_.number("requests_per_hour_loopback", 1'000'000);
  const std::int64_t of_network =
      is_loopback ? of_loopback : config_.number("requests_per_hour_network", 300);
  const std::int64_t of_address = is_loopback ? of_loopback : config_.number("requests_per_hour_address", 60);
  if (const std::uint64_t wait_s = count(network, network_key, of_network); wait_s > 0) return wait_s;
  return count(network, "address " + std::string(peer), of_address);
}

std::uint64_t Admission::count(const std::string& network, std::string_view key, std::int64_t max) const {
  const std::uint64_t now_ms = clock_.wall_ms();
  Hour hour = Hour::decode(limits_.get(network, key).value_or(""));
  if (hour.count == 0 || now_ms - hour.began_ms >= hour_ms) hour = {now_ms, 0};
  if (hour.count >= max) return 1 + (hour.began_ms + hour_ms - now_ms) / 1'000;
  if (++hour.count == 1) forget_later(network, hour_ms);
  // No room for another address: its network has used up what this could be for.
  if (limits_.put(network, key, hour.encode()) != HL_OK) return hour_ms / 1'000;
  return 0;
}

void Admission::forget_later(const std::string& network, std::uint64_t after_ms) const {
  // One that is set already comes first, and sets itself again.
  if (limits_.count(network) > 0) return;
  static_cast<void>(timers_.set(network, forget_key, after_ms));
}

bool Admission::on_timer(const hl_timer_event& event) const {
  if (view(event.key) != forget_key) return false;
  const std::string network(view(event.account));
  const std::uint64_t now_ms = clock_.wall_ms();
  std::uint64_t wait_ms = 0;
  std::string key;
  for (auto row = limits_.next(network, {}); row; row = limits_.next(network, key)) {
    key = row->key;
    const std::uint64_t age_ms = now_ms - Hour::decode(row->value).began_ms;
    if (age_ms >= hour_ms)
      limits_.erase(network, key);
    else
      wait_ms = std::max(wait_ms, hour_ms - age_ms);
  }
  if (wait_ms > 0) static_cast<void>(timers_.set(network, forget_key, wait_ms));
  return true;
}

}  // namespace hotline::registration

#include "registration/number_codes.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "registration/pin.h"

namespace hotline::registration {

using namespace hotline::sdk;

namespace {

constexpr std::string_view issued_key = "issued";
constexpr std::string_view forget_code_key = "number_codes";
constexpr std::uint64_t day_ms = 86'400'000;
constexpr std::uint64_t gap_ms_max = 3'600'000;
constexpr std::size_t hash_bytes = 32;

// The valid PIN: "CREATED_MS TRIES NEXT_TRY_MS " and then salt and hash as they are.
struct Code {
  std::uint64_t created_ms = 0;
  std::uint64_t tries = 0;        // Wrong ones so far.
  std::uint64_t next_try_ms = 0;  // Before that no try is looked at.
  std::string salt, hash;

  std::string encode() const {
    return std::to_string(created_ms) + " " + std::to_string(tries) + " " + std::to_string(next_try_ms) +
           " " + salt + hash;
  }
  static std::optional<Code> decode(std::string_view text) {
    Code code;
    for (std::uint64_t* number : {&code.created_ms, &code.tries, &code.next_try_ms}) {
      const char* const end = text.data() + text.size();
      const auto read = std::from_chars(text.data(), end, *number);
      if (read.ec != std::errc{} || read.ptr == end || *read.ptr != ' ') return std::nullopt;
      text.remove_prefix(static_cast<std::size_t>(read.ptr + 1 - text.data()));
    }
    if (text.size() != pin_salt_bytes + hash_bytes) return std::nullopt;
    code.salt = text.substr(0, pin_salt_bytes);
    code.hash = text.substr(pin_salt_bytes);
    return code;
  }
};

std::uint64_t seconds_until(std::uint64_t then_ms, std::uint64_t now_ms) {
  return (then_ms - now_ms + 999) / 1'000;
}

}  // namespace

NumberCodes::NumberCodes(const hl_host* host)
    : clock_(host),
      random_(host),
      crypto_(host),
      config_(host),
      timers_(host),
      codes_(Tables(host).open("number_codes")) {}

std::vector<std::uint64_t> NumberCodes::issued_within_a_day(const std::string& account) const {
  const std::uint64_t now_ms = clock_.wall_ms();
  const auto row = codes_.get(account, issued_key);
  std::string_view rest = row.value_or("");
  std::vector<std::uint64_t> issued;
  while (!rest.empty()) {
    std::uint64_t at_ms = 0;
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), at_ms);
    if (read.ec != std::errc{}) break;
    if (now_ms - at_ms < day_ms) issued.push_back(at_ms);
    rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
    if (!rest.empty()) rest.remove_prefix(1);
  }
  return issued;
}

CodeAnswer NumberCodes::ask(const std::string& account) const {
  const std::uint64_t now_ms = clock_.wall_ms();
  std::vector<std::uint64_t> issued = issued_within_a_day(account);
  if (issued.size() >= codes_a_day_max)
    return {Verdict::too_many, seconds_until(issued.front() + day_ms, now_ms), 0, {}};
  const auto first_gap_ms =
      static_cast<std::uint64_t>(std::clamp<std::int64_t>(config_.number("code_gap_seconds", 60), 0, 3'600)) *
      1'000;
  const auto gap_after = [first_gap_ms](std::size_t count) {
    return std::min(first_gap_ms << (count - 1), gap_ms_max);
  };
  if (!issued.empty()) {
    const std::uint64_t next_ms = issued.back() + gap_after(issued.size());
    if (now_ms < next_ms) return {Verdict::too_recent, seconds_until(next_ms, now_ms), 0, {}};
  }
  issued.push_back(now_ms);
  std::string times;
  for (const std::uint64_t at_ms : issued)
    times.append(times.empty() ? "" : " ").append(std::to_string(at_ms));
  Code code;
  code.created_ms = now_ms;
  code.salt = random_.bytes(pin_salt_bytes);
  const std::string pin = draw_pin(random_);
  code.hash = pin_hash(crypto_, code.salt, account, pin);
  if (codes_.put(account, issued_key, times) != HL_OK ||
      codes_.put(account, code_key, code.encode()) != HL_OK)
    return {Verdict::busy, 1, 0, {}};
  // A number has a timer or two: that there is no room for one cannot be.
  static_cast<void>(timers_.set(account, forget_code_key, day_ms));
  return {Verdict::ok, gap_after(issued.size()) / 1'000, 0, pin};
}

CodeAnswer NumberCodes::confirm(const std::string& account, std::string_view pin) const {
  const std::uint64_t now_ms = clock_.wall_ms();
  const auto row = codes_.get(account, code_key);
  std::optional<Code> code = row ? Code::decode(*row) : std::nullopt;
  if (!code || now_ms - code->created_ms >= valid_s * 1'000 || code->tries >= tries_max) {
    if (row) codes_.erase(account, code_key);
    return {Verdict::stale, 0, 0, {}};
  }
  if (now_ms < code->next_try_ms)
    return {Verdict::too_recent,
            seconds_until(code->next_try_ms, now_ms),
            tries_max - static_cast<int>(code->tries),
            {}};
  if (crypto_.equal(pin_hash(crypto_, code->salt, account, pin), code->hash)) return {};
  ++code->tries;
  const int left = tries_max - static_cast<int>(code->tries);
  if (left == 0) {
    codes_.erase(account, code_key);
    return {Verdict::mismatch, 0, 0, {}};
  }
  const auto gap_s =
      static_cast<std::uint64_t>(std::clamp<std::int64_t>(config_.number("try_gap_seconds", 1), 0, 60));
  const std::uint64_t wait_s = gap_s << (code->tries - 1);
  code->next_try_ms = now_ms + wait_s * 1'000;
  // A try that cannot be counted must not be had.
  if (codes_.put(account, code_key, code->encode()) != HL_OK) codes_.erase(account, code_key);
  return {Verdict::mismatch, wait_s, left, {}};
}

void NumberCodes::withdraw(const std::string& account) const {
  codes_.erase(account, code_key);
  const std::string times(codes_.get(account, issued_key).value_or(""));
  const std::size_t last = times.rfind(' ');
  if (last == std::string::npos || codes_.put(account, issued_key, times.substr(0, last)) != HL_OK)
    codes_.erase(account, issued_key);
}

bool NumberCodes::on_timer(const hl_timer_event& event) const {
  if (view(event.key) != forget_code_key) return false;
  const std::string account(view(event.account));
  codes_.erase(account, code_key);
  codes_.erase(account, issued_key);
  return true;
}

}  // namespace hotline::registration

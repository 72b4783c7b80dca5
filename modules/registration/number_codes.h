// NumberCodes: the PINs of numbers: when one may be asked for, and whether what somebody says is it.
//
// Rows of the volatile table "number_codes" at the number's account, at its home alone: "code", the PIN that
// is valid, as a hash, and "issued", when the last ones were asked for. They are gone a day after the last.
// Nothing here asks whether there is an account.
//
//     ask      too_recent: 1, 2, 4 … minutes after the last.  too_many: 10 in a day.
//     confirm  stale: there is no PIN, or no more.  too_recent: 1, 2, 4, 8 s after a wrong one.
//              mismatch: with how many tries are left; the fifth ends the PIN.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace hotline::registration {

enum class Verdict : char {
  ok = 'o',
  too_recent = 'r',
  too_many = 'm',
  mismatch = 'x',
  stale = 's',
  busy = 'b',
};

struct CodeAnswer {
  Verdict verdict = Verdict::ok;
  std::uint64_t retry_after_s = 0;  // ok of ask(): when the next may be asked for.
  int tries_left = 0;
  std::string pin;  // ask(): to be told to the phone.
};

class NumberCodes {
 public:
  static constexpr int tries_max = 5;
  static constexpr std::size_t codes_a_day_max = 10;
  static constexpr std::uint64_t valid_s = 600;

  explicit NumberCodes(const hl_host* host);

  CodeAnswer ask(const std::string& account) const;
  // What ask() gave cannot be told to anybody: it is as if it had not been asked.
  void withdraw(const std::string& account) const;
  // A PIN that was right is not used up by this: spend() does, once what it is for is under way.
  CodeAnswer confirm(const std::string& account, std::string_view pin) const;
  void spend(const std::string& account) const { codes_.erase(account, code_key); }

  // False: the timer was for something else.
  bool on_timer(const hl_timer_event& event) const;

 private:
  static constexpr std::string_view code_key = "code";

  std::vector<std::uint64_t> issued_within_a_day(const std::string& account) const;

  sdk::Clock clock_;
  sdk::Random random_;
  sdk::Crypto crypto_;
  sdk::Config config_;
  sdk::Timers timers_;
  sdk::Table codes_;
};

}  // namespace hotline::registration

// A PIN: five digits, uniform, kept as a salted hash.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace hotline::registration {

constexpr std::size_t pin_digits = 5;
constexpr std::uint32_t pins = 100'000;
constexpr std::size_t pin_salt_bytes = 16;

// Of what a generator gives only what leaves every PIN equally likely is taken.
inline std::string draw_pin(const sdk::Random& random) {
  constexpr std::uint32_t usable = UINT32_MAX - UINT32_MAX % pins;
  for (;;) {
    std::uint32_t drawn = 0;
    for (const char byte : random.bytes(sizeof drawn)) drawn = drawn << 8 | static_cast<unsigned char>(byte);
    if (drawn >= usable) continue;
    std::string pin = std::to_string(drawn % pins);
    return std::string(pin_digits - pin.size(), '0') + pin;
  }
}

inline bool is_pin(std::string_view text) {
  return text.size() == pin_digits && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Bound to the account, so that a row that is moved proves nothing elsewhere.
inline std::string pin_hash(const sdk::Crypto& crypto, std::string_view salt, std::string_view account,
                            std::string_view pin) {
  return crypto.hmac(sdk::Digest::sha256, salt, std::string(account) + " " + std::string(pin));
}

}  // namespace hotline::registration

// How the limit of accounts an hour is remembered, and what is forgotten when more networks come than it has
// room for.
#include <doctest/doctest.h>

#include <string>

#include "registration/signup_limit.h"

using hotline::registration::SignupLimit;

namespace {

constexpr std::int64_t per_hour = 2;
constexpr std::uint64_t hour_us = 3'600'000'000;

std::string network(std::size_t nth) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "2001:db8:";
  for (int shift = 28; shift >= 0; shift -= 4) {
    text += digits[(nth >> shift) & 15];
    if (shift == 16) text += ':';
  }
  return text + "::1";
}

struct Limited {
  SignupLimit limit;
  std::uint64_t now_us = 1'000'000;

  bool take(const std::string& address) { return limit.take(address, ++now_us, per_hour); }
  void use_up(const std::string& address) {
    CHECK(take(address));
    CHECK(take(address));
    CHECK_FALSE(take(address));
  }
  // As many networks as there is room for, and then as many again.
  void flood() {
    for (std::size_t i = 0; i < 2 * SignupLimit::networks_max; ++i) take(network(i));
  }
};

}  // namespace

TEST_CASE("sign-up limit: a flood of networks makes no room for one that has used up its hour") {
  Limited at;
  at.use_up("192.0.2.1");
  at.use_up("2001:db8:ffff:ffff::1");
  at.flood();
  CHECK(at.limit.networks() == SignupLimit::networks_max);
  CHECK_FALSE(at.take("192.0.2.1"));
  CHECK_FALSE(at.take("2001:db8:ffff:ffff::2"));
}

TEST_CASE("sign-up limit: at its bound it forgets the oldest, and no other") {
  Limited at;
  for (std::size_t i = 0; i <= SignupLimit::networks_max; ++i) CHECK(at.take(network(i)));
  CHECK(at.limit.networks() == SignupLimit::networks_max);
  at.use_up(network(0));  // Forgotten for the last, and now in the place of number 1.
  CHECK(at.take(network(2)));
  CHECK_FALSE(at.take(network(2)));
}

TEST_CASE("sign-up limit: of networks that have all used up their hour the oldest is forgotten") {
  Limited at;
  for (std::size_t i = 0; i < SignupLimit::networks_max; ++i) at.use_up(network(i));
  CHECK(at.take("192.0.2.1"));
  CHECK(at.limit.networks() == SignupLimit::networks_max);
  CHECK_FALSE(at.take(network(1)));
  CHECK(at.take(network(0)));
}

TEST_CASE("sign-up limit: what is over is forgotten first, and counts for nothing") {
  Limited at;
  at.use_up("192.0.2.1");
  at.use_up("192.0.2.2");
  at.now_us += hour_us / 2;
  for (std::size_t i = 2; i < SignupLimit::networks_max; ++i) at.take(network(i));
  at.now_us += hour_us / 2;
  CHECK(at.take("192.0.2.9"));  // In the place of one of the two, though others are not used up.
  CHECK(at.limit.networks() <= SignupLimit::networks_max);
  CHECK(at.take(network(2)));
  CHECK_FALSE(at.take(network(2)));
  at.use_up("192.0.2.1");
}

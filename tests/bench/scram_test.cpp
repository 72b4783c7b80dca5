#include "scram.h"

#include <doctest/doctest.h>

using namespace hotline::bench;

TEST_CASE("scram: the exchange of RFC 7677 section 3, SHA-256") {
  Scram scram(ScramHash::sha256, "user", "pencil", "rOprNGfwEbeRWgbNEkqO", nullptr);
  CHECK(scram.first_message() == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const auto answer = scram.final_message(
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  REQUIRE(answer);
  CHECK(*answer ==
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  CHECK(scram.accepts("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  CHECK_FALSE(scram.accepts("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  CHECK_FALSE(scram.accepts("e=invalid-proof"));
}

TEST_CASE("scram: the exchange of RFC 5802 section 5, SHA-1, with kept salted passwords") {
  SaltedPasswords kept;
  for (int round = 0; round < 2; ++round) {
    Scram scram(ScramHash::sha1, "user", "pencil", "fyko+d2lbbFgONRv9qkxdawL", &kept);
    const auto answer =
        scram.final_message("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
    REQUIRE(answer);
    CHECK(*answer == "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
    CHECK(scram.accepts("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="));
  }
}

TEST_CASE("scram: a server's first message that is not ours, or not whole, is refused") {
  for (const char* first : {"r=someone-else,s=QSXCR+Q6sek8bf92,i=4096", "r=nonce1,s=QSXCR+Q6sek8bf92",
                            "r=nonce1,i=4096", "r=nonce1,s=***,i=4096", "r=nonce1,s=QSXCR+Q6sek8bf92,i=0",
                            "r=nonce1,s=QSXCR+Q6sek8bf92,i=99999999", "", ",,,"}) {
    Scram scram(ScramHash::sha256, "user", "pencil", "nonce", nullptr);
    CHECK_FALSE(scram.final_message(first));
    CHECK_FALSE(scram.accepts("v="));
  }
}

TEST_CASE("scram: names with commas and equals signs are quoted") {
  CHECK(Scram(ScramHash::sha256, "a,b=c", "", "x", nullptr).first_message() == "n,,n=a=2Cb=3Dc,r=x");
}

TEST_CASE("base64: back and forth at every length") {
  std::string bytes;
  for (int i = 0; i < 40; ++i) {
    CHECK(base64_decode(base64_encode(bytes)) == bytes);
    bytes += static_cast<char>(i * 37);
  }
  CHECK_FALSE(base64_decode("abc"));
}

// Randomness, behind one interface, so that a whole host can run on a seed.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hotline {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<unsigned char> out) = 0;

  std::uint64_t next_u64();
  std::string hex(std::size_t bytes);  // Lower-case hexadecimal of that many random bytes.
};

// OpenSSL's CSPRNG. Any thread.
class SecureRandom final : public Random {
 public:
  void fill(std::span<unsigned char> out) override;
};

// splitmix64: fast and repeatable: for tests and simulations only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<unsigned char> out) override;

 private:
  std::uint64_t state_;
};

}  // namespace hotline

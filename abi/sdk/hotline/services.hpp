// Clock, random bytes, log, configuration, statistics, control replies and the arithmetic of logins.
// The contracts are in the C headers under cap/; what differs is said here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hotline/cap/clock.h"
#include "hotline/cap/config.h"
#include "hotline/cap/control.h"
#include "hotline/cap/crypto.h"
#include "hotline/cap/log.h"
#include "hotline/cap/random.h"
#include "hotline/cap/stats.h"
#include "hotline/capability.hpp"
#include "hotline/jid.hpp"

namespace hotline::sdk {

class Clock : public Capability<Clock, hl_cap_clock> {
 public:
  static constexpr const char* name = HL_CAP_CLOCK;
  explicit Clock(const hl_host* host) : Capability(host) {}
  std::uint64_t mono_us() const { return call_->mono_us(host_); }
  std::uint64_t wall_ms() const { return call_->wall_ms(host_); }
};

class Random : public Capability<Random, hl_cap_random> {
 public:
  static constexpr const char* name = HL_CAP_RANDOM;
  explicit Random(const hl_host* host) : Capability(host) {}
  std::string bytes(std::size_t size) const {
    std::string out(size, '\0');
    call_->fill(host_, out.data(), out.size());
    return out;
  }
  // `size` random bytes as lower-case hexadecimal digits.
  std::string hex(std::size_t size) const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes(size)) {
      const auto byte = static_cast<unsigned char>(c);
      out.append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
    return out;
  }
};

class Log : public Capability<Log, hl_cap_log> {
 public:
  static constexpr const char* name = HL_CAP_LOG;
  explicit Log(const hl_host* host) : Capability(host) {}
  void debug(std::string_view text) const { call_->write(host_, HL_LOG_DEBUG, str(text)); }
  void info(std::string_view text) const { call_->write(host_, HL_LOG_INFO, str(text)); }
  void warning(std::string_view text) const { call_->write(host_, HL_LOG_WARNING, str(text)); }
  void error(std::string_view text) const { call_->write(host_, HL_LOG_ERROR, str(text)); }
};

class Config : public Capability<Config, hl_cap_config> {
 public:
  static constexpr const char* name = HL_CAP_CONFIG;
  explicit Config(const hl_host* host) : Capability(host) {}
  std::string_view domain() const { return view(call_->domain(host_)); }
  std::int64_t number(std::string_view key, std::int64_t otherwise) const {
    return call_->number(host_, str(key), otherwise);
  }
  std::string_view text(std::string_view key, std::string_view otherwise) const {
    return view(call_->text(host_, str(key), str(otherwise)));
  }
  // Calls `each(feature)` for the features of all live modules, sorted.
  template <typename Each>
  void for_each_feature(Each each) const {
    for_each_line(view(call_->features(host_)), each);
  }
  // The same for the labels of their services.
  template <typename Each>
  void for_each_service(Each each) const {
    for_each_line(view(call_->services(host_)), each);
  }

 private:
  template <typename Each>
  static void for_each_line(std::string_view rest, Each each) {
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      each(rest.substr(0, end));
      if (end == std::string_view::npos) return;
      rest.remove_prefix(end + 1);
    }
  }
};

// A counter of the module's own.
class Counter {
 public:
  Counter(const hl_host* host, const hl_cap_stats* call, std::uint32_t number)
      : host_(host), call_(call), number_(number) {}
  void add(std::int64_t amount = 1) const { call_->add(host_, number_, amount); }

 private:
  const hl_host* host_;
  const hl_cap_stats* call_;
  std::uint32_t number_;
};

class Stats : public Capability<Stats, hl_cap_stats> {
 public:
  static constexpr const char* name = HL_CAP_STATS;
  explicit Stats(const hl_host* host) : Capability(host) {}
  Counter counter(std::string_view counter) const {
    std::uint32_t number = 0;
    require(call_->counter(host_, str(counter), &number), "stats.counter");
    return {host_, call_, number};
  }
};

class Control : public Capability<Control, hl_cap_control> {
 public:
  static constexpr const char* name = HL_CAP_CONTROL;
  explicit Control(const hl_host* host) : Capability(host) {}
  Status reply(std::uint64_t command, std::string_view json) const {
    return call_->reply(host_, command, str(json));
  }
  Status refuse(std::uint64_t command, std::string_view message) const {
    return call_->refuse(host_, command, str(message));
  }
};

enum class Digest : std::int32_t { sha1 = HL_DIGEST_SHA1, sha256 = HL_DIGEST_SHA256 };
constexpr std::size_t digest_size(Digest digest) {
  return digest == Digest::sha1 ? 20 : 32;
}

class Crypto : public Capability<Crypto, hl_cap_crypto> {
 public:
  static constexpr const char* name = HL_CAP_CRYPTO;
  explicit Crypto(const hl_host* host) : Capability(host) {}

  std::string digest(Digest digest, std::string_view data) const {
    std::string out(digest_size(digest), '\0');
    require(call_->digest(host_, static_cast<std::int32_t>(digest), str(data), out.data()), "crypto.digest");
    return out;
  }
  std::string hmac(Digest digest, std::string_view key, std::string_view data) const {
    std::string out(digest_size(digest), '\0');
    require(call_->hmac(host_, static_cast<std::int32_t>(digest), str(key), str(data), out.data()),
            "crypto.hmac");
    return out;
  }
  bool equal(std::string_view a, std::string_view b) const {
    return call_->equal(host_, str(a), str(b)) != 0;
  }
  // HL_E_FULL: too many are waiting.
  [[nodiscard]] Status pbkdf2(Digest digest, std::string_view password, std::string_view salt,
                              std::uint32_t iterations, std::string_view account,
                              std::string_view token) const {
    return call_->pbkdf2(host_, static_cast<std::int32_t>(digest), str(password), str(salt), iterations,
                         str(account), str(token));
  }
  // The prepared text, valid until the event ends; nothing when it has characters that are not allowed.
  // `profile` is HL_PREPARE_...
  std::optional<std::string_view> prepare(std::int32_t profile, std::string_view text) const {
    hl_str out{};
    if (call_->prepare(host_, profile, str(text), &out) != HL_OK) return std::nullopt;
    return view(out);
  }
  // An address with each part prepared; nothing when it is none.
  std::optional<std::string> prepare_jid(std::string_view text) const {
    const std::optional<Jid> jid = Jid::parse(text);
    if (!jid) return std::nullopt;
    std::optional<std::string_view> part;
    std::string out;
    if (!jid->local.empty()) {
      if (!(part = prepare(HL_PREPARE_NODE, jid->local)) || part->empty()) return std::nullopt;
      out.append(*part).append(1, '@');
    }
    if (!(part = prepare(HL_PREPARE_DOMAIN, jid->domain)) || part->empty()) return std::nullopt;
    out.append(*part);
    if (!jid->resource.empty()) {
      if (!(part = prepare(HL_PREPARE_RESOURCE, jid->resource)) || part->empty()) return std::nullopt;
      out.append(1, '/').append(*part);
    }
    return Jid::parse(out) ? std::optional(std::move(out)) : std::nullopt;
  }
};

}  // namespace hotline::sdk

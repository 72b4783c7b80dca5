// The fake host's clock, configuration, log, random bytes, counters, control replies and crypto.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "hotline/cap/clock.h"
#include "hotline/cap/config.h"
#include "hotline/cap/control.h"
#include "hotline/cap/crypto.h"
#include "hotline/cap/log.h"
#include "hotline/cap/random.h"
#include "hotline/cap/stats.h"
#include "hotline/fake/digest.hpp"
#include "hotline/fake/view.hpp"

namespace hotline::sdk::fake {

struct ServiceCalls {
  static hl_status parse(const hl_host* host, hl_str xml, const hl_stanza** out) {
    const std::shared_ptr<const Stanza> stanza = Stanza::parse(view(xml));
    if (stanza == nullptr) return HL_E_INVALID;
    of(host).borrowed->push_back(stanza);
    *out = &stanza->c();
    return HL_OK;
  }
  static std::uint64_t mono_us(const hl_host* host) { return *of(host).now_us; }
  static std::uint64_t wall_ms(const hl_host* host) { return *of(host).wall_ms; }
  static hl_str domain(const hl_host* host) { return str(*of(host).domain); }
  static std::int64_t number(const hl_host* host, hl_str key, std::int64_t otherwise) {
    of(host).config_read->emplace(view(key));
    const auto found = of(host).numbers->find(std::string(view(key)));
    return found == of(host).numbers->end() ? otherwise : found->second;
  }
  static hl_str text(const hl_host* host, hl_str key, hl_str otherwise) {
    of(host).config_read->emplace(view(key));
    const auto found = of(host).texts->find(std::string(view(key)));
    return found == of(host).texts->end() ? otherwise : str(found->second);
  }
  static hl_str features(const hl_host* host) { return str(of(host).features); }
  static hl_str services(const hl_host* host) { return str(of(host).services); }
  static hl_status reply(const hl_host* host, std::uint64_t command, hl_str json) {
    state_of(host).replies[command] = {std::string(view(json)), false};
    return HL_OK;
  }
  static hl_status refuse(const hl_host* host, std::uint64_t command, hl_str message) {
    state_of(host).replies[command] = {std::string(view(message)), true};
    return HL_OK;
  }
  static void write(const hl_host* host, std::int32_t, hl_str line) {
    of(host).log->push_back(of(host).module + ": " + std::string(view(line)));
  }
  static void fill(const hl_host* host, void* out, std::uint64_t size) {
    auto* bytes = static_cast<char*>(out);
    if (!of(host).random->empty()) {
      std::string next = of(host).random->front();
      of(host).random->pop_front();
      next.resize(size, '\0');
      std::memcpy(bytes, next.data(), size);
      return;
    }
    for (std::uint64_t i = 0; i < size; ++i) {  // Knuth's MMIX generator: the same in every run.
      of(host).random_next = of(host).random_next * 6364136223846793005u + 1442695040888963407u;
      bytes[i] = static_cast<char>(of(host).random_next >> 56);
    }
  }
  static hl_status counter(const hl_host* host, hl_str name, std::uint32_t* number) {
    of(host).counter_names.emplace_back(view(name));
    *number = static_cast<std::uint32_t>(of(host).counter_names.size() - 1);
    return HL_OK;
  }
  static void add(const hl_host* host, std::uint32_t number, std::int64_t amount) {
    state_of(host).counters[of(host).module + "." + of(host).counter_names.at(number)] += amount;
  }
};

struct CryptoCalls {
  static hl_status make_digest(const hl_host*, std::int32_t kind, hl_str data, void* out) {
    const std::string made = fake::digest(kind, view(data));
    std::memcpy(out, made.data(), made.size());
    return HL_OK;
  }
  static hl_status make_hmac(const hl_host*, std::int32_t kind, hl_str key, hl_str data, void* out) {
    const std::string made = fake::hmac(kind, view(key), view(data));
    std::memcpy(out, made.data(), made.size());
    return HL_OK;
  }
  static std::int32_t equal(const hl_host*, hl_str a, hl_str b) { return view(a) == view(b) ? 1 : 0; }
  static hl_status queue_pbkdf2(const hl_host* host, std::int32_t kind, hl_str password, hl_str salt,
                                std::uint32_t iterations, hl_str account, hl_str token) {
    const auto bound = of(host).numbers->find("fake.work_max");
    auto& work = state_of(host).work;
    if (bound != of(host).numbers->end() && work.size() >= static_cast<std::size_t>(bound->second))
      return HL_E_FULL;
    work.push_back({of(host).module, kind, std::string(view(password)), std::string(view(salt)), iterations,
                    std::string(view(account)), std::string(view(token))});
    return HL_OK;
  }
  // ASCII is prepared as the profiles say; other characters pass as they are.
  static hl_status prepare(const hl_host* host, std::int32_t profile, hl_str text, hl_str* out) {
    const bool is_name = profile == HL_PREPARE_NODE || profile == HL_PREPARE_DOMAIN;
    std::string prepared(view(text));
    for (char& c : prepared) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return HL_E_INVALID;
      if (profile == HL_PREPARE_NODE && std::string_view(" \"&'/:<>@").find(c) != std::string_view::npos)
        return HL_E_INVALID;
      if (is_name && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    *out = str(of(host).keep(std::move(prepared)));
    return HL_OK;
  }
};

}  // namespace hotline::sdk::fake

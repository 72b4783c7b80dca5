// What a loaded module's capabilities work on, found behind hl_host.context.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hotline/fake/manifest.hpp"
#include "hotline/fake/state.hpp"
#include "hotline/host.h"

namespace hotline::sdk::fake {

// What the capabilities of one loaded module see: hl_host.context points to it.
struct View {
  std::string module;
  Manifest manifest;
  State* state;
  std::string* domain;
  std::uint64_t* now_us;
  std::uint64_t* wall_ms;
  std::map<std::string, std::int64_t>* numbers;  // Configuration.
  std::map<std::string, std::string>* texts;
  std::set<std::string>* config_read;  // What of it was asked for.
  std::deque<std::string>* random;     // What the next fills take, before a fixed sequence.
  std::vector<std::string>* log;
  std::vector<std::string>* fields;                    // Names of session fields, of all modules.
  std::vector<std::shared_ptr<const void>>* borrowed;  // Kept until the event ends.
  std::string features;
  std::vector<std::string> counter_names;
  std::vector<std::string> table_names;
  std::uint64_t random_next = 1;

  std::string_view keep(std::string text) {
    auto kept = std::make_shared<std::string>(std::move(text));
    borrowed->push_back(kept);
    return *kept;
  }
};

inline View& of(const hl_host* host) {
  return *static_cast<View*>(host->context);
}
inline State& state_of(const hl_host* host) {
  return *of(host).state;
}
inline Stream* stream_of(const hl_host* host, hl_stream stream) {
  auto& streams = state_of(host).streams;
  const auto found = streams.find(stream);
  return found == streams.end() || !found->second.is_open ? nullptr : &found->second;
}
inline Session* session_of(const hl_host* host, hl_session session) {
  auto& sessions = state_of(host).sessions;
  const auto found = sessions.find(session);
  return found == sessions.end() ? nullptr : &found->second;
}
// The text that an hl_str answers for a member: absent when it is empty.
inline hl_str member(const std::string& text) {
  return text.empty() ? absent() : str(text);
}

}  // namespace hotline::sdk::fake

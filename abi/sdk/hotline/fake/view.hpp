// What a loaded module's capabilities work on, found behind hl_host.context.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
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

// Which of the calls that can fail does (hotline/fake/failing.hpp).
struct FailingCalls {
  std::uint64_t made = 0;    // So many that could fail, since the last let().
  std::string call;          // The one that did; empty: none yet.
  hl_status status = HL_OK;  // With what.
  std::size_t answers = 0;   // How many answers it could have failed with.

  // Lets the call of that number fail, the next is 1, with one of its answers; 0: none fails.
  void let(std::uint64_t number, std::size_t answer = 0) {
    *this = FailingCalls{};
    number_ = number;
    answer_ = answer;
  }
  hl_status next(const char* name, std::initializer_list<hl_status> may_answer) {
    if (++made != number_ || answer_ >= may_answer.size()) return HL_OK;
    call = name;
    answers = may_answer.size();
    return status = may_answer.begin()[answer_];
  }

 private:
  std::uint64_t number_ = 0;
  std::size_t answer_ = 0;
};

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
  FailingCalls* failing;
  std::set<std::string>* missing;  // Capabilities that the host has not, whatever the manifest says.
  std::string features;
  std::string services;
  std::set<std::string> modules;  // What is loaded.
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

#include "table.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <vector>

namespace hotline::bench {
namespace {

using Json = nlohmann::json;

enum class Goal { none, at_most, at_least, ratio_at_most, within };

struct Row {
  const char* label;
  const char* scenario;
  std::vector<const char*> pointers;  // Added up.
  Goal target = Goal::none;
  double bound = 0;
  double upper = 0;                      // Of `within`.
  const char* relay_scenario = nullptr;  // Where it is not the same.
  bool is_above_relay = false;           // The figure is what Hotline has more than the relay.
};

const std::vector<Row>& rows() {
  static const std::vector<const char*> wrong{"/lost", "/doubled", "/reordered", "/disconnects"};
  static const std::vector<Row> all{
      {"CPU us per message, 200 pairs, window 4", "saturated", {"/cpu_us_per_message"}, Goal::at_most, 15},
      {"CPU us per message at 5,000/s", "open-5000", {"/cpu_us_per_message"}, Goal::ratio_at_most, 1.3},
      {"latency p99 ms at 5,000/s", "open-5000", {"/latency_ms/p99"}, Goal::ratio_at_most, 1.5},
      {"latency p99 ms at 10,000/s", "open-10000", {"/latency_ms/p99"}, Goal::ratio_at_most, 1.5},
      {"delivered a second, 10,000/s wanted", "open-10000", {"/messages_per_second"}},
      {"bytes per idle TLS session", "idle", {"/bytes_per_session"}, Goal::at_most, 17'000},
      {"kernel bytes per idle session", "idle", {"/kernel_bytes_per_session"}},
      {"... of which above the relay's",
       "idle",
       {"/bytes_per_session"},
       Goal::at_most,
       2'500,
       0,
       nullptr,
       true},
      {"bytes per simulated session, the most",
       "million",
       {"/largest/bytes_per_session"},
       Goal::at_most,
       2'000},
      {"... over those of 10,000", "million", {"/ratio/bytes_per_session"}, Goal::at_most, 1.15},
      {"CPU us per message, the most sessions", "million", {"/largest/cpu_us_per_message"}},
      {"... over that of 10,000", "million", {"/ratio/cpu_us_per_message"}, Goal::at_most, 2},
      {"CPU ms per login, SCRAM-SHA-256",
       "login-scram",
       {"/cpu_ms_per_login"},
       Goal::at_most,
       0.8,
       0,
       "handshake"},
      {"CPU ms per login, token (FAST)", "login-fast", {"/cpu_ms_per_login"}, Goal::none, 0, 0, "handshake"},
      {"... TLS session taken up as well", "login-fast-resumed", {"/cpu_ms_per_login"}},
      {"CPU ms per login, SCRAM-SHA-256, TLS session taken up", "login-scram-resumed", {"/cpu_ms_per_login"}},
      {"CPU ms per login, PLAIN", "login-plain", {"/cpu_ms_per_login"}, Goal::none, 0, 0, "handshake"},
      {"registrations of numbers a second", "register", {"/registrations_per_second"}, Goal::at_least, 100},
      {"CPU ms per registration", "register", {"/cpu_ms_per_registration"}},
      {"offline messages stored a second", "offline", {"/store/messages_per_second"}, Goal::at_least, 40'000},
      {"CPU us per offline message stored", "offline", {"/store/cpu_us_per_message"}, Goal::at_most, 25},
      {"offline messages redelivered a second",
       "offline",
       {"/redeliver/messages_per_second"},
       Goal::at_least,
       80'000},
      {"of 10,000 acknowledged, gone after kill -9", "kill", {"/redeliver/lost"}, Goal::at_most, 0},
      {"push: lost, doubled, reordered, dropped", "push", wrong, Goal::at_most, 0},
      {"push: share of stretches at least as bad",
       "push",
       {"/push_marks/share_of_clients"},
       Goal::within,
       0.3,
       0.7},
      {"push: ms to live, four modules", "push-times", {"/ms_to_live_median"}, Goal::at_most, 100},
      {"overloaded: push: lost, doubled, reordered, dropped", "push-overloaded", wrong, Goal::at_most, 0},
      {"overloaded: ms to live, four modules",
       "push-overloaded-times",
       {"/ms_to_live_median"},
       Goal::at_most,
       100},
      {"push: longest pause us, 10,000 sessions", "push-pause", {"/pause_us_max"}, Goal::at_most, 1'000},
      {"ns a call into a module, over a plain call", "calls", {"/over_plain_ns"}, Goal::at_most, 60},
  };
  return all;
}

// By `subject.scenario`, one for each round.
using Runs = std::map<std::string, std::vector<Json>>;

Runs read_runs(const std::string& directory) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  Runs runs;
  for (const auto& path : paths) {
    const std::string name = path.stem().string();
    std::ifstream file(path);
    Json json = Json::parse(file, nullptr, false);
    if (!json.is_discarded()) runs[name.substr(0, name.rfind('.'))].push_back(std::move(json));
  }
  if (runs.empty()) throw std::runtime_error(directory + " holds no results: run scripts/bench first");
  return runs;
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::vector<double> values_of(const Runs& runs, const std::string& subject, const Row& row,
                              const char* scenario) {
  std::vector<double> values;
  const auto found = runs.find(subject + "." + scenario);
  if (found == runs.end()) return values;
  for (const Json& json : found->second) {
    double sum = 0;
    bool is_whole = true;
    for (const char* pointer : row.pointers) {
      const Json::json_pointer at(pointer);
      is_whole = is_whole && json.contains(at) && json.at(at).is_number();
      if (is_whole) sum += json.at(at).get<double>();
    }
    if (is_whole) values.push_back(sum);
  }
  return values;
}

// Round by round, because a noisy machine is noisy for both.
std::optional<double> ratio(const std::vector<double>& ours, const std::vector<double>& floor) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(ours.size(), floor.size()); ++i) {
    if (floor[i] > 0) ratios.push_back(ours[i] / floor[i]);
  }
  return median(ratios);
}

std::string text(std::optional<double> value) {
  if (!value) return "-";
  char out[32];
  std::snprintf(out, sizeof out, *value >= 1000 ? "%.0f" : "%.3g", *value);
  return out;
}

std::string target_text(const Row& row) {
  switch (row.target) {
    case Goal::none: return "";
    case Goal::at_most: return "<= " + text(row.bound);
    case Goal::at_least: return ">= " + text(row.bound);
    case Goal::ratio_at_most: return "<= " + text(row.bound) + " x relay";
    case Goal::within: return text(row.bound) + " to " + text(row.upper);
  }
  return "";
}

bool is_met(const Row& row, double value, std::optional<double> to_relay) {
  switch (row.target) {
    case Goal::none: return true;
    case Goal::at_most: return value <= row.bound;
    case Goal::at_least: return value >= row.bound;
    case Goal::ratio_at_most: return to_relay && *to_relay <= row.bound;
    case Goal::within: return value >= row.bound && value <= row.upper;
  }
  return false;
}

bool print_row(const Runs& runs, const Row& row) {
  const char* relay_scenario = row.relay_scenario != nullptr ? row.relay_scenario : row.scenario;
  std::vector<double> ours = values_of(runs, "hotline", row, row.scenario);
  const std::vector<double> floor = values_of(runs, "relay", row, relay_scenario);
  if (row.is_above_relay) {
    ours.resize(std::min(ours.size(), floor.size()));
    for (std::size_t i = 0; i < ours.size(); ++i) ours[i] -= floor[i];
  }
  const auto value = median(ours);
  const auto to_relay = row.is_above_relay ? std::nullopt : ratio(ours, floor);
  const auto peer = [&](const char* subject) {
    return row.is_above_relay ? std::nullopt : median(values_of(runs, subject, row, row.scenario));
  };
  const auto relay = row.is_above_relay ? std::nullopt : median(floor);
  const auto ejabberd = peer("ejabberd");
  const auto prosody = peer("prosody");
  if (!value && !relay && !ejabberd && !prosody) return true;
  const bool is_missed = value && !is_met(row, *value, to_relay);
  const char* verdict = !value || row.target == Goal::none ? "" : is_missed ? "missed" : "pass";
  std::printf("%-42s %9s %9s %9s %9s %9s  %-15s %s\n", row.label, text(relay).c_str(), text(ejabberd).c_str(),
              text(prosody).c_str(), text(value).c_str(), text(to_relay).c_str(), target_text(row).c_str(),
              verdict);
  return !is_missed;
}

}  // namespace

bool print_table(const std::string& directory) {
  const Runs runs = read_runs(directory);
  std::printf("%-42s %9s %9s %9s %9s %9s  %-15s\n", "", "relay", "ejabberd", "prosody", "hotline", "x relay",
              "target");
  bool is_all_met = true;
  for (const Row& row : rows()) is_all_met = print_row(runs, row) && is_all_met;
  return is_all_met;
}

}  // namespace hotline::bench

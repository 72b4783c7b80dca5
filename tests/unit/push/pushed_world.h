// PushedWorld: a pipeline with a state directory, and shards that are made of what a test says.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "push/pipeline.h"
#include "unit/push/fixtures.h"

namespace hotline::test {

// Shards that take everything and do nothing, or do not come to so many barriers.
class ObedientTarget final : public LiveTarget {
 public:
  std::vector<std::string> has = {
      "hotline.clock/1",   "hotline.config/1",  "hotline.control/1", "hotline.crypto/1",
      "hotline.log/1",     "hotline.mailbox/1", "hotline.post/1",    "hotline.random/1",
      "hotline.session/1", "hotline.stanza/1",  "hotline.stats/1",   "hotline.stream/1",
      "hotline.table/1",   "hotline.timer/1",   "hotline.http/1",    "hotline.outbox/1"};
  std::vector<SampleRow> rows;
  std::set<std::string> lines;  // Names of listeners.
  std::map<std::string, std::string> settings;
  std::vector<StoredTable> stored;
  std::size_t staged = 0, unstaged = 0, lives = 0;
  std::size_t misses = 0;  // Of the next barriers.
  // The builds that were put on the shards last, by version.
  struct Served {
    std::vector<std::string> current, candidate;
    std::vector<std::string> newer;  // Whose code converts for the current ones.
  };
  Served served;
  // Of every generation: calls, all of them measured; and by version, calls that failed.
  std::uint64_t calls = 0;
  std::map<std::string, std::uint64_t> faults;

  std::vector<std::string> capabilities() const override { return has; }
  std::vector<StoredTable> stored_tables() override { return stored; }
  ModuleFacts facts(const std::string&) const override { return {"localhost", settings}; }
  bool has_lines_listener(const std::string& name) const override { return lines.contains(name); }
  Result<std::vector<SampleRow>> sample_rows(const Manifest&) override { return rows; }
  Result<void> stage(Generation&) override {
    ++staged;
    return {};
  }
  Result<void> unstage(Generation&) override {
    ++unstaged;
    return {};
  }
  Outcome serve(const Serving& serving) override {
    if (misses > 0) {
      --misses;
      return {false, 0, 1};
    }
    ++lives;
    served = {};
    const auto version = [](const Generation* its) { return its->manifest().version.text(); };
    for (const Part& part : serving.current.parts) {
      served.current.push_back(version(part.generation));
      if (part.newer != nullptr) served.newer.push_back(version(part.newer));
    }
    for (const Part& part : serving.candidate.parts) served.candidate.push_back(version(part.generation));
    return {true, 17, 1};
  }
  bool is_owed(const Generation&) override { return false; }
  CallFigures figures(const Generation& its) override {
    CallFigures figures;
    figures.calls = figures.measured = calls;
    figures.faults = faults[its.manifest().version.text()];
    return figures;
  }
  HostFigures host_figures() override { return {}; }
};

// The system's, and as far ahead of it as a test says.
class AheadClock final : public Clock {
 public:
  std::uint64_t ahead_us = 0;
  std::uint64_t mono_us() override { return system_.mono_us() + ahead_us; }
  std::uint64_t wall_ms() override { return system_.wall_ms() + ahead_us / 1'000; }

 private:
  SystemClock system_;
};

struct PushedWorld {
  // `its`: of a world that was closed, to start on what it left.
  explicit PushedWorld(PreflightSettings preflight = {}, std::shared_ptr<ScratchDirectory> its = nullptr)
      : directory(its != nullptr ? std::move(its) : std::make_shared<ScratchDirectory>()),
        pipeline(
            target, *ModuleStore::open(directory->path()), clock,
            {.preflight = {.is_on = preflight.is_on,
                           .program = preflight.program.empty() ? HOTLINE_PREFLIGHT_FILE : preflight.program,
                           .deadline_ms = preflight.deadline_ms,
                           .output_bytes = preflight.output_bytes}},
            [this](const std::string& kind, const std::string& json) -> Result<std::uint64_t> {
              history.push_back(json);
              told.push_back(kind + " " + nlohmann::json::parse(json).value("outcome", ""));
              return std::uint64_t{history.size()};
            }) {}
  ~PushedWorld() { pipeline.close(); }
  PushedWorld(const PushedWorld&) = delete;
  PushedWorld& operator=(const PushedWorld&) = delete;

  PushOutcome push(const std::string& file) {
    return pipeline.push({.files = {file}, .by = {.user = "anna"}});
  }
  PushPlan plan(const std::string& file) { return pipeline.plan({.files = {file}, .by = {.user = "anna"}}); }

  // Without what was retired and only stays mapped because sanitizers let nothing be unmapped.
  std::vector<GenerationReport> generations() {
    std::vector<GenerationReport> all = pipeline.generations();
    if (!Generation::can_unload())
      std::erase_if(all, [](const GenerationReport& report) { return report.state == "pinned"; });
    return all;
  }
  // "good 2.0.0 current, good 1.0.0 previous", the newest of each module first.
  std::string loaded() {
    std::string text;
    for (const GenerationReport& report : generations())
      text += (text.empty() ? "" : ", ") + report.name + " " + report.version + " " + report.state;
    return text;
  }

  std::shared_ptr<ScratchDirectory> directory;
  AheadClock clock;
  ObedientTarget target;
  std::vector<std::string> history;
  std::vector<std::string> told;  // Of the same: "push live".
  Pipeline pipeline;
};

inline std::string faulty(const std::string& wrong) {
  return fixture("faulty_" + wrong, wrong == "right" ? "faulty-1.0.0" : "faulty-2.0.0");
}

}  // namespace hotline::test

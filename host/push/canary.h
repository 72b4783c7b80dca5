// Canary: a push whose candidates serve a share of the accounts, and how it goes on.
//
//     begin -> 5 % held -> 25 % held -> 100 % held -> live
//        \________ a look at the gate fails, or an operator aborts ________/ -> back to what was current
//
// It decides; the pipeline acts. Threads: the pipeline's, one call at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "push/canary_plan.h"
#include "push/canary_share.h"
#include "push/gate.h"
#include "push/live_target.h"
#include "push/push_request.h"
#include "push/steps/steps.h"

namespace hotline {

// What serves before and after, for the gate: a generation and the one it stands against, with the figures
// each had when the look began.
struct JudgedModule {
  const Generation* candidate = nullptr;
  const Generation* control = nullptr;  // nullptr: the module is new.
  CallFigures candidate_from, control_from, control_at_begin;
};

class Canary {
 public:
  Canary(PushRun run, CanaryPlan plan, HostFigures before, GateLimits limits, PushListener told);

  PushRun& run() { return run_; }
  const CanaryPlan& plan() const { return plan_; }
  const PushListener& told() const { return told_; }
  CanaryShare share() const;

  // It serves with its present share since `now_ms`.
  void hold(std::uint64_t now_ms, LiveTarget& target, const Slots& slots);
  // To the next share; false: the last one was held, and stays.
  bool advance();
  void retreat() { --step_; }  // The share that it was to have was not reached.
  void pause(std::uint64_t now_ms);
  void resume(std::uint64_t now_ms);
  bool is_paused() const { return paused_ms_ != 0; }

  // It goes back, whatever the gate says from now on: when the shards come together. Of several reasons the
  // first counts, and that one of them was a fault.
  struct Ending {
    std::string why;
    LiveTarget::UnderWay under_way = LiveTarget::UnderWay::ends_where_it_began;
  };
  void go_back(const std::string& why, LiveTarget::UnderWay under_way);
  const std::optional<Ending>& ending() const { return ending_; }

  enum class Next { stay, advance, back };
  // A look, when one is due. Of `back` the reason is in `why`.
  struct Look {
    Next next = Next::stay;
    std::string why;
    bool has_faulted = false;
  };
  Look look(std::uint64_t now_ms, LiveTarget& target);
  CanaryReport report(std::uint64_t now_ms) const;

 private:
  std::uint64_t held_ms(std::uint64_t now_ms) const;

  PushRun run_;
  const CanaryPlan plan_;
  Gate gate_;
  const PushListener told_;
  const std::uint64_t seed_;
  std::vector<JudgedModule> judged_;
  std::size_t step_ = 0;
  std::uint64_t since_ms_ = 0;   // When the present share began, moved on by pauses.
  std::uint64_t paused_ms_ = 0;  // When; 0: it is not.
  std::uint64_t looked_ms_ = 0;
  std::vector<std::string> says_;
  std::optional<Ending> ending_;
};

}  // namespace hotline

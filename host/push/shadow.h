// Shadow: a push whose candidates are given copies of live events, and how it goes on.
//
//     begin -> compared for its time -> the canary, or live
//        \________ faults, too many differences, or an operator aborts ________/ -> refused, taken back
//
// Nothing of it serves anybody. It decides; the pipeline acts. Threads: the pipeline's, one call at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "push/canary_plan.h"
#include "push/push_request.h"
#include "push/shadow_tally.h"
#include "push/steps/steps.h"

namespace hotline {

class Shadow {
 public:
  Shadow(PushRun run, CanaryPlan plan, const Slots& slots, PushListener told, std::uint64_t now_ms);

  PushRun& run() { return run_; }
  const CanaryPlan& plan() const { return plan_; }
  const PushListener& told() const { return told_; }
  const std::shared_ptr<ShadowTally>& tally() const { return tally_; }

  // Whether anything that is live can be compared with.
  bool has_control() const;
  enum class Next { stay, go_on, back };
  // A look, when one is due. Of `back` the reason is in `why`.
  struct Look {
    Next next = Next::stay;
    std::string why = {};
  };
  Look look(std::uint64_t now_ms);
  // What it came to, as the step of the push that it was; tells the listener too.
  void end(std::uint64_t now_ms);
  CanaryReport report(std::uint64_t now_ms) const;

 private:
  std::string detail(std::uint64_t now_ms) const;

  PushRun run_;
  const CanaryPlan plan_;
  const PushListener told_;
  const std::shared_ptr<ShadowTally> tally_ = std::make_shared<ShadowTally>();
  std::vector<PushedModule> modules_;
  const std::uint64_t since_ms_;
  std::uint64_t told_ms_;
};

}  // namespace hotline

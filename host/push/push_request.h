// PushRequest: what a push is asked to do. PushListener: who is told on the way. Plain values.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "push/canary_plan.h"
#include "push/outcome.h"
#include "push/plan.h"

namespace hotline {

struct PushRequest {
  std::vector<std::string> files;  // At one barrier, or none of them.
  PushedBy by;
  bool may_be_older = false;  // --force: than what is live; it needs a reason.
  CanaryPlan canary = {};
};

// Each may be empty. Called on the pipeline's threads.
struct PushListener {
  // A step has ended; or, of a canary, something is to be said.
  std::function<void(const std::string& step, const std::string& detail, double ms)> progress = {};
  // Once, when verify and preflight have passed and nothing has changed yet.
  std::function<void(const PushPlan& plan)> planned = {};
  // Once, of a push in canary, when it has ended: live, or taken back.
  std::function<void(const PushOutcome& outcome)> ended = {};
};

}  // namespace hotline

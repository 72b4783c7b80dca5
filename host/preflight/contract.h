// Contract: one clause of what a module promises (docs/writing-a-module.md), tried beyond what a push tries.
// Each is tried in a process of its own, since a module may die of it.
//
// [child, its only thread]
#pragma once

#include <string>

#include "preflight/attempt.h"
#include "preflight/stage.h"
#include "push/manifest.h"

namespace hotline::preflight {

class Contract {
 public:
  Contract(PreflightRequest request, Manifest manifest, Steps::Say say);
  // The clause that the request names. The refusal of the verdict says how it is broken.
  PreflightVerdict run();

 private:
  using Clause = std::string (Contract::*)(Generation& generation);
  static Clause clause_of(const std::string& name);
  // Each answers what is wrong; empty: nothing.
  std::string try_instances(Generation& generation);
  std::string try_capabilities(Generation& generation);
  std::string try_failures(Generation& generation);
  std::string try_hostile(Generation& generation);
  std::string try_same(Generation& generation);
  std::string try_renewal(Generation& generation);
  std::string try_rows(Generation& generation);

  // A stage with an instance on it; what was wrong with create().
  std::string set(Stage& stage, const Generation& generation);
  std::string fail_each_call(Stage& stage, const SyntheticEvent& event, const Generation& generation);
  std::string damage_rows(Stage& stage, const Generation& generation);

  const PreflightRequest request_;
  const Manifest manifest_;
  Steps steps_;
};

}  // namespace hotline::preflight

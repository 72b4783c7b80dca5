// Rehearsal: everything a module will do in the host, done once in a process that may die of it.
//
//     load -> self_test -> create -> an event for everything it claims -> the same again, many times ->
//     destroy -> rows up and down -> unload
//
// What it finds is what an operator reads: the first thing that is wrong, or nothing, with figures.
//
// [child, its only thread]
#pragma once

#include <string>
#include <vector>

#include "preflight/attempt.h"
#include "push/preflight_request.h"

namespace hotline::preflight {

class Stage;

class Rehearsal {
 public:
  Rehearsal(PreflightRequest request, Manifest manifest, Steps::Say say);
  PreflightVerdict run();

 private:
  void step(const std::string& name) { steps_.take(name); }
  // Each answers what is wrong, in words that follow "refused: "; empty: nothing.
  std::string with_generation(Generation& generation, PreflightVerdict& verdict);
  std::string with_instance(const Generation& generation, PreflightVerdict& verdict);
  std::string offer_events(Stage& stage, const Generation& generation, PreflightVerdict& verdict);
  std::string repeat_events(Stage& stage, const Generation& generation);
  std::string unload(Generation& generation);

  const PreflightRequest request_;
  const Manifest manifest_;
  Steps steps_;
  std::vector<SampleRow> written_;  // Rows that the events made it write.
};

}  // namespace hotline::preflight

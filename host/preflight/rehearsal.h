// Rehearsal: everything a module will do in the host, done once in a process that may die of it.
//
//     load -> self_test -> create -> an event for everything it claims -> the same again, many times ->
//     destroy -> rows up and down -> unload
//
// What it finds is what an operator reads: the first thing that is wrong, or nothing, with figures. `say`
// hears of each step before it is taken, so that one that never ends has a name.
//
// [child, its only thread]
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "push/generation.h"
#include "push/preflight_request.h"

namespace hotline::preflight {

class Stage;

class Rehearsal {
 public:
  using Say = std::function<void(const std::string& line)>;

  Rehearsal(PreflightRequest request, Manifest manifest, Say say);
  PreflightVerdict run();

 private:
  void step(const std::string& name) { say_("step " + (step_ = name)); }
  // Each answers what is wrong, in words that follow "refused: "; empty: nothing.
  std::string with_generation(Generation& generation);
  std::string with_instance(const Generation& generation);
  std::string offer_events(Stage& stage, const Generation& generation);
  std::string repeat_events(Stage& stage, const Generation& generation);
  std::string unload(Generation& generation);

  const PreflightRequest request_;
  const Manifest manifest_;
  const Say say_;
  std::string step_;
  std::vector<SampleRow> written_;  // Rows that the events made it write.
  PreflightVerdict verdict_;
};

}  // namespace hotline::preflight

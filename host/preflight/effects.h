// Effects: what a fake host holds, as text that can be compared: two runs had the same effects when their
// texts are equal.
//
// [child]
#pragma once

#include <string>

#include "hotline/fake_host.hpp"

namespace hotline::preflight {

std::string effects_of(const sdk::fake::State& state);

}  // namespace hotline::preflight

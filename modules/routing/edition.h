// Edition: what tells one build of routing from the next where everybody can see it: an element on each
// message it delivers, and a count of them by type. The plain edition does neither; asking costs one branch.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules.h"

namespace hotline::routing {

enum class EditionKind { plain, annotated };

class Edition {
 public:
  Edition(const hl_host* host, EditionKind kind);

  bool annotates() const { return !annotation_.empty(); }
  // <hotline xmlns='urn:hotline:0' version='…'/>
  std::string_view annotation() const { return annotation_; }
  void count(MessageType type) const {
    if (!counters_.empty()) counters_[static_cast<std::size_t>(type)].add();
  }

 private:
  std::string annotation_;
  std::vector<sdk::Counter> counters_;  // By MessageType; empty when nothing is counted.
};

}  // namespace hotline::routing

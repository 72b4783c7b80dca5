// Slot: the core's place for a module: its generations that are loaded, and which of them is current. Slots:
// all of them.
//
// They stand in the order in which they were live, so that the way back is the one before the current; but
// none that was gone back from already. Going back moves nothing.
//
// Owned by the pipeline, under its lock.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "push/candidate.h"
#include "push/generation.h"
#include "push/live_target.h"
#include "push/outcome.h"

namespace hotline {

struct Slot {
  std::string name;
  std::vector<std::unique_ptr<Generation>> resident;
  // The current one; nothing when `resident` is empty. Read without the pipeline's lock while a push is
  // verified.
  std::atomic<std::size_t> at{0};
  bool is_disabled = false;  // The current one serves nobody, until somebody says so or another is pushed.

  Generation* current() const { return resident.empty() ? nullptr : resident[at].get(); }
  // The way back; nothing: none is loaded.
  std::optional<std::size_t> way_back() const;
  Generation* previous() const {
    const std::optional<std::size_t> before = way_back();
    return before ? resident[*before].get() : nullptr;
  }
  // What is current serves in the place of `from`: going back, that one and all between them were left.
  void took_over_from(std::size_t from);
  // The one that knows the latest schemas of those that write rows which `manifest` does not read: its code
  // converts them, so it stays loaded. nullptr: none does.
  Generation* newer_than(const Manifest& manifest) const;
  // The place of the newest resident generation of that version; resident.size() when there is none.
  std::size_t find(std::string_view version) const {
    for (std::size_t i = resident.size(); i > 0; --i)
      if (resident[i - 1]->manifest().version.text() == version) return i - 1;
    return resident.size();
  }
};

// What becomes current, and what was; `from` nullptr: nothing.
PushedModule change_of(const Generation* from, const Generation& to);
GenerationReport report_of(const Generation& generation, const char* state);

class Slots {
 public:
  Slot* find(const std::string& name);  // NULL: no such module was ever live.
  const Slot* find(const std::string& name) const;
  auto begin() const { return slots_.begin(); }
  auto end() const { return slots_.end(); }

  // The set that is live once the candidates are. `beside`: at a start, what was loaded with them.
  std::vector<LiveTarget::Part> parts(const std::vector<Candidate>& candidates,
                                      const std::vector<Candidate>& beside) const;
  // The candidates, live now, become current; each in the slot of its name, made where there is none.
  void keep(std::vector<Candidate>& candidates, std::vector<Candidate>& beside);
  // The newest of each slot first.
  std::vector<GenerationReport> reports() const;
  void clear() { slots_.clear(); }

 private:
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace hotline

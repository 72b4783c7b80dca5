// block_owner: whose memory what this thread allocates now is; nullptr: the process's.
//
// Set by the guard around a call into a module, and taken away by HostSide around each capability: that is
// host code which runs within the module's call. Read by malloc() (module_malloc.cpp), in programs that
// have it; in the others nothing comes of it.
#pragma once

#include "arena/arena.h"

namespace hotline {

// In the executable's own block, so that malloc() reaches it in one instruction and without allocating it.
extern constinit thread_local ArenaPart* block_owner __attribute__((tls_model("initial-exec")));

class OwnedByProcess {
 public:
  OwnedByProcess() : owner_(block_owner) { block_owner = nullptr; }
  ~OwnedByProcess() { block_owner = owner_; }
  OwnedByProcess(const OwnedByProcess&) = delete;
  OwnedByProcess& operator=(const OwnedByProcess&) = delete;

 private:
  ArenaPart* const owner_;
};

// host_side<function>: the same function for a capability's table, called from module code.
template <auto function>
struct HostSide;
template <typename Result, typename... Arguments, Result (*function)(Arguments...)>
struct HostSide<function> {
  static Result call(Arguments... arguments) {
    const OwnedByProcess owned;
    return function(arguments...);
  }
};
template <auto function>
inline constexpr auto host_side = &HostSide<function>::call;

}  // namespace hotline

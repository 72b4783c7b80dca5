// Fetching a capability, and what all the typed wrappers of one share.
//
// A wrapper is made in the module's constructor from the host: `Tables tables{host};`. It throws
// Missing when the host has no such capability or the manifest does not name it, so that create
// answers HL_E_NONE; `Wrapper::wanted(host)` is for a capability that is only wanted: nothing when it is not
// there. Wrappers are two pointers: copy them freely.
//
// A call answers the C function's status where a module has to decide something. Where an answer
// could only come from a mistake in the module (the account lives on another shard, the table is
// another module's), Refused is thrown: the call becomes a fault and nothing of it takes effect. A row that
// is parked is Refused too, with HL_E_PARKED; the host charges nobody for that.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "hotline/entry.hpp"
#include "hotline/host.h"
#include "hotline/str.hpp"

namespace hotline::sdk {

// The host refused what a correct module would not have asked for.
class Refused : public std::exception {
 public:
  Refused(const char* call, Status status)
      : what_(std::string(call) + " answered " + std::to_string(status)), status_(status) {}
  const char* what() const noexcept override { return what_.c_str(); }
  Status status() const { return status_; }

 private:
  std::string what_;
  Status status_;
};

inline void require(Status status, const char* call) {
  if (status != HL_OK) throw Refused(call, status);
}

// Self is the wrapper, Functions its C table.
template <typename Self, typename Functions>
class Capability {
 public:
  static std::optional<Self> wanted(const hl_host* host) {
    if (fetch(host) == nullptr) return std::nullopt;
    return Self(host);
  }

 protected:
  explicit Capability(const hl_host* host) : host_(host), call_(fetch(host)) {
    if (call_ == nullptr) throw Missing(Self::name);
  }
  const hl_host* host_;
  const Functions* call_;

 private:
  static const Functions* fetch(const hl_host* host) {
    const auto* found = static_cast<const Functions*>(host->capability(host, Self::name));
    return found != nullptr && found->size >= sizeof(Functions) ? found : nullptr;
  }
};

}  // namespace hotline::sdk

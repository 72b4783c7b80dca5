// Asked: who asks a capability, and about which object of the shard: what every call that names a stream or a
// session looks at first.
#pragma once

#include <cstdint>
#include <type_traits>

#include "dispatch/capabilities/capabilities.h"
#include "dispatch/shard.h"

namespace hotline {

template <typename Object>
struct Asked {
  ModuleContext& context;
  Transaction* transaction;
  Object* object;
  hl_status status;  // Why not, when it is not HL_OK: then nothing above but `context` may be used.
};

// `owner`: where the shard keeps such objects, &Shard::streams or &Shard::sessions.
template <typename Owner>
auto ask(const hl_host* host, std::uint64_t handle, Owner Shard::*owner) {
  ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  auto* object = (context.shard.*owner).find(handle);
  const hl_status status = transaction == nullptr ? HL_E_DENIED : object == nullptr ? HL_E_GONE : HL_OK;
  return Asked<std::remove_pointer_t<decltype(object)>>{context, transaction, object, status};
}

}  // namespace hotline

// hotline.login/1: login on a stream that goes on.
#include "hotline/cap/login.h"

#include <utility>

#include "arena/block_owner.h"
#include "base/address.h"
#include "dispatch/capabilities/asked.h"

namespace hotline {
namespace {

hl_status log_in(const hl_host* host, hl_stream handle, hl_str account) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  Address address;
  if (!parse_address(from_str(account), address) || address.has_resource) return HL_E_INVALID;
  Shard& shard = asked.context.shard;
  if (!shard.is_home(address.bare)) return HL_E_ELSEWHERE;
  if (!asked.object->account.empty()) return HL_E_DENIED;
  // At once, so that this call may bind or resume; the limits and the scratch follow when it has returned.
  asked.object->account = address.bare;
  asked.transaction->exchange_by([&shard, handle, other = std::string()]() mutable {
    if (Stream* then = shard.streams.find(handle)) std::swap(then->account, other);
  });
  Effect& effect = asked.transaction->add(Effect::Kind::stream_login);
  effect.handle = handle;
  effect.text = asked.transaction->keep_text(address.bare);
  return HL_OK;
}

constexpr hl_cap_login login_table{sizeof(hl_cap_login), 0, host_side<log_in>};

}  // namespace

const Capability login_capability{HL_CAP_LOGIN, &login_table};

}  // namespace hotline

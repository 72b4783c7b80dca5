// hotline.stream/1: connections, mostly before a session is bound.
#include "hotline/cap/stream.h"

#include <cstddef>

#include "arena/block_owner.h"
#include "base/address.h"
#include "dispatch/capabilities/asked.h"

namespace hotline {
namespace {

constexpr std::size_t scratch_bytes_max = 4'096;
constexpr std::size_t info_size_first = offsetof(hl_stream_info, from);  // What the first modules know.

hl_status stream_info(const hl_host* host, hl_stream handle, hl_stream_info* out) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  if (out->size < info_size_first) return HL_E_INVALID;
  Stream& stream = *asked.object;
  Tls* tls = stream.connection->tls();
  const bool is_login_safe = tls != nullptr || !stream.listener->needs_tls;
  out->flags = (tls != nullptr ? HL_STREAM_IS_TLS : 0u) |
               (tls == nullptr && stream.listener->offers_starttls ? HL_STREAM_CAN_STARTTLS : 0u) |
               (is_login_safe ? 0u : HL_STREAM_NEEDS_TLS) |
               (stream.listener->framer == FramerKind::websocket ? HL_STREAM_IS_WEBSOCKET : 0u) |
               (stream.is_loopback ? HL_STREAM_IS_LOOPBACK : 0u);
  out->account = stream.account.empty() ? hl_str{nullptr, 0} : to_str(stream.account);
  out->session = stream.session;
  out->peer = to_str(asked.transaction->keep_text(stream.peer()));
  out->listener = to_str(stream.listener->name);
  out->tls_version =
      tls == nullptr ? hl_str{nullptr, 0} : to_str(asked.transaction->keep_text(tls->info().version));
  const BeforeSession* const before = stream.has_before();
  out->failures = before == nullptr ? 0 : before->failures;
  out->reserved = 0;
  if (out->size >= sizeof(hl_stream_info))
    out->from = before != nullptr && before->from ? to_str(*before->from) : hl_str{nullptr, 0};
  return HL_OK;
}

hl_status send_to_stream(const hl_host* host, hl_stream handle, hl_str xml) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  const bool is_lines = asked.object->listener->framer == FramerKind::lines;
  Effect& effect = asked.transaction->add(is_lines ? Effect::Kind::stream_line : Effect::Kind::stream_send);
  effect.handle = handle;
  effect.bytes = Buffer::copy(from_str(xml));
  return HL_OK;
}

hl_status stream_close(const hl_host* host, hl_stream handle, hl_str condition, hl_str text) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  Effect& effect = asked.transaction->add(Effect::Kind::stream_close);
  effect.handle = handle;
  effect.text = asked.transaction->keep_text(from_str(condition));
  effect.text2 = asked.transaction->keep_text(from_str(text));
  return HL_OK;
}

hl_status start_tls(const hl_host* host, hl_stream handle, hl_str xml) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  if (asked.object->connection->tls() != nullptr || !asked.object->listener->offers_starttls)
    return HL_E_DENIED;
  Effect& effect = asked.transaction->add(Effect::Kind::stream_start_tls);
  effect.handle = handle;
  effect.bytes = Buffer::copy(from_str(xml));
  return HL_OK;
}

hl_status set_scratch(const hl_host* host, hl_stream handle, hl_str bytes) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  if (bytes.size > scratch_bytes_max) return HL_E_FULL;
  Stream& stream = *asked.object;
  std::string& kept = stream.before().scratch;
  asked.transaction->exchange_by([&shard = asked.context.shard, handle, other = kept]() mutable {
    Stream* then = shard.streams.find(handle);
    if (then != nullptr && (then->has_before() != nullptr || !other.empty()))
      std::swap(then->before().scratch, other);
  });
  if (CallTape* tape = asked.context.shard.calls.tape()) tape->deeds().touch_scratch(handle);
  asked.context.shard.streams.wipe_scratch(stream);
  kept = from_str(bytes);
  return HL_OK;
}

hl_status scratch(const hl_host* host, hl_stream handle, hl_str* bytes) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  const BeforeSession* const before = asked.object->has_before();
  *bytes = before == nullptr ? hl_str{"", 0} : to_str(asked.transaction->keep_text(before->scratch));
  return HL_OK;
}

hl_status move_home(const hl_host* host, hl_stream handle, hl_str account) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  Address address;
  if (!parse_address(from_str(account), address) || address.has_resource) return HL_E_INVALID;
  const Shard& shard = asked.context.shard;
  // Where it is about to leave for is its home, and where it is to come it waits.
  if (shard.is_home(address.bare) && shard.world.home_of(address.bare) == shard.number) {
    asked.object->before().home_account = address.bare;
    return HL_E_EXISTS;
  }
  Effect& effect = asked.transaction->add(Effect::Kind::stream_move);
  effect.handle = handle;
  effect.text = asked.transaction->keep_text(address.bare);
  return HL_OK;
}

hl_status authenticate(const hl_host* host, hl_stream handle, hl_str account, hl_str xml) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  Address address;
  if (!parse_address(from_str(account), address) || address.has_resource) return HL_E_INVALID;
  if (!asked.context.shard.is_home(address.bare)) return HL_E_ELSEWHERE;
  if (!asked.object->account.empty()) return HL_E_DENIED;
  Effect& effect = asked.transaction->add(Effect::Kind::stream_login);
  effect.handle = handle;
  effect.text = asked.transaction->keep_text(address.bare);
  effect.bytes = Buffer::copy(from_str(xml));
  return HL_OK;
}

hl_status failed(const hl_host* host, hl_stream handle) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  // Counted whatever becomes of the call, and once: in a shadow run the current generation's call has done
  // it.
  std::uint32_t& failures = asked.object->before().failures;
  if (!asked.context.shard.calls.is_shadow()) ++failures;
  return failures >= asked.context.shard.world.limits.failed_logins_per_stream_max ? HL_E_FULL : HL_OK;
}

hl_status exporter(const hl_host* host, hl_stream handle, hl_str label, void* out, uint64_t size) {
  const auto asked = ask(host, handle, &Shard::streams);
  if (asked.status != HL_OK) return asked.status;
  Tls* tls = asked.object->connection->tls();
  if (tls == nullptr || tls->info().version != "TLSv1.3") return HL_E_NONE;
  return tls->exporter(from_str(label), {static_cast<unsigned char*>(out), size}) ? HL_OK : HL_E_NONE;
}

constexpr hl_cap_stream stream_table{sizeof(hl_cap_stream),   0,
                                     host_side<stream_info>,  host_side<send_to_stream>,
                                     host_side<stream_close>, host_side<start_tls>,
                                     host_side<set_scratch>,  host_side<scratch>,
                                     host_side<move_home>,    host_side<authenticate>,
                                     host_side<failed>,       host_side<exporter>};

}  // namespace

const Capability stream_capability{HL_CAP_STREAM, &stream_table};

}  // namespace hotline

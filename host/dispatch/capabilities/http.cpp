// hotline.http/1: answers to HTTP requests.
#include "hotline/cap/http.h"

#include <algorithm>
#include <array>

#include "arena/block_owner.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/shard.h"
#include "net/ascii.h"

namespace hotline {
namespace {

constexpr std::size_t response_bytes_max = 1'048'576;

bool is_hosts_own(std::string_view name) {
  constexpr std::array<std::string_view, 8> own = {
      "Content-Length", "Transfer-Encoding", "Connection", "Date", "Keep-Alive", "Upgrade", "Trailer", "TE"};
  return std::any_of(own.begin(), own.end(),
                     [name](std::string_view each) { return equal_ignoring_case(name, each); });
}

hl_status respond(const hl_host* host, hl_request request, uint32_t status, const hl_http_field* fields,
                  uint64_t field_count, hl_str body) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  if (status < 200 || status > 599 || field_count > HL_HTTP_FIELDS_MAX || body.size > response_bytes_max)
    return HL_E_INVALID;
  std::vector<HttpField> all;
  for (uint64_t i = 0; i < field_count; ++i) {
    const std::string_view name = from_str(fields[i].name), value = from_str(fields[i].value);
    if (!is_http_field(name, value) || is_hosts_own(name)) return HL_E_INVALID;
    all.push_back({std::string(name), std::string(value)});
  }
  Shard& shard = context.shard;
  if (SlotMap<Stream>::shard_of(request) == shard.number && !shard.requests.is_waiting(request))
    return HL_E_GONE;
  Effect& effect = transaction->add(Effect::Kind::http_respond);
  effect.number64 = request;
  effect.number = status;
  effect.text = transaction->keep_text(http_fields_text(all));
  effect.bytes = Buffer::copy(from_str(body));
  return HL_OK;
}

constexpr hl_cap_http http_table{sizeof(hl_cap_http), 0, host_side<respond>};

}  // namespace

const Capability http_capability{HL_CAP_HTTP, &http_table};

}  // namespace hotline

// hotline.http/1: answers to HTTP requests.
#include "hotline/cap/http.h"

#include "arena/block_owner.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/capabilities/http_fields.h"
#include "dispatch/shard.h"

namespace hotline {
namespace {

constexpr std::size_t response_bytes_max = 1'048'576;

hl_status respond(const hl_host* host, hl_request request, uint32_t status, const hl_http_field* fields,
                  uint64_t field_count, hl_str body) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  const std::optional<std::vector<HttpField>> all = http_fields_from(fields, field_count);
  if (!all || status < 200 || status > 599 || body.size > response_bytes_max) return HL_E_INVALID;
  Shard& shard = context.shard;
  if (HttpRequests::shard_of(request) == shard.number && !shard.requests.is_waiting(request))
    return HL_E_GONE;
  Effect& effect = transaction->add(Effect::Kind::http_respond);
  effect.number64 = request;
  effect.number = status;
  effect.text = transaction->keep_text(http_fields_text(*all));
  effect.bytes = Buffer::copy(from_str(body));
  return HL_OK;
}

constexpr hl_cap_http http_table{sizeof(hl_cap_http), 0, host_side<respond>};

}  // namespace

const Capability http_capability{HL_CAP_HTTP, &http_table};

}  // namespace hotline

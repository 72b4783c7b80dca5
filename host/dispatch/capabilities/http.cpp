// hotline.http/1: answers to HTTP requests.
#include "hotline/cap/http.h"

#include <algorithm>

#include "arena/block_owner.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/capabilities/http_fields.h"
#include "dispatch/shard.h"

namespace hotline {
namespace {

constexpr std::size_t response_bytes_max = 1'048'576;
constexpr std::size_t relayed_path_bytes_max = 8'192;

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

hl_status relay(const hl_host* host, hl_request request, hl_str node, hl_str method, hl_str path,
                const hl_http_field* fields, uint64_t field_count) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  const std::optional<std::vector<HttpField>> all = http_fields_from(fields, field_count);
  const std::string_view verb = from_str(method), where = from_str(path);
  const bool is_path = where.starts_with('/') && where.size() <= relayed_path_bytes_max &&
                       std::all_of(where.begin(), where.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!all || !is_path || (verb != "GET" && verb != "PUT")) return HL_E_INVALID;
  Shard& shard = context.shard;
  RelayRequest wanted{
      .node = std::string(from_str(node)), .method = std::string(verb), .path = std::string(where)};
  if (shard.world.relay == nullptr || !shard.world.relay->knows(wanted.node)) return HL_E_NONE;
  if (HttpRequests::shard_of(request) == shard.number && !shard.requests.is_waiting(request))
    return HL_E_GONE;
  for (const HttpField& field : *all) wanted.fields.emplace_back(field.name, field.value);
  transaction->add_work([&shard, request, wanted] { shard.relays.begin(request, wanted); });
  return HL_OK;
}

constexpr hl_cap_http http_table{sizeof(hl_cap_http), 0, host_side<respond>, host_side<relay>};

}  // namespace

const Capability http_capability{HL_CAP_HTTP, &http_table};

}  // namespace hotline

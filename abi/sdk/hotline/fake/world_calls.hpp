// The fake host's HTTP answers and outbox: the C functions of hotline.http/1 and hotline.outbox/1 over State.
#pragma once

#include <string>
#include <string_view>

#include "hotline/cap/http.h"
#include "hotline/cap/outbox.h"
#include "hotline/fake/view.hpp"

namespace hotline::sdk::fake {

struct WorldCalls {
  static hl_status respond(const hl_host* host, hl_request number, std::uint32_t status,
                           const hl_http_field* fields, std::uint64_t field_count, hl_str body) {
    if (status < 200 || status > 599 || field_count > HL_HTTP_FIELDS_MAX) return HL_E_INVALID;
    auto& requests = state_of(host).requests;
    const auto found = requests.find(number);
    if (found == requests.end() || found->second.status != 0) return HL_E_GONE;
    Request& request = found->second;
    request.status = status;
    request.body = view(body);
    for (std::uint64_t i = 0; i < field_count; ++i)
      request.fields.emplace_back(view(fields[i].name), view(fields[i].value));
    return HL_OK;
  }
  // numbers["fake.outbox_max"] bounds what waits; texts["fake.gateways"] names those there are (all, without
  // it).
  static hl_status send(const hl_host* host, hl_str gateway, hl_str account, hl_str token, hl_str body) {
    if (body.size > HL_OUTBOX_BODY_MAX) return HL_E_INVALID;
    const std::string name(view(gateway));
    const auto known = of(host).texts->find("fake.gateways");
    if (known != of(host).texts->end() && known->second.find(name) == std::string::npos) return HL_E_NONE;
    const auto bound = of(host).numbers->find("fake.outbox_max");
    auto& outbox = state_of(host).outbox;
    if (bound != of(host).numbers->end() && outbox.size() >= static_cast<std::size_t>(bound->second))
      return HL_E_FULL;
    outbox.push_back({of(host).module, name, std::string(view(account)), std::string(view(token)),
                      std::string(view(body))});
    return HL_OK;
  }
};

}  // namespace hotline::sdk::fake

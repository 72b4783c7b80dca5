// The fields of a response as a module gives them, looked at.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/calls.h"
#include "hotline/cap/http.h"
#include "net/ascii.h"
#include "net/http_message.h"

namespace hotline {

// Nothing where one of them is no field, or the host's own.
inline std::optional<std::vector<HttpField>> http_fields_from(const hl_http_field* fields,
                                                              std::uint64_t count) {
  constexpr std::array<std::string_view, 8> own = {
      "Content-Length", "Transfer-Encoding", "Connection", "Date", "Keep-Alive", "Upgrade", "Trailer", "TE"};
  if (count > HL_HTTP_FIELDS_MAX) return std::nullopt;
  std::vector<HttpField> all;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = from_str(fields[i].name), value = from_str(fields[i].value);
    const bool is_hosts_own = std::any_of(
        own.begin(), own.end(), [&](std::string_view each) { return equal_ignoring_case(name, each); });
    if (!is_http_field(name, value) || is_hosts_own) return std::nullopt;
    all.push_back({std::string(name), std::string(value)});
  }
  return all;
}

}  // namespace hotline

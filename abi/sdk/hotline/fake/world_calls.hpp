// The fake host's HTTP answers, files and outbox: the C functions of hotline.http/1, hotline.file/1 and
// hotline.outbox/1 over State.
#pragma once

#include <cctype>
#include <string>
#include <string_view>

#include "hotline/cap/file.h"
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
  // texts["fake.nodes"] names those there are. Its status is 299 from then on, and its fields are what was
  // passed on.
  static hl_status relay(const hl_host* host, hl_request number, hl_str node, hl_str method, hl_str path,
                         const hl_http_field* fields, std::uint64_t field_count) {
    if (path.size == 0 || (view(method) != "GET" && view(method) != "PUT")) return HL_E_INVALID;
    const auto nodes = of(host).texts->find("fake.nodes");
    if (nodes == of(host).texts->end() || nodes->second.find(view(node)) == std::string::npos)
      return HL_E_NONE;
    const hl_status status = respond(host, number, 299, fields, field_count, hl_str{"", 0});
    if (status != HL_OK) return status;
    Request& request = state_of(host).requests[number];
    request.node = view(node);
    request.path = view(path);
    return HL_OK;
  }
  static bool is_file_name(std::string_view name, std::size_t least, std::size_t most) {
    return name.size() >= least && name.size() <= most &&
           name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  }
  static hl_status receive(const hl_host* host, hl_request request, hl_str name, std::uint64_t offset,
                           std::uint64_t size, hl_str account, hl_str token) {
    if (!is_file_name(view(name), 16, 128) || (offset > size && offset != HL_FILE_ASK)) return HL_E_INVALID;
    state_of(host).files.push_back({"receive",
                                    of(host).module,
                                    std::string(view(name)),
                                    std::string(view(account)),
                                    std::string(view(token)),
                                    request,
                                    offset,
                                    size,
                                    {}});
    return HL_OK;
  }
  static hl_status send_file(const hl_host* host, hl_request number, std::uint32_t status,
                             const hl_http_field* fields, std::uint64_t field_count, hl_str name,
                             std::uint64_t offset, std::uint64_t length) {
    if (!is_file_name(view(name), 16, 128) || status < 200 || status > 299) return HL_E_INVALID;
    if (const hl_status answer = respond(host, number, status, fields, field_count, hl_str{"", 0});
        answer != HL_OK)
      return answer;
    Request& request = state_of(host).requests[number];
    request.file = view(name);
    request.offset = offset;
    request.length = length;
    return HL_OK;
  }
  static hl_status erase_file(const hl_host* host, hl_str name, hl_str digest) {
    if (!is_file_name(view(name), 16, 128)) return HL_E_INVALID;
    state_of(host).files.push_back(
        {"erase", of(host).module, std::string(view(name)), {}, {}, 0, 0, 0, std::string(view(digest))});
    return HL_OK;
  }
  static hl_status copy_file(const hl_host* host, hl_str digest, hl_str name, hl_str account, hl_str token) {
    if (!is_file_name(view(name), 16, 128) || !is_file_name(view(digest), 64, 64)) return HL_E_INVALID;
    state_of(host).files.push_back({"copy", of(host).module, std::string(view(name)),
                                    std::string(view(account)), std::string(view(token)), 0, 0, 0,
                                    std::string(view(digest))});
    return HL_OK;
  }
  static hl_status list_files(const hl_host* host, hl_str folder, hl_str account, hl_str token) {
    if (!is_file_name(view(folder), 4, 4)) return HL_E_INVALID;
    state_of(host).files.push_back({"list",
                                    of(host).module,
                                    std::string(view(folder)),
                                    std::string(view(account)),
                                    std::string(view(token)),
                                    0,
                                    0,
                                    0,
                                    {}});
    return HL_OK;
  }
  static hl_status archive_files(const hl_host* host, hl_str folder, std::uint64_t age_s, hl_str account,
                                 hl_str token) {
    if (!is_file_name(view(folder), 4, 4)) return HL_E_INVALID;
    state_of(host).files.push_back({"archive",
                                    of(host).module,
                                    std::string(view(folder)),
                                    std::string(view(account)),
                                    std::string(view(token)),
                                    0,
                                    0,
                                    age_s,
                                    {}});
    return HL_OK;
  }
  // numbers["fake.no_transcoder"]: there is none.
  static hl_status transcode_file(const hl_host* host, hl_str from, hl_str to, hl_str words, hl_str account,
                                  hl_str token) {
    if (!is_file_name(view(from), 16, 128) || !is_file_name(view(to), 16, 128)) return HL_E_INVALID;
    for (const char c : view(words))
      if (!std::isalnum(static_cast<unsigned char>(c)) &&
          std::string_view("./+=:- ").find(c) == std::string_view::npos)
        return HL_E_INVALID;
    if (of(host).numbers->contains("fake.no_transcoder")) return HL_E_NONE;
    state_of(host).files.push_back({"transcode", of(host).module, std::string(view(to)),
                                    std::string(view(account)), std::string(view(token)), 0, 0, 0,
                                    std::string(view(from)) + " " + std::string(view(words))});
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

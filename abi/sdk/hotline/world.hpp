// What is not XMPP: HTTP requests that a module answers, files of its own, and words to gateways outside. The
// contracts are in cap/http.h, cap/file.h and cap/outbox.h.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "hotline/cap/file.h"
#include "hotline/cap/http.h"
#include "hotline/cap/outbox.h"
#include "hotline/capability.hpp"

namespace hotline::sdk {

// A field of the request, by its name in lower case; the first where there are several.
inline std::optional<std::string_view> request_field(const hl_request_event& event, std::string_view name) {
  for (std::uint64_t i = 0; i < event.field_count; ++i)
    if (view(event.fields[i].name) == name) return view(event.fields[i].value);
  return std::nullopt;
}

struct HttpField {
  std::string_view name;
  std::string_view value;
};

class Http : public Capability<Http, hl_cap_http> {
 public:
  static constexpr const char* name = HL_CAP_HTTP;
  explicit Http(const hl_host* host) : Capability(host) {}

  // A peer that has gone meanwhile is no concern of the module's: HL_OK or HL_E_GONE.
  Status respond(hl_request request, std::uint32_t status, std::initializer_list<HttpField> fields,
                 std::string_view body) const {
    std::vector<hl_http_field> all;
    for (const HttpField& field : fields) all.push_back({str(field.name), str(field.value)});
    const Status answer = call_->respond(host_, request, status, all.data(), all.size(), str(body));
    if (answer != HL_E_GONE) require(answer, "http.respond");
    return answer;
  }
  // The same; or HL_E_NONE: no such node.
  [[nodiscard]] Status relay(hl_request request, std::string_view node, std::string_view method,
                             std::string_view path, const std::vector<HttpField>& fields) const {
    std::vector<hl_http_field> all;
    all.reserve(fields.size());
    for (const HttpField& field : fields) all.push_back({str(field.name), str(field.value)});
    const Status answer =
        call_->relay(host_, request, str(node), str(method), str(path), all.data(), all.size());
    if (answer != HL_E_NONE && answer != HL_E_GONE) require(answer, "http.relay");
    return answer;
  }
};

class Files : public Capability<Files, hl_cap_file> {
 public:
  static constexpr const char* name = HL_CAP_FILE;
  explicit Files(const hl_host* host) : Capability(host) {}

  struct Incoming {
    hl_request request = 0;
    std::string_view name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  // HL_OK, or HL_E_NONE: this host keeps no files.
  [[nodiscard]] Status receive(const Incoming& incoming, std::string_view account,
                               std::string_view token) const {
    const Status status = call_->receive(host_, incoming.request, str(incoming.name), incoming.offset,
                                         incoming.size, str(account), str(token));
    if (status != HL_E_NONE) require(status, "file.receive");
    return status;
  }
  struct Outgoing {
    std::string_view name;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };
  // The same; or HL_E_GONE, which is no concern of the module's.
  [[nodiscard]] Status send(hl_request request, std::uint32_t status, const std::vector<HttpField>& fields,
                            const Outgoing& outgoing) const {
    std::vector<hl_http_field> all;
    all.reserve(fields.size());
    for (const HttpField& field : fields) all.push_back({str(field.name), str(field.value)});
    const Status answer = call_->send(host_, request, status, all.data(), all.size(), str(outgoing.name),
                                      outgoing.offset, outgoing.length);
    if (answer != HL_E_NONE && answer != HL_E_GONE) require(answer, "file.send");
    return answer;
  }
  // What is not erased now is found with list().
  void erase(std::string_view file, std::string_view digest = {}) const {
    const Status status = call_->erase(host_, str(file), str(digest));
    if (status != HL_E_NONE) require(status, "file.erase");
  }
  [[nodiscard]] Status copy(std::string_view digest, std::string_view file, std::string_view account,
                            std::string_view token) const {
    const Status status = call_->copy(host_, str(digest), str(file), str(account), str(token));
    if (status != HL_E_NONE) require(status, "file.copy");
    return status;
  }
  [[nodiscard]] Status list(std::string_view folder, std::string_view account, std::string_view token) const {
    const Status status = call_->list(host_, str(folder), str(account), str(token));
    if (status != HL_E_NONE) require(status, "file.list");
    return status;
  }
  // HL_E_NONE also where there is no slower storage.
  [[nodiscard]] Status archive(std::string_view folder, std::uint64_t age_s, std::string_view account,
                               std::string_view token) const {
    const Status status = call_->archive(host_, str(folder), age_s, str(account), str(token));
    if (status != HL_E_NONE) require(status, "file.archive");
    return status;
  }
  struct Transcoding {
    std::string_view from, to, words;
  };
  // HL_E_NONE also where there is no program for it; HL_E_INVALID: the words are none, which may be a file's
  // media type, and so its owner's doing.
  [[nodiscard]] Status transcode(const Transcoding& wanted, std::string_view account,
                                 std::string_view token) const {
    const Status status = call_->transcode(host_, str(wanted.from), str(wanted.to), str(wanted.words),
                                           str(account), str(token));
    if (status != HL_E_NONE && status != HL_E_INVALID) require(status, "file.transcode");
    return status;
  }
};

class Outbox : public Capability<Outbox, hl_cap_outbox> {
 public:
  static constexpr const char* name = HL_CAP_OUTBOX;
  explicit Outbox(const hl_host* host) : Capability(host) {}

  // HL_OK; HL_E_NONE: no such gateway; HL_E_FULL: too much waits for it.
  [[nodiscard]] Status send(std::string_view gateway, std::string_view account, std::string_view token,
                            std::string_view body) const {
    const Status status = call_->send(host_, str(gateway), str(account), str(token), str(body));
    if (status != HL_E_NONE && status != HL_E_FULL) require(status, "outbox.send");
    return status;
  }
};

}  // namespace hotline::sdk

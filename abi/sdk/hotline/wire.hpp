// Streams, sessions and the reading of stanzas. The contracts are in the C headers under cap/; what
// differs is said here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "hotline/cap/login.h"
#include "hotline/cap/session.h"
#include "hotline/cap/stanza.h"
#include "hotline/cap/stream.h"
#include "hotline/capability.hpp"

namespace hotline::sdk {

class Streams : public Capability<Streams, hl_cap_stream> {
 public:
  static constexpr const char* name = HL_CAP_STREAM;
  explicit Streams(const hl_host* host) : Capability(host) {}

  // Nothing when the stream is gone.
  std::optional<hl_stream_info> info(hl_stream stream) const {
    hl_stream_info info{};
    info.size = sizeof info;
    if (call_->info(host_, stream, &info) != HL_OK) return std::nullopt;
    return info;
  }
  Status send(hl_stream stream, std::string_view xml) const { return call_->send(host_, stream, str(xml)); }
  Status close(hl_stream stream, std::string_view condition = {}, std::string_view text = {}) const {
    return call_->close(host_, stream, str(condition), str(text));
  }
  Status start_tls(hl_stream stream, std::string_view xml) const {
    return call_->start_tls(host_, stream, str(xml));
  }
  Status set_scratch(hl_stream stream, std::string_view bytes) const {
    return call_->set_scratch(host_, stream, str(bytes));
  }
  // Empty when there is none.
  std::string_view scratch(hl_stream stream) const {
    hl_str bytes{};
    return call_->scratch(host_, stream, &bytes) == HL_OK ? view(bytes) : std::string_view{};
  }
  Status move_home(hl_stream stream, std::string_view account) const {
    return call_->move_home(host_, stream, str(account));
  }
  Status authenticate(hl_stream stream, std::string_view account, std::string_view xml) const {
    return call_->authenticate(host_, stream, str(account), str(xml));
  }
  Status failed(hl_stream stream) const { return call_->failed(host_, stream); }
  // RFC 9266's tls-exporter data; nothing without TLS 1.3.
  std::optional<std::array<char, 32>> channel_binding(hl_stream stream) const {
    std::array<char, 32> out{};
    if (call_->exporter(host_, stream, str("EXPORTER-Channel-Binding"), out.data(), out.size()) != HL_OK)
      return std::nullopt;
    return out;
  }
};

class Logins : public Capability<Logins, hl_cap_login> {
 public:
  static constexpr const char* name = HL_CAP_LOGIN;
  explicit Logins(const hl_host* host) : Capability(host) {}

  Status log_in(hl_stream stream, std::string_view account) const {
    return call_->log_in(host_, stream, str(account));
  }
};

// A session's number, kept by the host: its priority, whether carbons are on.
class Field {
 public:
  Field(const hl_host* host, const hl_cap_session* call, std::uint32_t number)
      : host_(host), call_(call), number_(number) {}
  std::int64_t get(hl_session session) const {  // 0 for a session that has ended.
    std::int64_t value = 0;
    return call_->get(host_, session, number_, &value) == HL_OK ? value : 0;
  }
  Status set(hl_session session, std::int64_t value) const {
    return call_->set(host_, session, number_, value);
  }

 private:
  const hl_host* host_;
  const hl_cap_session* call_;
  std::uint32_t number_;
};

class Sessions : public Capability<Sessions, hl_cap_session> {
 public:
  static constexpr const char* name = HL_CAP_SESSION;
  explicit Sessions(const hl_host* host) : Capability(host) {}

  Field field(std::string_view field) const {
    std::uint32_t number = 0;
    require(call_->field(host_, str(field), &number), "session.field");
    return {host_, call_, number};
  }
  Status bind(hl_stream stream, std::string_view resource, hl_session* session) const {
    return call_->bind(host_, stream, str(resource), session);
  }
  // Nothing when the session is gone.
  std::optional<hl_session_info> info(hl_session session) const {
    hl_session_info info{};
    info.size = sizeof info;
    if (call_->info(host_, session, &info) != HL_OK) return std::nullopt;
    return info;
  }
  // 0 when there is none.
  hl_session find(std::string_view account, std::string_view resource) const {
    hl_session session = 0;
    return call_->find(host_, str(account), str(resource), &session) == HL_OK ? session : 0;
  }
  // Calls `each(hl_session)` for the account's sessions, oldest first, as they were before the first call.
  template <typename Each>
  void for_each(std::string_view account, Each each) const {
    std::array<hl_session, 16> few{};
    std::uint64_t count = 0;
    Status status = call_->list(host_, str(account), few.data(), few.size(), &count);
    if (status != HL_E_NONE) require(status, "session.list");
    if (count <= few.size()) {
      for (std::uint64_t i = 0; i < count; ++i) each(few[i]);
      return;
    }
    std::vector<hl_session> many(count);
    require(call_->list(host_, str(account), many.data(), many.size(), &count), "session.list");
    for (const hl_session session : many) each(session);
  }
  Status end(hl_session session, std::string_view condition, std::string_view text = {}) const {
    return call_->end(host_, session, str(condition), str(text));
  }
  Status send(hl_session session, std::string_view xml) const {
    return call_->send(host_, session, str(xml));
  }
  Status send_stanza(hl_session session, const hl_stanza& stanza) const {
    return call_->send_stanza(host_, session, &stanza);
  }
  Status send_to(hl_session session, const hl_stanza& stanza) const {
    return call_->send_to(host_, session, &stanza);
  }
  // `xml` absent: the entry's own bytes.
  Status send_entry(hl_session session, hl_entry entry, std::string_view xml = {}) const {
    return call_->send_entry(host_, session, entry, str(xml));
  }
  Status send_nonza(hl_session session, std::string_view xml) const {
    return call_->send_nonza(host_, session, str(xml));
  }

  struct ResumptionOffer {
    std::string_view id;
    std::uint32_t resume_s_max;
  };
  std::optional<ResumptionOffer> sm_id(hl_session session) const {
    hl_str id{};
    std::uint32_t resume_s_max = 0;
    if (call_->sm_id(host_, session, &id, &resume_s_max) != HL_OK) return std::nullopt;
    return ResumptionOffer{view(id), resume_s_max};
  }
  Status sm_enable(hl_session session, std::string_view answer, std::string_view request,
                   std::uint32_t resume_s) const {
    return call_->sm_enable(host_, session, str(answer), str(request), resume_s);
  }
  Status sm_acknowledged(hl_session session, std::uint32_t h) const {
    return call_->sm_acknowledged(host_, session, h);
  }
  Status safe(hl_session session, std::uint32_t* h) const { return call_->safe(host_, session, h); }
  Status sm_resume(hl_stream stream, std::string_view id, std::uint32_t h, std::string_view answer,
                   hl_session* session) const {
    return call_->sm_resume(host_, stream, str(id), h, str(answer), session);
  }
};

// One element of a stanza, or none: of which everything is absent. Views and elements are valid until the
// event ends.
class Element {
 public:
  Element(const hl_cap_stanza* call, const hl_stanza* stanza, std::uint32_t node)
      : call_(call), stanza_(stanza), node_(node) {}

  explicit operator bool() const { return node_ != HL_NODE_NONE; }
  std::string_view name() const { return *this ? view(call_->name(stanza_, node_)) : std::string_view{}; }
  std::string_view ns() const { return *this ? view(call_->ns(stanza_, node_)) : std::string_view{}; }
  bool is(std::string_view element, std::string_view of_ns) const {
    return name() == element && ns() == of_ns;
  }
  // Absent (data() == nullptr) when there is no such attribute.
  std::string_view attr(std::string_view attribute) const {
    return *this ? view(call_->attr(stanza_, node_, str(attribute))) : std::string_view{};
  }
  std::string_view text() const { return *this ? view(call_->text(stanza_, node_)) : std::string_view{}; }
  std::string_view xml() const { return *this ? view(call_->xml(stanza_, node_)) : std::string_view{}; }
  // Children in order: for (Element child = e.first(); child; child = child.next()).
  Element first() const { return at(*this ? call_->first_child(stanza_, node_) : HL_NODE_NONE); }
  Element next() const { return at(*this ? call_->next_sibling(stanza_, node_) : HL_NODE_NONE); }
  // The first child of that name and namespace; an empty one matches any.
  Element child(std::string_view element, std::string_view of_ns = {}) const {
    return at(*this ? call_->child(stanza_, node_, str(of_ns), str(element)) : HL_NODE_NONE);
  }

 private:
  Element at(std::uint32_t node) const { return {call_, stanza_, node}; }

  const hl_cap_stanza* call_;
  const hl_stanza* stanza_;
  std::uint32_t node_;
};

class Stanzas : public Capability<Stanzas, hl_cap_stanza> {
 public:
  static constexpr const char* name = HL_CAP_STANZA;
  explicit Stanzas(const hl_host* host) : Capability(host) {}

  Element root(const hl_stanza& stanza) const { return {call_, &stanza, 0}; }
  // The first child of the root: an iq's payload. False when there is none.
  Element payload(const hl_stanza& stanza) const { return root(stanza).first(); }
  // NULL when it is not well-formed.
  const hl_stanza* parse(std::string_view xml) const {
    const hl_stanza* out = nullptr;
    return call_->parse(host_, str(xml), &out) == HL_OK ? out : nullptr;
  }
};

}  // namespace hotline::sdk

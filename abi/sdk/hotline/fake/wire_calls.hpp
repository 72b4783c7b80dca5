// The fake host's streams and sessions: the C functions of hotline.stream/1 and hotline.session/1 over
// State, with the statuses the headers promise.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "hotline/fake/view.hpp"

namespace hotline::sdk::fake {

// ---- sessions' ends and sends, shared by several calls --------------------------------------------

inline void release_entries(State& state, hl_session id, const Session& session) {
  for (auto& [number, entry] : state.mailboxes[session.account])
    if (entry.holder == id) entry.holder = 0;
}

inline void end_session(State& state, hl_session id, std::string_view condition) {
  Session& session = state.sessions.at(id);
  if (session.has_ended) return;
  session.has_ended = true;
  session.error = condition;
  release_entries(state, id, session);
  const auto stream = state.streams.find(session.stream);
  if (stream != state.streams.end()) {
    stream->second.is_open = false;
    stream->second.error = condition;
  }
  state.session_words.push_back({HL_SESSION_ENDED, id, 0});
}

inline void send_counted(State& state, Session& session, std::string_view xml, hl_entry entry) {
  if (session.has_sm || session.stream == 0 || entry != 0)
    session.unacknowledged.push_back({std::string(xml), entry});
  if (session.stream != 0) state.streams.at(session.stream).sent.emplace_back(xml);
}

inline void pop_acknowledged(State& state, Session& session, std::size_t count) {
  for (; count > 0; --count) {
    const hl_entry entry = session.unacknowledged.front().entry;
    if (entry != 0) state.mailboxes[session.account].erase(entry);
    session.unacknowledged.pop_front();
  }
}

struct StreamCalls {
  static hl_status stream_info(const hl_host* host, hl_stream id, hl_stream_info* info) {
    const Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    // A caller that was built before `from` has no room for it.
    const std::size_t size = std::min<std::size_t>(info->size, sizeof *info);
    if (size < offsetof(hl_stream_info, from)) return HL_E_INVALID;
    const hl_stream_info all{info->size,
                             stream->flags,
                             member(stream->account),
                             stream->session,
                             str(stream->peer),
                             str(stream->listener),
                             member(stream->tls_version),
                             stream->failures,
                             0,
                             stream->account.empty() ? member(stream->from) : absent()};
    std::memcpy(info, &all, size);
    return HL_OK;
  }
  static hl_status stream_send(const hl_host* host, hl_stream id, hl_str xml) {
    Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    stream->sent.emplace_back(view(xml));
    return HL_OK;
  }
  static hl_status stream_close(const hl_host* host, hl_stream id, hl_str condition, hl_str) {
    Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    stream->is_open = false;
    stream->error = view(condition);
    if (stream->session != 0) end_session(state_of(host), stream->session, view(condition));
    return HL_OK;
  }
  static hl_status start_tls(const hl_host* host, hl_stream id, hl_str xml) {
    Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    if ((stream->flags & HL_STREAM_CAN_STARTTLS) == 0) return HL_E_DENIED;
    stream->sent.emplace_back(view(xml));
    stream->flags = (stream->flags & ~(HL_STREAM_CAN_STARTTLS | HL_STREAM_NEEDS_TLS)) | HL_STREAM_IS_TLS;
    stream->is_tls_started = true;
    return HL_OK;
  }
  static hl_status set_scratch(const hl_host* host, hl_stream id, hl_str bytes) {
    Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    if (bytes.size > 4096) return HL_E_FULL;
    stream->scratch = view(bytes);
    return HL_OK;
  }
  static hl_status scratch(const hl_host* host, hl_stream id, hl_str* bytes) {
    const Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    // A copy: the module may replace its scratch while it reads the old one.
    *bytes = str(of(host).keep(stream->scratch));
    return HL_OK;
  }
  static hl_status move_home(const hl_host* host, hl_stream id, hl_str account) {
    if (stream_of(host, id) == nullptr) return HL_E_GONE;
    if (!state_of(host).elsewhere.contains(std::string(view(account)))) return HL_E_EXISTS;
    state_of(host).has_moved = true;
    return HL_OK;
  }
  static hl_status authenticate(const hl_host* host, hl_stream id, hl_str account, hl_str xml) {
    Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    if (!stream->account.empty()) return HL_E_DENIED;
    if (state_of(host).elsewhere.contains(std::string(view(account)))) return HL_E_ELSEWHERE;
    stream->account = view(account);
    stream->scratch.clear();
    stream->sent.emplace_back(view(xml));
    return HL_OK;
  }
  static hl_status log_in(const hl_host* host, hl_stream id, hl_str account) {
    Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    if (!stream->account.empty()) return HL_E_DENIED;
    if (state_of(host).elsewhere.contains(std::string(view(account)))) return HL_E_ELSEWHERE;
    stream->account = view(account);
    stream->scratch.clear();
    return HL_OK;
  }
  static hl_status failed(const hl_host* host, hl_stream id) {
    Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    return ++stream->failures >= failures_max ? HL_E_FULL : HL_OK;
  }
  static hl_status exporter(const hl_host* host, hl_stream id, hl_str, void* out, std::uint64_t size) {
    const Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    if (!stream->channel_binding) return HL_E_NONE;
    std::memset(out, 0, size);
    std::memcpy(out, stream->channel_binding->data(),
                std::min<std::size_t>(size, stream->channel_binding->size()));
    return HL_OK;
  }
  static constexpr std::uint32_t failures_max = 3;
};

struct SessionCalls {
  static hl_status bind(const hl_host* host, hl_stream id, hl_str resource, hl_session* out) {
    State& state = state_of(host);
    Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    if (stream->account.empty() || stream->session != 0) return HL_E_DENIED;
    std::size_t count = 0;
    for (auto& [number, session] : state.sessions) {
      if (session.has_ended || session.account != stream->account) continue;
      if (session.resource == view(resource))
        end_session(state, number, "conflict");
      else
        ++count;
    }
    if (count >= sessions_max) return HL_E_FULL;
    *out = state.next_handle++;
    Session& session = state.sessions[*out];
    session.account = stream->account;
    session.resource = view(resource);
    session.address = session.account + "/" + session.resource;
    session.stream = id;
    session.sm_id = "sm-" + std::to_string(*out);
    stream->session = *out;
    return HL_OK;
  }
  static constexpr std::size_t sessions_max = 20;

  static hl_status session_info(const hl_host* host, hl_session id, hl_session_info* info) {
    const Session* session = session_of(host, id);
    if (session == nullptr) return HL_E_GONE;
    const std::uint32_t flags = (session->stream != 0 ? HL_SESSION_IS_ATTACHED : 0) |
                                (session->has_sm ? HL_SESSION_HAS_SM : 0) |
                                (session->resume_s > 0 ? HL_SESSION_CAN_RESUME : 0);
    *info = {sizeof *info,          flags,           str(session->account),         str(session->resource),
             str(session->address), session->stream, session->unacknowledged.size()};
    return HL_OK;
  }
  static hl_status find(const hl_host* host, hl_str account, hl_str resource, hl_session* out) {
    for (const auto& [id, session] : state_of(host).sessions) {
      if (session.has_ended || session.account != view(account) || session.resource != view(resource))
        continue;
      *out = id;
      return HL_OK;
    }
    return HL_E_NONE;
  }
  static hl_status list(const hl_host* host, hl_str account, hl_session* out, std::uint64_t capacity,
                        std::uint64_t* count) {
    *count = 0;
    for (const auto& [id, session] : state_of(host).sessions) {
      if (session.has_ended || session.account != view(account)) continue;
      if (*count < capacity) out[*count] = id;
      ++*count;
    }
    return HL_OK;
  }
  static hl_status end(const hl_host* host, hl_session id, hl_str condition, hl_str) {
    Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    end_session(state_of(host), id, view(condition));
    return HL_OK;
  }
  static hl_status field(const hl_host* host, hl_str name, std::uint32_t* number) {
    auto& names = field_names(host);
    const auto found = std::find(names.begin(), names.end(), view(name));
    *number = static_cast<std::uint32_t>(found - names.begin());
    if (found == names.end()) names.emplace_back(view(name));
    return names.size() > 16 ? HL_E_FULL : HL_OK;
  }
  static std::vector<std::string>& field_names(const hl_host* host) { return *of(host).fields; }
  static hl_status get_field(const hl_host* host, hl_session id, std::uint32_t number, std::int64_t* value) {
    const Session* session = session_of(host, id);
    if (session == nullptr) return HL_E_GONE;
    const auto found = session->fields.find(number);
    *value = found == session->fields.end() ? 0 : found->second;
    return HL_OK;
  }
  static hl_status set_field(const hl_host* host, hl_session id, std::uint32_t number, std::int64_t value) {
    Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    session->fields[number] = value;
    return HL_OK;
  }
  static hl_status session_send(const hl_host* host, hl_session id, hl_str xml) {
    Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    send_counted(state_of(host), *session, view(xml), 0);
    return HL_OK;
  }
  static hl_status send_stanza(const hl_host* host, hl_session id, const hl_stanza* stanza) {
    return session_send(host, id, stanza->xml);
  }
  static std::string with_to(std::string_view xml, std::string_view to) {
    const std::size_t at = std::min(xml.find_first_of(" >/", 1), xml.size());
    return std::string(xml.substr(0, at)) + " to='" + std::string(to) + "'" + std::string(xml.substr(at));
  }
  static hl_status send_to(const hl_host* host, hl_session id, const hl_stanza* stanza) {
    const Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    if (!is_absent(stanza->to)) return HL_E_INVALID;
    return session_send(host, id, str(with_to(view(stanza->xml), session->address)));
  }
  static hl_status send_entry(const hl_host* host, hl_session id, hl_entry number, hl_str xml) {
    State& state = state_of(host);
    Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    auto& entries = state.mailboxes[session->account];
    const auto entry = entries.find(number);
    if (entry == entries.end()) return HL_E_GONE;
    entry->second.holder = id;
    const std::string_view bytes = is_absent(xml) ? std::string_view(entry->second.xml) : view(xml);
    const bool adds_to = (entry->second.flags & HL_ENTRY_TO) != 0;
    send_counted(state, *session, adds_to ? with_to(bytes, session->address) : std::string(bytes), number);
    return HL_OK;
  }
  static hl_status send_nonza(const hl_host* host, hl_session id, hl_str xml) {
    Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    if (session->stream != 0) state_of(host).streams.at(session->stream).sent.emplace_back(view(xml));
    return HL_OK;
  }
  static hl_status sm_enable(const hl_host* host, hl_session id, hl_str answer, hl_str,
                             std::uint32_t resume_s) {
    Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    if (session->has_sm) return HL_E_EXISTS;
    send_nonza(host, id, answer);
    session->has_sm = true;
    session->resume_s = std::min(resume_s, resume_s_max);
    session->unacknowledged.clear();
    return HL_OK;
  }
  static constexpr std::uint32_t resume_s_max = 300;
  static hl_status sm_id(const hl_host* host, hl_session id, hl_str* out, std::uint32_t* out_resume_s_max) {
    const Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    *out = str(session->sm_id);
    *out_resume_s_max = resume_s_max;
    return HL_OK;
  }
  static hl_status sm_acknowledged(const hl_host* host, hl_session id, std::uint32_t h) {
    Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    const std::uint32_t count = h - session->acknowledged;
    if (count > session->unacknowledged.size()) return HL_E_INVALID;
    session->acknowledged = h;
    pop_acknowledged(state_of(host), *session, count);
    return HL_OK;
  }
  static hl_status safe(const hl_host* host, hl_session id, std::uint32_t* h) {
    const Session* session = session_of(host, id);
    if (session == nullptr || session->has_ended) return HL_E_GONE;
    *h = session->safe.value_or(session->handled);
    return *h == session->handled ? HL_OK : HL_E_FULL;
  }
  static hl_status sm_resume(const hl_host* host, hl_stream id, hl_str sm_id_wanted, std::uint32_t h,
                             hl_str answer, hl_session* out) {
    State& state = state_of(host);
    Stream* stream = stream_of(host, id);
    if (stream == nullptr) return HL_E_GONE;
    if (stream->session != 0) return HL_E_DENIED;
    for (auto& [number, session] : state.sessions) {
      if (session.has_ended || session.resume_s == 0 || session.sm_id != view(sm_id_wanted) ||
          session.account != stream->account)
        continue;
      const std::uint32_t count = h - session.acknowledged;
      if (count > session.unacknowledged.size()) return HL_E_INVALID;
      if (session.stream != 0) state.streams.at(session.stream).is_open = false;
      session.stream = id;
      stream->session = number;
      std::string text(view(answer));
      if (const std::size_t at = text.find("%h"); at != std::string::npos)
        text.replace(at, 2, std::to_string(session.handled));
      stream->sent.push_back(std::move(text));
      session.acknowledged = h;
      pop_acknowledged(state, session, count);
      for (const Unacknowledged& again : session.unacknowledged) stream->sent.push_back(again.xml);
      state.session_words.push_back({HL_SESSION_RESUMED, number, 0});
      *out = number;
      return HL_OK;
    }
    return HL_E_NONE;
  }
};

}  // namespace hotline::sdk::fake

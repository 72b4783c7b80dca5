#include "session/stream_management.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>

namespace hotline::session {

using namespace hotline::sdk;

namespace {

constexpr std::string_view stanza_errors_ns = "urn:ietf:params:xml:ns:xmpp-stanzas";
constexpr std::string_view request = "<r xmlns='urn:xmpp:sm:3'></r>";

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return !text.empty() && error == std::errc{} && at == end ? std::optional(value) : std::nullopt;
}

bool is_true(std::string_view text) {
  return text == "true" || text == "1";
}

}  // namespace

StreamManagement::StreamManagement(const hl_host* host)
    : streams_(host), sessions_(host), stanzas_(host), acknowledged_(sessions_.field("sm.acknowledged")) {}

Status StreamManagement::on_element(const hl_stanza_event& event) {
  const std::string_view name = view(event.stanza->name);
  if (event.session == 0) {  // Nothing is bound: all that is possible is to take up an old session.
    return name == "resume" ? resume(event.stream, *event.stanza) : fail(event.stream, "unexpected-request");
  }
  if (name == "a") return acknowledged(event.stream, event.session, *event.stanza);
  if (name == "r") return requested(event.stream, event.session);
  if (name == "enable") return enable(event.session, *event.stanza);
  return fail(event.stream, "unexpected-request");
}

Status StreamManagement::enable(hl_session session, const hl_stanza& element) {
  const std::optional<hl_session_info> info = sessions_.info(session);
  const auto offer = sessions_.sm_id(session);
  if (!info || !offer) return HL_OK;
  if ((info->flags & HL_SESSION_HAS_SM) != 0) return fail(info->stream, "unexpected-request");
  const Element root = stanzas_.root(element);
  std::uint32_t resume_s = 0;
  if (is_true(root.attr("resume")))  // `max` is what the client would like at most.
    resume_s = std::min(number(root.attr("max")).value_or(offer->resume_s_max), offer->resume_s_max);

  Xml xml;
  xml.open("enabled", sm_ns);
  if (resume_s > 0) xml.attr("id", offer->id).attr("max", resume_s).attr("resume", "true");
  const Status status = sessions_.sm_enable(session, xml.take(), request, resume_s);
  if (status == HL_E_EXISTS) return fail(info->stream, "unexpected-request");
  if (status != HL_E_GONE) require(status, "session.sm_enable");
  return HL_OK;
}

Status StreamManagement::resume(hl_stream stream, const hl_stanza& element) {
  const Element root = stanzas_.root(element);
  const std::string_view id = root.attr("previd");
  const std::optional<std::uint32_t> h = number(root.attr("h"));
  if (id.empty() || !h) return fail(stream, "bad-request");
  // The host puts its count in place of the first %h, so that attribute comes before the client's text.
  Xml xml;
  xml.open("resumed", sm_ns).attr("h", "%h").attr("previd", id);
  hl_session session = 0;
  const Status status = sessions_.sm_resume(stream, id, *h, xml.take(), &session);
  if (status == HL_OK) {
    acknowledged_.set(session, *h);
    return HL_OK;
  }
  if (status == HL_E_INVALID) return refuse_count(stream, *h, 0);
  if (status == HL_E_DENIED) return fail(stream, "unexpected-request");
  return fail(stream, "item-not-found");
}

Status StreamManagement::acknowledged(hl_stream stream, hl_session session, const hl_stanza& element) {
  const std::optional<std::uint32_t> h = number(stanzas_.root(element).attr("h"));
  if (!h) {
    streams_.close(stream, "bad-format", "h must be a number below 2^32");
    return HL_OK;
  }
  const std::optional<hl_session_info> info = sessions_.info(session);
  if (!info) return HL_OK;
  if ((info->flags & HL_SESSION_HAS_SM) == 0) return fail(stream, "unexpected-request");
  const Status status = sessions_.sm_acknowledged(session, *h);
  if (status == HL_E_INVALID) {
    const auto before = static_cast<std::uint32_t>(acknowledged_.get(session));
    return refuse_count(stream, *h, before + static_cast<std::uint32_t>(info->unacknowledged));
  }
  if (status == HL_OK) acknowledged_.set(session, *h);
  return HL_OK;
}

Status StreamManagement::requested(hl_stream stream, hl_session session) {
  const std::optional<hl_session_info> info = sessions_.info(session);
  if (!info) return HL_OK;
  if ((info->flags & HL_SESSION_HAS_SM) == 0) return fail(stream, "unexpected-request");
  std::uint32_t handled = 0;
  // HL_E_FULL: the answer waits for the disk or the recipient, and on_safe gives it.
  return sessions_.safe(session, &handled) == HL_OK ? answer(session, handled) : HL_OK;
}

Status StreamManagement::on_safe(hl_session session, std::uint64_t handled) {
  return answer(session, static_cast<std::uint32_t>(handled));
}

Status StreamManagement::answer(hl_session session, std::uint32_t handled) {
  Xml xml;
  sessions_.send_nonza(session, xml.open("a", sm_ns).attr("h", handled).take());
  return HL_OK;
}

Status StreamManagement::fail(hl_stream stream, std::string_view condition) {
  Xml xml;
  streams_.send(stream, xml.open("failed", sm_ns).empty(condition, stanza_errors_ns).take());
  return HL_OK;
}

Status StreamManagement::refuse_count(hl_stream stream, std::uint32_t h, std::uint32_t sent) {
  Xml xml;
  xml.open("stream:error").empty("undefined-condition", "urn:ietf:params:xml:ns:xmpp-streams");
  xml.open("handled-count-too-high", sm_ns).attr("h", h).attr("send-count", sent).close();
  xml.open("text", "urn:ietf:params:xml:ns:xmpp-streams").attr("xml:lang", "en");
  xml.text("more stanzas were acknowledged than were sent").close();
  streams_.send(stream, xml.take());
  streams_.close(stream);
  return HL_OK;
}

}  // namespace hotline::session

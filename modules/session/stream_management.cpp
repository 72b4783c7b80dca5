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

}  // namespace

std::optional<std::uint32_t> count_of(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return !text.empty() && error == std::errc{} && at == end ? std::optional(value) : std::nullopt;
}

bool is_true(std::string_view text) {
  return text == "true" || text == "1";
}

StreamManagement::StreamManagement(const hl_host* host)
    : streams_(host),
      sessions_(host),
      stanzas_(host),
      unbound_(host),
      acknowledged_(sessions_.field("sm.acknowledged")) {}

Status StreamManagement::on_element(const hl_stanza_event& event) {
  const std::string_view name = view(event.stanza->name);
  if (event.session == 0) {  // Nothing is bound: all that is possible is to take up an old session.
    return name == "resume" ? resume(event) : fail(event.stream, "unexpected-request");
  }
  if (name == "a") return acknowledged(event.stream, event.session, *event.stanza);
  if (name == "r") return requested(event.stream, event.session);
  if (name == "enable") return enable(event.session, *event.stanza);
  return fail(event.stream, "unexpected-request");
}

std::optional<StreamManagement::Enabled> StreamManagement::offer(hl_session session, bool wants_resumption,
                                                                 std::uint32_t max_s) const {
  const auto offer = sessions_.sm_id(session);
  if (!offer) return std::nullopt;
  Enabled enabled;
  if (wants_resumption) enabled.resume_s = std::min(max_s, offer->resume_s_max);
  Xml xml;
  xml.open("enabled", sm_ns);
  if (enabled.resume_s > 0) xml.attr("id", offer->id).attr("max", enabled.resume_s).attr("resume", "true");
  enabled.element = xml.take();
  return enabled;
}

Status StreamManagement::turn_on(hl_session session, std::string_view answer, std::uint32_t resume_s) const {
  return sessions_.sm_enable(session, answer, request, resume_s);
}

Status StreamManagement::enable(hl_session session, const hl_stanza& element) {
  const std::optional<hl_session_info> info = sessions_.info(session);
  if (!info) return HL_OK;
  if ((info->flags & HL_SESSION_HAS_SM) != 0) return fail(info->stream, "unexpected-request");
  const Element root = stanzas_.root(element);
  const auto max_s = count_of(root.attr("max")).value_or(std::numeric_limits<std::uint32_t>::max());
  const std::optional<Enabled> enabled = offer(session, is_true(root.attr("resume")), max_s);
  if (!enabled) return HL_OK;
  const Status status = turn_on(session, enabled->element, enabled->resume_s);
  if (status == HL_E_EXISTS) return fail(info->stream, "unexpected-request");
  if (status != HL_E_GONE) require(status, "session.sm_enable");
  return HL_OK;
}

std::string StreamManagement::resumed(std::string_view previous) {
  return Xml().open("resumed", sm_ns).attr("h", "%h").attr("previd", previous).take();
}

std::string StreamManagement::failed(std::string_view condition) {
  return Xml().open("failed", sm_ns).empty(condition, stanza_errors_ns).take();
}

std::string StreamManagement::address_of(std::string_view account, std::string_view id) const {
  std::string address(account);
  sessions_.for_each(account, [&](hl_session session) {
    const std::optional<hl_session_info> info = sessions_.info(session);
    if (!info || (info->flags & HL_SESSION_CAN_RESUME) == 0) return;
    const auto its = sessions_.sm_id(session);
    if (its && its->id == id) address = view(info->address);
  });
  return address;
}

Status StreamManagement::take_up(hl_stream stream, std::string_view previous, std::uint32_t h,
                                 std::string_view answer) const {
  hl_session session = 0;
  const Status status = sessions_.sm_resume(stream, previous, h, answer, &session);
  if (status == HL_OK) acknowledged_.set(session, h);
  return status;
}

Status StreamManagement::resume(const hl_stanza_event& event) {
  const hl_stream stream = event.stream;
  if (!unbound_.is_good(stream, view(event.account))) return unbound_.turn_away(stream);
  const Element root = stanzas_.root(*event.stanza);
  const std::string_view id = root.attr("previd");
  const std::optional<std::uint32_t> h = count_of(root.attr("h"));
  if (id.empty() || !h) return fail(stream, "bad-request");
  const Status status = take_up(stream, id, *h, resumed(id));
  if (status == HL_OK) {
    unbound_.forget(stream, view(event.account));
    return HL_OK;
  }
  if (status == HL_E_INVALID) return refuse_count(stream, *h, 0);
  if (status == HL_E_DENIED) return fail(stream, "unexpected-request");
  return fail(stream, "item-not-found");
}

Status StreamManagement::acknowledged(hl_stream stream, hl_session session, const hl_stanza& element) {
  const std::optional<std::uint32_t> h = count_of(stanzas_.root(element).attr("h"));
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
  streams_.send(stream, failed(condition));
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

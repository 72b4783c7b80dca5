#include "registration/number_answers.h"

#include <charconv>

#include "registration/fields.h"
#include "registration/pin.h"

namespace hotline::registration {

using namespace hotline::sdk;

namespace {

constexpr std::string_view register_ns = "jabber:iq:register";
constexpr std::string_view reason_ns = "urn:hotline:numbers:0";
constexpr HttpField json_type{"Content-Type", "application/json"};

void member(std::string& json, std::string_view name, std::string_view value) {
  json.append(json.empty() ? "{" : ",");
  append_json_string(json, name);
  json.append(":");
  append_json_string(json, value);
}
void member(std::string& json, std::string_view name, std::uint64_t value) {
  json.append(json.empty() ? "{" : ",");
  append_json_string(json, name);
  json.append(":").append(std::to_string(value));
}

// The iq that is answered, as far as an answer needs it.
hl_stanza iq_of(const Applicant& applicant) {
  hl_stanza iq{};
  iq.size = sizeof iq;
  iq.kind = HL_STANZA_IQ;
  iq.name = str("iq");
  iq.to = applicant.to.empty() ? absent() : str(applicant.to);
  iq.from = absent();
  iq.id = str(applicant.id);
  return iq;
}

Xml& form_field(Xml& xml, std::string_view type, std::string_view name, std::string_view label) {
  xml.open("field").attr("type", type).attr("var", name);
  if (!label.empty()) xml.attr("label", label);
  return xml;
}

void open_form(Xml& xml) {
  xml.open("x", sdk::ns_forms).attr("type", "form").leaf("title", "Registration by phone number");
  form_field(xml, "hidden", "FORM_TYPE", {}).leaf("value", register_ns).close();
}

std::string_view reason_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::too_recent: return "too_recent";
    case Verdict::too_many: return "too_many";
    case Verdict::mismatch: return "mismatch";
    case Verdict::stale: return "stale";
    case Verdict::ok:
    case Verdict::busy: break;
  }
  return "busy";
}

std::string text_of(const CodeAnswer& answer) {
  const std::string wait = std::to_string(answer.retry_after_s) + " s";
  switch (answer.verdict) {
    case Verdict::too_recent: return "that was too soon; try again in " + wait;
    case Verdict::too_many: return "that was asked too often; try again in " + wait;
    case Verdict::mismatch:
      return answer.tries_left == 0 ? "that is not the PIN, and it was the last try; ask for a new one"
                                    : "that is not the PIN; " + std::to_string(answer.tries_left) +
                                          (answer.tries_left == 1 ? " try is left" : " tries are left");
    case Verdict::stale: return "no PIN is valid for this number; ask for one";
    case Verdict::ok:
    case Verdict::busy: break;
  }
  return "too much is going on at once; try again";
}

std::uint32_t status_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::too_recent:
    case Verdict::too_many: return 429;
    case Verdict::mismatch: return 403;
    case Verdict::stale: return 410;
    case Verdict::ok:
    case Verdict::busy: break;
  }
  return 503;
}

}  // namespace

std::string Applicant::encode() const {
  return join_fields(
      {std::string_view(reinterpret_cast<const char*>(&kind), 1), std::to_string(number), id, to});
}

std::optional<Applicant> Applicant::decode(std::string_view bytes) {
  const auto fields = split_fields(bytes, 4);
  if (!fields || ((*fields)[0] != "h" && (*fields)[0] != "s")) return std::nullopt;
  Applicant applicant;
  applicant.kind = static_cast<Kind>((*fields)[0][0]);
  const std::string& number = (*fields)[1];
  std::from_chars(number.data(), number.data() + number.size(), applicant.number);
  applicant.id = (*fields)[2];
  applicant.to = (*fields)[3];
  return applicant;
}

void NumberAnswers::result(const Applicant& applicant, std::string_view inner) const {
  streams_.send(applicant.number, iq_result(iq_of(applicant), inner));
}

void NumberAnswers::sent(const Applicant& applicant, std::uint64_t retry_after_s) const {
  if (applicant.kind == Applicant::Kind::http) {
    std::string json;
    member(json, "status", "sent");
    member(json, "length", std::uint64_t{pin_digits});
    member(json, "expires_in", NumberCodes::valid_s);
    member(json, "retry_after", retry_after_s);
    http_.respond(applicant.number, 200, {json_type}, json + "}");
    return;
  }
  Xml xml;
  xml.open("query", register_ns).leaf("instructions", "Send the PIN that was sent to your phone.");
  open_form(xml);
  form_field(xml, "text-single", "phone", "Phone number").empty("required").close();
  form_field(xml, "text-single", "code", "PIN").empty("required").close();
  result(applicant, xml.take());
}

std::string NumberAnswers::form() {
  Xml xml;
  open_form(xml);
  form_field(xml, "text-single", "phone", "Phone number, with its country code").empty("required").close();
  form_field(xml, "list-single", "method", "How the PIN is to come").leaf("value", "sms");
  for (const std::string_view way : {"sms", "voice"}) xml.open("option").leaf("value", way).close();
  xml.close();
  return xml.take();
}

void NumberAnswers::registered(const Applicant& applicant, std::string_view account,
                               std::string_view key) const {
  if (applicant.kind == Applicant::Kind::http) {
    std::string json;
    member(json, "status", "ok");
    member(json, "account", account);
    member(json, "key", key);
    http_.respond(applicant.number, 200, {json_type}, json + "}");
    return;
  }
  Xml xml;
  xml.open("query", register_ns).empty("registered");
  xml.leaf("username", account.substr(0, account.find('@'))).leaf("password", key);
  result(applicant, xml.take());
}

void NumberAnswers::refused(const Applicant& applicant, const CodeAnswer& answer) const {
  fail(applicant, status_of(answer.verdict), reason_of(answer.verdict), text_of(answer), answer);
}

void NumberAnswers::not_readable(const Applicant& applicant, std::string_view what,
                                 std::string_view why) const {
  fail(applicant, 400, "bad_" + std::string(what), why, {Verdict::ok, 0, 0, {}});
}

void NumberAnswers::unknown(const Applicant& applicant) const {
  fail(applicant, 404, "off", "numbers are not registered here", {Verdict::ok, 0, 0, {}});
}

void NumberAnswers::fail(const Applicant& applicant, std::uint32_t status, std::string_view reason,
                         std::string_view text, const CodeAnswer& answer) const {
  const bool has_tries = answer.verdict == Verdict::mismatch;
  const std::string retry_after = std::to_string(answer.retry_after_s);
  if (applicant.kind == Applicant::Kind::http) {
    std::string json;
    member(json, "status", "fail");
    member(json, "reason", reason);
    member(json, "text", text);
    if (has_tries) member(json, "tries_left", static_cast<std::uint64_t>(answer.tries_left));
    if (answer.retry_after_s > 0) member(json, "retry_after", answer.retry_after_s);
    json += "}";
    if (answer.retry_after_s > 0)
      http_.respond(applicant.number, status, {json_type, {"Retry-After", retry_after}}, json);
    else
      http_.respond(applicant.number, status, {json_type}, json);
    return;
  }
  Xml more;
  more.open("reason", reason_ns).attr("name", reason);
  if (has_tries) more.attr("tries-left", answer.tries_left);
  if (answer.retry_after_s > 0) more.attr("retry-after", retry_after);
  const bool may_come_back = status == 429 || status == 503;
  streams_.send(applicant.number, stanza_error(iq_of(applicant),
                                               status == 404   ? "cancel"
                                               : may_come_back ? "wait"
                                                               : "modify",
                                               status == 404   ? "not-allowed"
                                               : may_come_back ? "resource-constraint"
                                                               : "not-acceptable",
                                               text, more.take()));
}

}  // namespace hotline::registration

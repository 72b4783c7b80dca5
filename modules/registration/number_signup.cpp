#include "registration/number_signup.h"

#include "registration/fields.h"
#include "registration/phone_number.h"
#include "registration/pin.h"

namespace hotline::registration {

using namespace hotline::sdk;

namespace {

// Words between the homes of a request; 1 is presence's (registration.cpp).
constexpr std::uint32_t topic_admit = 2;     // At the network's home: a request.
constexpr std::uint32_t topic_admitted = 3;  // At the number's home: the same, to be handled.
constexpr std::uint32_t topic_refused =
    4;  // At the number's home: the same, and how many seconds it has to wait.

constexpr std::size_t key_bytes = 32;
constexpr std::string_view code_token = "code";

std::string form_value(const Element& form, std::string_view name) {
  for (Element field = form.first(); field; field = field.next())
    if (field.is("field", sdk::ns_forms) && field.attr("var") == name)
      return std::string(field.child("value", sdk::ns_forms).text());
  return {};
}

bool is_json(const hl_request_event& event) {
  const std::string_view type = request_field(event, "content-type").value_or("");
  return type == "application/json" || type.starts_with("application/json;");
}

}  // namespace

NumberSignup::NumberSignup(const hl_host* host)
    : streams_(host),
      posts_(host),
      random_(host),
      config_(host),
      log_(host),
      outbox_(host),
      admission_(host),
      codes_(host),
      answers_(host),
      credentials_(host, "number_pending"),
      codes_sent_(Stats(host).counter("codes_sent")),
      codes_lost_(Stats(host).counter("codes_lost")),
      mismatches_(Stats(host).counter("code_mismatches")),
      refused_(Stats(host).counter("numbers_refused")) {}

std::string NumberSignup::Request::encode() const {
  return join_fields({applicant.encode(), std::string_view(reinterpret_cast<const char*>(&step), 1), account,
                      method, pin, peer, is_loopback ? "1" : "0"});
}

std::optional<NumberSignup::Request> NumberSignup::Request::decode(std::string_view bytes) {
  const auto fields = split_fields(bytes, 7);
  if (!fields) return std::nullopt;
  const std::optional<Applicant> applicant = Applicant::decode((*fields)[0]);
  const std::string& step = (*fields)[1];
  if (!applicant || (step != "c" && step != "p")) return std::nullopt;
  return Request{*applicant,   static_cast<Step>(step[0]), (*fields)[2], (*fields)[3], (*fields)[4],
                 (*fields)[5], (*fields)[6] == "1"};
}

// ---- where it came in -----------------------------------------------------------------------------

Status NumberSignup::on_request(const hl_request_event& event) {
  Request request;
  request.applicant = {Applicant::Kind::http, event.request, {}, {}};
  request.peer = view(event.peer);
  request.is_loopback = (event.flags & HL_REQUEST_IS_LOOPBACK) != 0;
  if (!is_on()) {
    answers_.unknown(request.applicant);
    return HL_OK;
  }
  const std::string_view path = view(event.path);
  if (path != "/v1/code" && path != "/v1/register") return HL_E_NONE;
  request.step = path == "/v1/code" ? Step::code : Step::confirm;
  const std::string_view body = view(event.body);
  const std::optional<std::string> number = json_string(body, "number");
  if (!is_json(event) || !number) {
    answers_.not_readable(request.applicant, "request",
                          "a JSON object with a string `number` is needed, as application/json");
    return HL_OK;
  }
  request.method = json_string(body, "method").value_or("sms");
  request.pin = json_string(body, "pin").value_or("");
  read(request, *number);
  if (!request.account.empty()) admit(Admission::network_of(request.peer), request);
  return HL_OK;
}

Status NumberSignup::on_form(const hl_stanza_event& event, const hl_stream_info& info, const Element& form) {
  Request request;
  request.applicant = {Applicant::Kind::stream, event.stream, std::string(view(event.stanza->id)),
                       std::string(view(event.stanza->to))};
  request.peer = view(info.peer);
  request.is_loopback = (info.flags & HL_STREAM_IS_LOOPBACK) != 0;
  if (form.attr("type") == "cancel") {
    streams_.send(event.stream, iq_result(*event.stanza));
    return HL_OK;
  }
  request.method = form_value(form, "method");
  if (request.method.empty()) request.method = "sms";
  request.pin = form_value(form, "code");
  request.step = request.pin.empty() ? Step::code : Step::confirm;
  read(request, form_value(form, "phone"));
  if (request.account.empty()) return HL_OK;
  const Status moved = streams_.move_home(event.stream, request.account);
  if (moved == HL_E_EXISTS) admit(Admission::network_of(request.peer), request);
  return HL_OK;  // Else it is offered again at the number's home, or its stream has gone.
}

// What can be said of a request from itself alone. `account` stays empty when that is a refusal.
void NumberSignup::read(Request& request, std::string_view number) {
  PhoneNumber phone = read_phone_number(number);
  if (phone.digits.empty()) return answers_.not_readable(request.applicant, "number", phone.problem);
  if (request.step == Step::code && request.method != "sms" && request.method != "voice")
    return answers_.not_readable(request.applicant, "method", "a PIN comes by `sms` or by `voice`");
  if (request.step == Step::confirm && !is_pin(request.pin))
    return answers_.not_readable(request.applicant, "pin", "a PIN has five digits");
  request.account = compose_jid(phone.digits, config_.domain());
}

void NumberSignup::admit(const std::string& network, const Request& request) {
  if (posts_.bytes(network, topic_admit, request.encode()) != HL_OK)
    answers_.refused(request.applicant, {Verdict::busy, 1, 0, {}});
}

// ---- at its homes ---------------------------------------------------------------------------------

bool NumberSignup::on_post(const hl_post_event& event) {
  if (event.topic != topic_admit && event.topic != topic_admitted && event.topic != topic_refused)
    return false;
  if (event.topic == topic_refused) {
    const auto fields = split_fields(view(event.bytes), 2);
    const std::optional<Applicant> applicant = fields ? Applicant::decode((*fields)[0]) : std::nullopt;
    if (applicant)
      answers_.refused(*applicant,
                       {Verdict::too_many, std::strtoull((*fields)[1].c_str(), nullptr, 10), 0, {}});
    return true;
  }
  const std::optional<Request> request = Request::decode(view(event.bytes));
  if (!request) return true;
  if (event.topic == topic_admitted) {
    handle(*request);
    return true;
  }
  const std::uint64_t wait_s =
      admission_.take(std::string(view(event.account)), request->peer, request->is_loopback);
  const bool is_http = request->applicant.kind == Applicant::Kind::http;
  Status posted = HL_OK;
  if (wait_s == 0) {
    posted = posts_.bytes(request->account, topic_admitted, view(event.bytes));
  } else {
    refused_.add();
    // An HTTP request is answered from anywhere, a stream only where it is.
    if (is_http)
      answers_.refused(request->applicant, {Verdict::too_many, wait_s, 0, {}});
    else
      posted = posts_.bytes(request->account, topic_refused,
                            join_fields({request->applicant.encode(), std::to_string(wait_s)}));
  }
  if (posted != HL_OK && is_http) answers_.refused(request->applicant, {Verdict::busy, 1, 0, {}});
  return true;
}

void NumberSignup::handle(const Request& request) {
  if (request.step == Step::code) return send_code(request);
  confirm(request);
}

void NumberSignup::send_code(const Request& request) {
  const CodeAnswer code = codes_.ask(request.account);
  if (code.verdict != Verdict::ok) {
    refused_.add();
    return answers_.refused(request.applicant, code);
  }
  const std::string number = "+" + request.account.substr(0, request.account.find('@'));
  std::string json = R"({"to":")" + number + R"(","method":")" + request.method + R"(","code":")" + code.pin;
  json.append(R"(","text":)");
  append_json_string(json, "Your code for " + std::string(config_.domain()) + ": " + code.pin +
                               ". It is valid for 10 minutes; tell it to nobody.");
  json.append("}");
  const Status status = outbox_.send(config_.text("gateway", "sms"), request.account, code_token, json);
  if (status != HL_OK) {
    codes_.withdraw(request.account);
    if (status == HL_E_NONE)
      log_.error("no PIN can be sent: `outbox` has no gateway of the name that `gateway` says");
    return answers_.refused(request.applicant, {Verdict::busy, 1, 0, {}});
  }
  codes_sent_.add();
  answers_.sent(request.applicant, code.retry_after_s);
}

void NumberSignup::confirm(const Request& request) {
  const CodeAnswer answer = codes_.confirm(request.account, request.pin);
  if (answer.verdict != Verdict::ok) {
    if (answer.verdict == Verdict::mismatch) mismatches_.add();
    refused_.add();
    return answers_.refused(request.applicant, answer);
  }
  const std::string key = random_.hex(key_bytes);
  Asker asker;
  asker.kind = Asker::Kind::number;
  asker.answer = join_fields({request.applicant.encode(), key});
  // A PIN is used up by what it was good for, not by a host that is too busy.
  if (!credentials_.derive(request.account, key, asker))
    return answers_.refused(request.applicant, {Verdict::busy, 1, 0, {}});
  codes_.spend(request.account);
}

std::optional<NumberSignup::Registered> NumberSignup::on_work(const hl_work_event& event) {
  if (view(event.token) == code_token) {
    if (event.status != HL_OK) codes_lost_.add();
    return Registered{};
  }
  std::optional<Credentials::Done> done = credentials_.on_work(event);
  if (!done) return std::nullopt;
  const auto fields = split_fields(done->asker.answer, 2);
  const std::optional<Applicant> applicant = fields ? Applicant::decode((*fields)[0]) : std::nullopt;
  if (!applicant) return std::nullopt;
  Registered registered{done->account, std::move(done->row), *applicant, (*fields)[1]};
  if (!done->is_derived) answers_.refused(*applicant, {Verdict::busy, 1, 0, {}});
  return registered;
}

}  // namespace hotline::registration

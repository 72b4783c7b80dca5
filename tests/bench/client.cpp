#include "client.h"

#include <charconv>
#include <functional>
#include <utility>

#include "clock.h"

namespace hotline::bench {
namespace {

constexpr std::string_view sm_namespace = "urn:xmpp:sm:3";
constexpr std::string_view sasl2_namespace = "urn:xmpp:sasl:2";

std::string_view sasl_namespace(Mechanism mechanism) {
  return mechanism == Mechanism::fast ? sasl2_namespace : "urn:ietf:params:xml:ns:xmpp-sasl";
}

// <initial-response/>, and which installation of a client this is.
std::string authenticate_begin(std::string_view mechanism, std::string_view initial, std::string_view user) {
  std::string xml = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='" + std::string(mechanism) + "'>";
  xml.append("<initial-response>").append(base64_encode(initial)).append("</initial-response>");
  return xml.append("<user-agent id='bench-").append(user).append("'/>");
}

std::uint32_t number(std::string_view text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view name_of(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::plain: return "PLAIN";
    case Mechanism::scram_sha1: return "SCRAM-SHA-1";
    case Mechanism::scram_sha256:
    case Mechanism::fast: break;
  }
  return "SCRAM-SHA-256";
}

in_addr source_of(const ClientPlan& plan, const std::string& user) {
  in_addr source{};
  if (plan.sources <= 1) return source;
  const auto last = static_cast<std::uint32_t>(std::hash<std::string>{}(user) % plan.sources);
  source.s_addr = htonl(INADDR_LOOPBACK + last);
  return source;
}

bool is_message(const std::string& stanza) {
  return stanza.starts_with("<message");
}

}  // namespace

Client::Client(Loop& loop, const ClientPlan& plan, Owner& owner, std::string user, std::string password)
    : loop_(loop),
      plan_(plan),
      owner_(owner),
      wire_(loop, *this),
      source_(source_of(plan, user)),
      user_(std::move(user)),
      password_(std::move(password)) {}

void Client::login() {
  splitter_.reset();
  scram_.reset();
  websocket_.reset();
  is_encrypted_ = plan_.security == Security::direct;
  is_authenticated_ = false;
  is_in_one_step_ = false;
  step_ = Step::opening;
  if (deadline_) loop_.cancel(*deadline_);
  deadline_ = loop_.at(now_ns() + plan_.login_ns_max, [this] {
    deadline_.reset();
    fail("login took longer than " + std::to_string(plan_.login_ns_max / ns_per_s) + " s");
  });
  wire_.connect(plan_.address, is_encrypted_ ? plan_.tls : nullptr, source_, plan_.resumes_tls);
}

void Client::on_open() {
  if (plan_.uses_websocket && !websocket_) {
    websocket_.emplace();
    step_ = Step::upgrading;
    wire_.write(websocket_request(plan_.domain, plan_.websocket_path));
    return;
  }
  open_stream();
}

void Client::open_stream() {
  step_ = Step::features;
  if (plan_.uses_websocket) {
    send_raw("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='" + plan_.domain + "' version='1.0'/>");
    return;
  }
  splitter_.reset();
  send_raw(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
      "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='" +
      plan_.domain + "'>");
  if (is_encrypted_ && !is_authenticated_ && !token_.empty()) authenticate_in_one_step();
}

void Client::send_raw(std::string_view xml) {
  if (!plan_.uses_websocket) {
    wire_.write(xml);
    return;
  }
  std::string qualified(xml);
  const std::string_view name = element_name(xml);
  // Every frame stands alone, so a stanza must name its namespace itself.
  if (name == "message" || name == "iq" || name == "presence") {
    qualified.insert(1 + name.size(), " xmlns='jabber:client'");
  }
  append_websocket_text(wire_.output(), qualified);
  wire_.write({});
}

void Client::send_counted(std::string_view stanza) {
  send_raw(stanza);
  if (!counts_sent_) return;
  ++sent_;
  if (plan_.resumes) unacked_.emplace_back(stanza);
}

void Client::send(std::string_view stanza) {
  if (is_ready()) {
    send_counted(stanza);
  } else {
    held_.emplace_back(stanza);
  }
}

void Client::ask_ack() {
  if (is_ready() && has_sm_) send_raw("<r xmlns='urn:xmpp:sm:3'/>");
}

void Client::answer_ack() {
  std::string answer = "<a xmlns='urn:xmpp:sm:3' h='";
  answer.append(std::to_string(received_)).append("'/>");
  send_raw(answer);
}

void Client::finish() {
  if (has_sm_) answer_ack();
  step_ = Step::closing;
  send_raw(plan_.uses_websocket ? "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"
                                : "</stream:stream>");
}

void Client::drop() {
  if (deadline_) loop_.cancel(*deadline_);
  deadline_.reset();
  if (step_ == Step::closing) {
    wire_.close();
  } else {
    wire_.abandon();
  }
  step_ = Step::idle;
}

void Client::fail(const std::string& reason) {
  drop();
  owner_.on_cut(*this, user_ + ": " + reason);
}

void Client::on_cut(const std::string& reason) {
  const bool was_closing = step_ == Step::closing;
  if (was_closing) {
    drop();
    owner_.on_finished(*this);
  } else {
    fail(reason);
  }
}

void Client::on_bytes(std::string_view bytes) {
  if (websocket_) {
    websocket_->feed(bytes);
    take_frames();
    return;
  }
  splitter_.feed(bytes);
  take_pieces();
}

void Client::take_frames() {
  if (step_ == Step::upgrading) {
    const auto is_switched = websocket_->take_answer();
    if (!is_switched) return;
    if (!*is_switched) {
      fail("the server refused the WebSocket upgrade of " + plan_.websocket_path);
      return;
    }
    open_stream();
  }
  while (step_ != Step::idle) {
    const auto frame = websocket_->next();
    if (!frame) return;
    if (frame->kind == WebSocketReader::Frame::Kind::close) {
      wire_.close();
      on_cut("WebSocket closed by the peer");
      return;
    }
    if (frame->kind == WebSocketReader::Frame::Kind::text) take(frame->payload);
  }
}

void Client::take_pieces() {
  while (step_ != Step::idle) {
    const StanzaSplitter::Piece piece = splitter_.next();
    if (piece.kind == StanzaSplitter::Kind::none) return;
    if (piece.kind == StanzaSplitter::Kind::stanza) take(piece.text);
    if (piece.kind == StanzaSplitter::Kind::end) {
      wire_.close();
      on_cut("the server ended the stream");
      return;
    }
  }
}

void Client::take(std::string_view element) {
  const std::string_view name = element_name(element);
  if (name == "message" || name == "iq" || name == "presence") {
    take_stanza(name, element);
  } else if (name == "r") {
    answer_ack();
  } else if (name == "a") {
    take_ack(attribute(element, "h"));
    owner_.on_acked(*this);
  } else if (name == "stream:features") {
    take_features(element);
  } else if (name == "proceed") {
    is_encrypted_ = true;
    wire_.start_tls(plan_.tls);
  } else if (name == "challenge") {
    answer_challenge(element);
  } else if (name == "success") {
    take_success(element);
  } else if (name == "enabled") {
    has_sm_ = true;
    received_ = 0;
    resume_id_ = attribute(element, "id");
  } else if (name == "resumed") {
    take_resumed(element);
  } else if (name == "failed" && attribute(element, "xmlns") == sm_namespace) {
    take_failed(element);
  } else if (name == "failure" || name == "stream:error") {
    fail(std::string(element.substr(0, 400)));
  } else if (name == "close" && plan_.uses_websocket) {
    wire_.close();
    on_cut("the server ended the stream");
  }
}

void Client::take_features(std::string_view features) {
  if (is_in_one_step_) return;  // It did not wait for what is offered.
  if (is_authenticated_) {
    if (plan_.resumes && !resume_id_.empty()) {
      step_ = Step::resume;
      send_raw("<resume xmlns='urn:xmpp:sm:3' h='" + std::to_string(received_) + "' previd='" + resume_id_ +
               "'/>");
    } else {
      bind();
    }
  } else if (plan_.security == Security::starttls && !is_encrypted_) {
    if (!has_child(features, "starttls")) {
      fail("the server offers no STARTTLS on this port");
      return;
    }
    step_ = Step::proceed;
    send_raw("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  } else {
    authenticate(features);
  }
}

void Client::authenticate(std::string_view features) {
  const std::string_view name = name_of(plan_.mechanism);
  if (features.find(">" + std::string(name) + "<") == std::string_view::npos) {
    fail("the server offers no " + std::string(name) + " here: " + std::string(features));
    return;
  }
  std::string first;
  if (plan_.mechanism == Mechanism::plain) {
    first.append(1, '\0').append(user_).append(1, '\0').append(password_);
  } else {
    scram_.emplace(plan_.mechanism == Mechanism::scram_sha1 ? ScramHash::sha1 : ScramHash::sha256, user_,
                   password_, random_nonce(), plan_.salted);
    first = scram_->first_message();
  }
  step_ = Step::auth;
  if (plan_.mechanism == Mechanism::fast) {
    send_raw(authenticate_begin(name, first, user_) +
             "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/></authenticate>");
    return;
  }
  send_raw("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='" + std::string(name) + "'>" +
           base64_encode(first) + "</auth>");
}

void Client::authenticate_in_one_step() {
  is_in_one_step_ = true;
  step_ = Step::auth;
  const std::string initial = user_ + '\0' + hmac_sha256(token_, "Initiator");
  send_raw(authenticate_begin("HT-SHA-256-NONE", initial, user_) +
           "<bind xmlns='urn:xmpp:bind:0'/><fast xmlns='urn:xmpp:fast:0'/></authenticate>");
}

void Client::answer_challenge(std::string_view challenge) {
  const auto server_first = base64_decode(own_text(challenge));
  const auto answer = scram_ && server_first ? scram_->final_message(*server_first) : std::nullopt;
  if (!answer) {
    fail("the server's SCRAM challenge is not valid");
    return;
  }
  send_raw("<response xmlns='" + std::string(sasl_namespace(plan_.mechanism)) + "'>" +
           base64_encode(*answer) + "</response>");
}

void Client::take_success(std::string_view success) {
  if (is_in_one_step_) return take_success_in_one_step(success);
  const bool is_sasl2 = plan_.mechanism == Mechanism::fast;
  const std::string_view data = is_sasl2 ? child_text(success, "additional-data") : own_text(success);
  if (scram_ && !scram_->accepts(base64_decode(data).value_or(""))) {
    fail("the server did not prove that it knows the password");
    return;
  }
  is_authenticated_ = true;
  if (!is_sasl2) return open_stream();
  const std::size_t token = success.find("<token ");  // The stream goes on: features follow.
  if (token != std::string_view::npos) token_ = attribute(success.substr(token), "token");
  if (token_.empty()) fail("the server gives no token: " + std::string(success));
}

void Client::take_success_in_one_step(std::string_view success) {
  const std::string_view proof = child_text(success, "additional-data");
  if (base64_decode(proof).value_or("") != hmac_sha256(token_, "Responder")) {
    fail("the server did not prove that it knows the token");
    return;
  }
  is_authenticated_ = true;
  has_sm_ = counts_sent_ = false;
  sent_ = acked_ = 0;
  settle(child_text(success, "authorization-identifier"));
}

void Client::bind() {
  has_sm_ = false;
  counts_sent_ = false;
  sent_ = acked_ = 0;
  step_ = Step::bind;
  send_raw("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
}

void Client::settle(std::string_view jid) {
  jid_ = jid;
  step_ = Step::settling;
  if (plan_.uses_sm) {
    send_raw(plan_.resumes ? "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"
                           : "<enable xmlns='urn:xmpp:sm:3'/>");
    counts_sent_ = true;
  }
  if (plan_.uses_carbons) {
    send_counted("<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  }
  if (plan_.sends_presence) send_presence();
  if (plan_.waits_for_answer) {
    send_counted("<iq type='get' id='ready' to='" + plan_.domain + "'><ping xmlns='urn:xmpp:ping'/></iq>");
  } else {
    become_ready();
  }
}

void Client::become_ready() {
  step_ = Step::ready;
  if (deadline_) loop_.cancel(*deadline_);
  deadline_.reset();
  auto held = std::exchange(held_, {});
  for (const std::string& stanza : held) send_counted(stanza);
  owner_.on_ready(*this);
}

void Client::take_stanza(std::string_view name, std::string_view stanza) {
  ++received_;
  if (name == "message") {
    owner_.on_message(*this, stanza);
  } else if (name == "iq") {
    take_iq(stanza);
  }
}

void Client::take_iq(std::string_view iq) {
  const std::string_view type = attribute(iq, "type");
  const std::string_view id = attribute(iq, "id");
  if (type == "get") {
    std::string answer = "<iq type='result' id='" + std::string(id) + "'";
    if (const auto from = attribute(iq, "from"); !from.empty()) answer += " to='" + std::string(from) + "'";
    send_counted(answer + "/>");
  } else if (id == "bind" && step_ == Step::bind) {
    const std::string_view jid = child_text(iq, "jid");
    if (type != "result" || jid.empty()) {
      fail("bind refused: " + std::string(iq));
      return;
    }
    settle(jid);
  } else if (id == "carbons" && type == "error") {
    fail("carbons refused: " + std::string(iq));
  } else if (id == "ready" && step_ == Step::settling) {
    // An error is an answer as well: the server need not know pings.
    if (plan_.uses_sm && !has_sm_) {
      fail("the server does not enable XEP-0198 here; run with --no-sm");
      return;
    }
    become_ready();
  }
}

void Client::take_ack(std::string_view h) {
  const std::uint32_t now_acked = number(h);
  const std::uint32_t step = now_acked - acked_;
  if (step > sent_ - acked_) {
    fail("the server acknowledged " + std::to_string(now_acked) + " stanzas of " + std::to_string(sent_));
    return;
  }
  acked_ = now_acked;
  for (std::uint32_t i = 0; i < step && !unacked_.empty(); ++i) unacked_.pop_front();
}

void Client::take_resumed(std::string_view resumed) {
  take_ack(attribute(resumed, "h"));
  if (step_ != Step::resume) return;
  for (const std::string& stanza : unacked_) send_raw(stanza);
  become_ready();
  ask_ack();
  owner_.on_acked(*this);
}

// Refused resumption, or refused <enable/>. The messages that may not have arrived go first into the new
// session, before those held meanwhile.
void Client::take_failed(std::string_view failed) {
  if (step_ != Step::resume) {
    fail("XEP-0198 refused: " + std::string(failed));
    return;
  }
  if (const auto h = attribute(failed, "h"); !h.empty()) take_ack(h);
  if (step_ != Step::resume) return;
  for (auto it = unacked_.rbegin(); it != unacked_.rend(); ++it) {
    if (is_message(*it)) held_.push_front(std::move(*it));
  }
  unacked_.clear();
  resume_id_.clear();
  bind();
  owner_.on_session_lost(*this);
}

}  // namespace hotline::bench

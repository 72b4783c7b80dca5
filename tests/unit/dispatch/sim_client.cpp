#include "unit/dispatch/sim_client.h"

#include <openssl/evp.h>

#include <charconv>

namespace hotline::sim {

namespace {

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                      reinterpret_cast<const unsigned char*>(text.data()),
                                                      static_cast<int>(text.size()))));
  return out;
}

// Of the root's start tag. The host writes attributes in single quotes, but for its stream header.
std::string attribute(std::string_view element, std::string_view name) {
  const std::string_view tag = element.substr(0, element.find('>'));
  const std::string wanted = " " + std::string(name) + "='";
  const std::size_t at = tag.find(wanted);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = tag.substr(at + wanted.size());
  return std::string(rest.substr(0, rest.find('\'')));
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_named(std::string_view element, std::string_view name) {
  return element.size() > name.size() + 1 && element.substr(1).starts_with(name) &&
         std::string_view(" />").find(element[name.size() + 1]) != std::string_view::npos;
}

}  // namespace

SimClient::SimClient(SimWorld& world, std::string account, std::string peer)
    : world_(world), account_(std::move(account)), peer_(std::move(peer)) {}

std::string SimClient::text() const {
  return account_ + " in state " + std::to_string(static_cast<int>(state_)) + " with " +
         std::to_string(unacknowledged_.size()) + " unacknowledged, last read: " + last_element_;
}

void SimClient::connect_to(SimWorld& world, std::uint32_t shard) {
  if (state_ != State::down) return;
  wire_ = world.connect(shard);
  input_.clear();
  state_ = State::opening;
  open();
}

void SimClient::open() {
  write(
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' "
      "version='1.0'>");
}

void SimClient::down() {
  state_ = State::down;
  wire_ = nullptr;
}

void SimClient::cut(bool is_noticed) {
  if (state_ == State::down) return;
  const std::shared_ptr<Wire> wire = wire_;
  down();
  world_.cut(*wire, is_noticed);
}

void SimClient::leave() {
  write("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(handled_) + "'/></stream:stream>");
  has_session_ = false;
  const std::shared_ptr<Wire> wire = wire_;
  down();
  world_.deliver(*wire, std::string::npos);
  world_.settle();
  world_.cut(*wire, true);
}

void SimClient::forget_session() {
  if (wire_ != nullptr) wire_->is_cut = true;
  down();
  has_session_ = false;
  unacknowledged_.clear();
}

void SimClient::send_stanza(std::string xml, std::uint64_t number) {
  write(xml);
  unacknowledged_.push_back({std::move(xml), number});
}

void SimClient::send_message() {
  const std::string number = std::to_string(++sent_);
  send_stanza(
      "<message type='chat' to='" + peer_ + "' id='n" + number + "'><body>" + number + "</body></message>",
      sent_);
  write("<r xmlns='urn:xmpp:sm:3'/>");
}

void SimClient::receive(std::size_t bytes) {
  if (state_ == State::down) return;
  input_.append(wire_->to_client, 0, bytes);
  wire_->to_client.erase(0, std::min(bytes, wire_->to_client.size()));
  std::string element;
  while (state_ != State::down && take_element(element)) on_element(element);
  // The host has closed, and said all it had to say.
  if (state_ != State::down && wire_->events == nullptr && wire_->to_client.empty()) down();
}

// The next element below the stream's root, or the root's own tags. The host's bytes are canonical: no '>' in
// an attribute, no comment.
bool SimClient::take_element(std::string& element) {
  int depth = 0;
  const std::size_t first = std::min(input_.find('<'), input_.size());
  for (std::size_t at = first; at < input_.size();) {
    const std::size_t begin = input_.find('<', at);
    if (begin == std::string::npos) return false;
    const std::size_t end = input_.find('>', begin);
    if (end == std::string::npos) return false;
    const bool is_end = input_[begin + 1] == '/';
    const bool is_alone = input_[end - 1] == '/' || input_[begin + 1] == '?' ||
                          (depth == 0 && input_.compare(begin, 15, "<stream:stream ") == 0) ||
                          (depth == 0 && is_end);
    if (!is_alone) depth += is_end ? -1 : 1;
    at = end + 1;
    if (depth == 0) {
      element = input_.substr(first, at - first);
      input_.erase(0, at);
      return true;
    }
  }
  return false;
}

void SimClient::on_element(const std::string& element) {
  last_element_ = element;
  if (element.starts_with("<?") || is_named(element, "stream:stream")) return;
  if (is_named(element, "stream:features")) {
    if (state_ == State::opening) {
      state_ = State::authenticating;
      const std::string user = account_.substr(0, account_.find('@'));
      const std::string text =
          std::string("\0", 1) + user + std::string("\0", 1) + std::string(SimWorld::password);
      write("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + base64(text) + "</auth>");
    } else if (has_session_) {
      state_ = State::resuming;
      write("<resume xmlns='urn:xmpp:sm:3' previd='" + sm_id_ + "' h='" + std::to_string(handled_) + "'/>");
    } else {
      state_ = State::binding;
      write(
          "<iq type='set' id='bind'><bind "
          "xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>sim</resource></bind></iq>");
    }
    return;
  }
  if (is_named(element, "success")) {
    state_ = State::opening_again;
    return open();
  }
  if (is_named(element, "enabled")) {
    sm_id_ = attribute(element, "id");
    has_session_ = true;
    handled_ = acknowledged_h_ = 0;
    state_ = State::ready;
    send_stanza("<presence/>", 0);
    return write("<r xmlns='urn:xmpp:sm:3'/>");
  }
  if (is_named(element, "resumed")) {
    on_acknowledged(static_cast<std::uint32_t>(number_of(attribute(element, "h"))));
    for (const Sent& sent : unacknowledged_) write(sent.xml);
    write("<r xmlns='urn:xmpp:sm:3'/>");
    ++resumed_;
    state_ = State::ready;
    return;
  }
  if (is_named(element, "r")) return write("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(handled_) + "'/>");
  if (is_named(element, "a"))
    return on_acknowledged(static_cast<std::uint32_t>(number_of(attribute(element, "h"))));
  if (element.starts_with("</stream:stream")) return;
  if (is_named(element, "message") || is_named(element, "iq") || is_named(element, "presence")) {
    if (state_ == State::binding && is_named(element, "iq")) {
      state_ = State::enabling;
      if (attribute(element, "type") != "result") complaint_ = "binding was refused: " + element;
      return write("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    }
    ++handled_;
    if (is_named(element, "message")) on_message(element);
    return;
  }
  // A stream error is the host's right: it closes, and the client comes back. A failed resumption is not.
  if (is_named(element, "failed")) complaint_ = "resumption failed: " + element;
  if (is_named(element, "failure")) complaint_ = "login failed: " + element;
}

void SimClient::on_message(const std::string& element) {
  if (attribute(element, "type") == "error") {
    complaint_ = "an error came: " + element;
    return;
  }
  if (element.find("urn:hotline:0") != std::string::npos) ++annotated_;
  if (is_forgetful_ && handled_ % 10 == 0) return;
  received_.push_back(number_of(std::string_view(attribute(element, "id")).substr(1)));
}

void SimClient::on_acknowledged(std::uint32_t h) {
  for (; acknowledged_h_ != h; ++acknowledged_h_) {
    if (unacknowledged_.empty()) {
      complaint_ = "the host acknowledged more than was sent: h=" + std::to_string(h);
      return;
    }
    if (unacknowledged_.front().number != 0) acknowledged_.push_back(unacknowledged_.front().number);
    unacknowledged_.pop_front();
  }
}

}  // namespace hotline::sim

#include "net/connection.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "base/prefetch.h"
#include "net/xml_escape.h"

namespace hotline {

namespace {

constexpr std::size_t stuffed_bytes = 256 * 1024;

}  // namespace

Connection::Connection(std::unique_ptr<Link> link, std::unique_ptr<Tls> tls, std::unique_ptr<Framer> framer,
                       Owner& owner)
    : link_(std::move(link)), tls_(std::move(tls)), framer_(std::move(framer)), owner_(&owner) {
  link_->attach(this);
}

Connection::Connection(std::unique_ptr<Link> link, std::unique_ptr<Tls> tls, std::unique_ptr<Framer> framer)
    : link_(std::move(link)), tls_(std::move(tls)), framer_(std::move(framer)) {
  link_->attach(this);
}

Connection::~Connection() = default;

HeldBytes Connection::held() const {
  return {cell_bytes(),
          heap_bytes(out_) + (left_ == nullptr ? 0
                                               : heap_bytes(left_.get()) + heap_bytes(left_->unsent) +
                                                     heap_bytes(left_->carried) + heap_bytes(left_->reason))};
}

void Connection::prefetch_parts() const {
  // Of a session's with own records over TCP, as far as it is read. Not more: a processor asks memory for a
  // dozen lines at a time, and may forget what else it was told.
  constexpr std::size_t tls_bytes = 72, framer_bytes = 136, stream_bytes = 96, session_bytes = 192,
                        link_bytes = 64;
  prefetch(tls_.get(), tls_bytes);
  prefetch(session, session_bytes);
  prefetch(framer_.get(), framer_bytes);
  prefetch(stream, stream_bytes);
  prefetch(link_.get(), link_bytes);
}

void Connection::prefetch_state() const {
  if (tls_ != nullptr) tls_->prefetch_state();
  framer_->prefetch_state();
}

Connection::Left& Connection::left() {
  if (left_ == nullptr) left_ = std::make_unique<Left>();
  return *left_;
}

void Connection::drop_left() {
  if (left_ != nullptr && left_->unsent.empty() && left_->carried.empty() && left_->reason.empty())
    left_.reset();
}

FrozenConnection::~FrozenConnection() {
  for (std::string* secret : {&tls, &input, &output, &framer.partial, &framer.reader})
    OPENSSL_cleanse(secret->data(), secret->size());
}

void Connection::mark() {
  if (is_marked_) return;
  is_marked_ = true;
  owner_->needs_flush(*this);
}

void Connection::write_element_to(std::string_view xml, std::string_view to) {
  const std::size_t at = std::min(xml.find_first_of(" >/", 1), xml.size());
  std::string whole;
  whole.reserve(xml.size() + to.size() + 8);
  whole.append(xml.substr(0, at)).append(" to='");
  append_escaped(whole, to);
  whole.append("'").append(xml.substr(at));
  write_element(whole);
}

void Connection::write_element(std::string_view xml) {
  if (is_closing_) return;
  framer_->write_element(xml, out_);
  mark();
}

void Connection::write_open(std::string_view id, std::string_view from, std::string_view lang) {
  framer_->write_open(id, from, lang, out_);
  is_opened_ = true;
  mark();
}

void Connection::write_line(std::string_view line) {
  if (is_closing_) return;
  framer_->write_line(line, out_);
  mark();
}

void Connection::write_bytes(std::string_view bytes) {
  if (is_closing_) return;
  out_.append(bytes);
  mark();
}

void Connection::send(std::string_view records) {
  if (is_gone_ || records.empty()) return;
  if (unsent_bytes() > 0) {
    left_->unsent.append(records);
    return;
  }
  const std::size_t sent = link_->send(records);
  sent_bytes_ += sent;
  if (sent < records.size()) left().unsent.assign(records.substr(sent));
}

void Connection::flush() {
  is_marked_ = false;
  if (is_gone_) return;
  write_out();
  if (!is_gone_ && is_stuffed_ && pending_bytes() < stuffed_bytes / 2) {
    is_stuffed_ = false;
    link_->pause_reading(is_held_);
  }
}

void Connection::write_out() {
  if (!out_.empty() && unsent_bytes() == 0) {
    if (tls_ == nullptr) {
      send(out_);
      std::string().swap(out_);  // An idle connection holds no buffer.
    } else if (tls_->state() == Tls::State::open) {
      std::string& records = owner_->scratch().records;
      records.clear();
      const bool sealed = tls_->seal(out_, records);
      std::string().swap(out_);
      send(records);
      if (!sealed) return gone(tls_->error());
    } else if (is_closing_) {
      // Before the handshake has ended there is no way to say anything, and who has said goodbye is answered
      // with that alone: it must not wait.
      std::string().swap(out_);
    }
  }
  if (is_closing_ && out_.empty()) {
    if (tls_ != nullptr && !left().is_mute) {  // Which says goodbye only where it still can.
      std::string& records = owner_->scratch().records;
      records.clear();
      tls_->close(records);
      send(records);
    }
    if (unsent_bytes() == 0) gone(left().reason);
  }
}

void Connection::close(std::string_view condition, std::string_view text) {
  if (is_closing_ || is_gone_) return;
  framer_->write_close(condition, text, is_opened_, out_);
  is_closing_ = true;
  left().reason = condition.empty() ? "closed" : condition;
  mark();
}

void Connection::abandon(std::string_view reason) {
  if (is_gone_) return;
  is_closing_ = true;
  out_.clear();
  left().is_mute = left().is_mute || unsent_bytes() > 0;
  left().unsent.clear();
  left().reason = reason;
  mark();
}

void Connection::start_tls(std::string_view xml, std::unique_ptr<Tls> tls) {
  framer_->write_element(xml, out_);
  // In clear and now: what comes next from us is TLS.
  send(out_);
  std::string().swap(out_);
  tls_ = std::move(tls);
  framer_->restart();
  is_tls_starting_ = true;
  is_opened_ = false;
}

void Connection::restart_stream() {
  framer_->restart();
  is_opened_ = false;
}

void Connection::join(Owner& owner, XmlParser& parser) {
  owner_ = &owner;
  framer_->set_parser(parser);
  is_leaving_ = false;
  is_marked_ = false;
  if (std::exchange(is_stuffed_, false)) link_->pause_reading(is_held_);
  if (unsent_bytes() > 0) {
    const std::string records = std::exchange(left_->unsent, {});
    send(records);
    drop_left();
  }
  if (!out_.empty() || is_closing_) mark();
}

void Connection::go_on() {
  std::string input;
  if (left_ != nullptr) {
    input.swap(left_->carried);
    drop_left();
  }
  if (std::exchange(has_carried_, false)) consume(input);
  if (tls_ != nullptr && tls_->state() == Tls::State::peer_closed) hang_up();
}

Result<FrozenConnection> Connection::freeze() {
  FrozenConnection frozen;
  if (is_closing_ || is_gone_ || is_held_ || is_tls_starting_ || !framer_->freeze(frozen.framer))
    return Error{"this connection is ending, or no account's: it stays"};
  if (tls_ != nullptr) {
    Result<std::string> tls = tls_->freeze();
    if (!tls) return tls.error();
    frozen.tls = std::move(*tls);
  }
  if (left_ != nullptr) {
    frozen.input = left_->carried;
    frozen.unsent = left_->unsent;
  }
  frozen.output = out_;
  frozen.sent_bytes = sent_bytes_;
  frozen.is_opened = is_opened_;
  frozen.had_partial = had_partial_;
  frozen.has_input = has_carried_;
  return frozen;
}

Result<std::unique_ptr<Connection>> Connection::thaw(std::unique_ptr<Link> link, std::unique_ptr<Tls> tls,
                                                     std::unique_ptr<Framer> framer,
                                                     const FrozenConnection& frozen) {
  if (!framer->thaw(frozen.framer)) {
    link->give_away();
    return Error{"the state of a connection's framer is damaged"};
  }
  std::unique_ptr<Connection> thawed(new Connection(std::move(link), std::move(tls), std::move(framer)));
  if (!frozen.input.empty()) thawed->left().carried = frozen.input;
  if (!frozen.unsent.empty()) thawed->left().unsent = frozen.unsent;
  thawed->out_ = frozen.output;
  thawed->sent_bytes_ = frozen.sent_bytes;
  thawed->is_opened_ = frozen.is_opened;
  thawed->had_partial_ = frozen.had_partial;
  thawed->has_carried_ = frozen.has_input;
  thawed->is_leaving_ = true;
  return thawed;
}

// What it asks for is answered at once, and may be many times what it has sent.
void Connection::rest_while_stuffed() {
  if (is_stuffed_ || pending_bytes() < stuffed_bytes) return;
  is_stuffed_ = true;
  link_->pause_reading(true);
}

void Connection::hold() {
  if (is_held_) return;
  is_held_ = true;
  link_->pause_reading(true);
}

void Connection::release() {
  if (!is_held_) return;
  is_held_ = false;
  if (is_gone_) return;
  had_partial_ = framer_->has_partial();  // Nobody looked meanwhile.
  link_->pause_reading(is_stuffed_);
  mark();
}

// The peer ended what carries its stream, and not the stream: it may well come back for its session
// (XEP-0198 5), which goes on without a connection. While it moves, its new owner is told.
void Connection::hang_up() {
  if (!is_leaving_ && !is_closing_) abandon("its peer closed the connection and not the stream");
}

void Connection::on_bytes(std::string_view bytes) {
  prefetch_parts();
  owner_->begin_turn();
  if (is_gone_) return;
  prefetch_state();
  owner_->on_input(*this);
  if (tls_ == nullptr) return consume(bytes);
  Scratch& scratch = owner_->scratch();
  scratch.plain.clear();
  scratch.records.clear();
  const Tls::State state = tls_->feed(bytes, scratch.plain, scratch.records);
  send(scratch.records);
  if (state == Tls::State::failed) return gone(tls_->error());
  // Nothing below feeds this TLS again before the plaintext is used up, so the scratch may be read in place.
  if (!scratch.plain.empty()) consume(scratch.plain);
  if (state == Tls::State::peer_closed) hang_up();
  if (!out_.empty()) mark();  // The handshake may have ended with something to write.
}

void Connection::consume(std::string_view plain) {
  is_tls_starting_ = false;
  while (!is_closing_ && !is_gone_) {
    if (is_leaving_ || rests()) {
      left().carried.append(plain);
      has_carried_ = true;
      break;
    }
    FrameEvent event = framer_->next(plain);
    if (!handle_event(event)) break;
    rest_while_stuffed();
    if (is_tls_starting_) {  // Whatever else came in clear was never meant for the encrypted stream.
      is_tls_starting_ = false;
      break;
    }
  }
  if (is_closing_ || is_gone_ || is_leaving_ || rests()) return;
  if (framer_->has_partial() != had_partial_) {
    had_partial_ = !had_partial_;
    owner_->on_partial(*this, had_partial_);
  }
}

bool Connection::handle_event(FrameEvent& event) {
  switch (event.kind) {
    case FrameEvent::Kind::need_more: return false;
    case FrameEvent::Kind::open: owner_->on_open(*this, std::move(event.header)); return true;
    case FrameEvent::Kind::stanza: owner_->on_stanza(*this, std::move(event.stanza)); return true;
    case FrameEvent::Kind::line: owner_->on_line(*this, event.text); return true;
    case FrameEvent::Kind::close: owner_->on_peer_close(*this); return false;
    case FrameEvent::Kind::hang_up:
      framer_->write_close({}, {}, is_opened_, out_);  // The close frame that answers its own.
      is_closing_ = true;
      left().reason = "its peer closed the connection and not the stream";
      mark();
      return false;
    case FrameEvent::Kind::error: close(event.condition, event.text); return false;
    case FrameEvent::Kind::reply:
      out_.append(event.text);
      mark();
      return true;
    case FrameEvent::Kind::request_head:
      owner_->on_request_head(*this, std::move(event.request));
      return true;
    case FrameEvent::Kind::request_part: owner_->on_request_part(*this, std::move(event.text)); return true;
    case FrameEvent::Kind::request_body: owner_->on_request_body(*this, std::move(event.text)); return true;
    case FrameEvent::Kind::refused:
      out_.append(event.text);
      is_closing_ = true;
      left().reason = "refused";
      mark();
      return false;
  }
  return false;
}

void Connection::on_writable() {
  owner_->begin_turn();
  if (is_gone_) return;
  std::string records;
  if (left_ != nullptr) records.swap(left_->unsent);
  send(records);
  if (unsent_bytes() > 0) return;
  drop_left();
  mark();
}

void Connection::on_end(std::string_view reason) {
  owner_->begin_turn();
  gone(reason);
}

void Connection::gone(std::string_view reason) {
  if (is_gone_) return;
  is_gone_ = true;
  is_closing_ = true;
  // Also of one that is about to move: its link tells nobody any more, so no new owner would learn of it.
  owner_->on_gone(*this, reason);
}

}  // namespace hotline

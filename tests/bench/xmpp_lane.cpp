#include "xmpp_lane.h"

#include <utility>

#include "clock.h"
#include "xml_scan.h"

namespace hotline::bench {
namespace {

constexpr std::int64_t retry_ns = 100 * ns_per_ms;

class XmppLane final : public Lane, public Client::Owner {
 public:
  XmppLane(Loop& loop, LaneEvents& events, std::uint32_t number, const XmppLanePlan& plan,
           const Target& target)
      : loop_(loop),
        events_(events),
        number_(number),
        plan_(plan),
        sender_(loop, plan.client, *this, target.user(2 * number), target.password()),
        receiver_(loop, plan.client, *this, target.user(2 * number + 1), target.password()),
        bare_receiver_(target.user(2 * number + 1) + "@" + target.domain()) {}

  // The receiver first: the sender must not be able to write before it is there.
  void open() override { receiver_.login(); }

  void send(const Stamp& stamp) override {
    const std::string& to = plan_.to == Address::full ? receiver_.jid() : bare_receiver_;
    sender_.send(message_stanza(to, stamp, plan_.body_size));
  }

  [[nodiscard]] bool takes_messages() const override {
    return plan_.reconnect_ns_max > 0 ? was_ready_ : sender_.is_ready() && receiver_.is_ready();
  }
  void ask_ack() override { sender_.ask_ack(); }
  [[nodiscard]] std::uint64_t unacked() const override { return sender_.has_sm() ? sender_.unacked() : 0; }

  // Sender and receiver in turn.
  void break_connection() override {
    Client& client = breaks_++ % 2 == 0 ? receiver_ : sender_;
    if (!client.is_ready()) return;
    client.drop();
    on_cut(client, client.user() + ": broken on purpose");
  }

  void close() override {
    is_closing_ = true;
    for (Client* client : {&sender_, &receiver_}) {
      if (client->is_ready()) {
        client->finish();
      } else {
        client->drop();
      }
    }
  }

 private:
  void on_ready(Client& client) override {
    cut_since_ns(client) = 0;
    if (was_ready_) {
      events_.on_resumed(number_);
    } else if (&client == &receiver_) {
      sender_.login();
    }
    if (sender_.is_ready() && receiver_.is_ready()) {
      was_ready_ = true;
      events_.on_lane_ready(number_);
    }
  }

  void on_message(Client& client, std::string_view stanza) override {
    const auto stamp = &client == &receiver_ ? read_message(stanza) : std::nullopt;
    if (stamp) {
      events_.on_arrival(number_, *stamp);
    } else {
      events_.on_stray(number_, std::string(stanza));
    }
  }

  void on_cut(Client& client, const std::string& reason) override {
    if (is_closing_) return;
    std::int64_t& since = cut_since_ns(client);
    const bool is_new = since == 0;
    if (is_new) since = now_ns();
    const bool is_final = now_ns() - since >= plan_.reconnect_ns_max;
    // Attempts to come back that fail are the same cut.
    if (is_new || is_final) events_.on_lane_cut(number_, reason, is_final);
    if (is_final) return;
    loop_.at(now_ns() + retry_ns, [this, &client] {
      if (!is_closing_) client.login();
    });
  }

  void on_session_lost(Client&) override { events_.on_session_lost(number_); }

  std::int64_t& cut_since_ns(const Client& client) { return cut_since_ns_[&client == &sender_ ? 0 : 1]; }

  Loop& loop_;
  LaneEvents& events_;
  std::uint32_t number_;
  const XmppLanePlan& plan_;
  Client sender_;
  Client receiver_;
  std::string bare_receiver_;
  std::int64_t cut_since_ns_[2] = {0, 0};
  unsigned breaks_ = 0;
  bool was_ready_ = false;
  bool is_closing_ = false;
};

}  // namespace

std::string message_stanza(const std::string& to, const Stamp& stamp, std::size_t body_size) {
  std::string stanza;
  stanza.reserve(to.size() + body_size + 100);
  stanza.append("<message type='chat' to='").append(to).append("' id='").append(std::to_string(stamp.lane));
  stanza.append("-").append(std::to_string(stamp.number)).append("'><body>");
  append_body(stanza, stamp, body_size);
  stanza.append("</body></message>");
  return stanza;
}

std::optional<Stamp> read_message(std::string_view stanza) {
  if (attribute(stanza, "type") == "error") return std::nullopt;
  return read_stamp(child_text(stanza, "body"));
}

std::unique_ptr<Lane> XmppLaneMaker::make(Loop& loop, LaneEvents& events, std::uint32_t lane) {
  return std::make_unique<XmppLane>(loop, events, lane, plan_, target_);
}

}  // namespace hotline::bench

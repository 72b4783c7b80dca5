// SimClient: an XMPP client as a small state machine: login, binding, XEP-0198 with resumption, numbered
// messages. It remembers what it sent, what the host acknowledged, and what came.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "unit/dispatch/sim_world.h"

namespace hotline::sim {

class SimClient {
 public:
  enum class State { down, opening, authenticating, opening_again, binding, enabling, resuming, ready };

  SimClient(SimWorld& world, std::string account, std::string peer);

  // Connects to a shard, and goes on from there by itself: resumes when it can, else binds.
  void connect(std::uint32_t shard) { connect_to(world_, shard); }
  void connect_to(SimWorld& world, std::uint32_t shard);  // Another host.
  // Its connection is gone; it will resume.
  void cut(bool is_noticed);
  // Says goodbye; its next login binds anew. Only when all it sent is acknowledged: see may_leave().
  void leave();
  bool may_leave() const { return state_ == State::ready && unacknowledged_.empty(); }
  // The host died: nothing can be resumed, and what was not acknowledged may be lost.
  void forget_session();

  void send_message();
  // Reads that much of what the host wrote, and answers it.
  void receive(std::size_t bytes);

  State state() const { return state_; }
  bool is_ready() const { return state_ == State::ready; }
  Wire* wire() { return wire_.get(); }
  const std::string& account() const { return account_; }

  std::uint64_t sent() const { return sent_; }
  bool is_all_acknowledged() const { return unacknowledged_.empty(); }
  // By number: those the host acknowledged.
  const std::vector<std::uint64_t>& acknowledged() const { return acknowledged_; }
  // Numbers of what came from its peer, in order of arrival.
  const std::vector<std::uint64_t>& received() const { return received_; }
  std::uint64_t resumed() const { return resumed_; }
  std::uint64_t annotated() const { return annotated_; }  // Came through routing 1.1.0.
  // What should never have come.
  const std::string& complaint() const { return complaint_; }
  // From now on it acknowledges each message it gets, and forgets every tenth: what a test must notice.
  void become_forgetful() { is_forgetful_ = true; }
  // Where it stands, for a report.
  std::string text() const;

 private:
  struct Sent {
    std::string xml;
    std::uint64_t number = 0;  // 0: not a message.
  };
  void write(std::string_view bytes) { wire_->to_host.append(bytes); }
  void send_stanza(std::string xml, std::uint64_t number);
  void open();
  bool take_element(std::string& element);
  void on_element(const std::string& element);
  void on_message(const std::string& element);
  void on_acknowledged(std::uint32_t h);
  void down();

  SimWorld& world_;
  const std::string account_, peer_;
  std::shared_ptr<Wire> wire_;
  State state_ = State::down;
  std::string input_, last_element_;

  std::string sm_id_;
  bool has_session_ = false;
  bool is_forgetful_ = false;
  std::uint32_t handled_ = 0;         // Of the host's stanzas.
  std::uint32_t acknowledged_h_ = 0;  // Of ours.
  std::deque<Sent> unacknowledged_;

  std::uint64_t sent_ = 0, resumed_ = 0, annotated_ = 0;
  std::vector<std::uint64_t> acknowledged_, received_;
  std::string complaint_;
};

}  // namespace hotline::sim

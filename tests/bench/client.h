// Client: one XMPP client: connects, logs in, keeps XEP-0198's books on both directions, and resumes.
//
//     login() -> TCP, TLS -> SASL -> bind, enable, carbons, presence -> on_ready
//                                 -> resume -------------------------> on_ready, nothing lost
//     login() -> TCP, TLS, header and token in one write -> presence -> on_ready
//                                 -> resume refused -> bind, … ------> on_session_lost, on_ready
//
// Belongs to the thread of its loop. What is sent while it is not ready is held and goes out with
// on_ready; what the server had not acknowledged is sent again after a resumption, as XEP-0198 says.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "scram.h"
#include "websocket.h"
#include "wire.h"
#include "xml_scan.h"

namespace hotline::bench {

enum class Security { none, starttls, direct };
// `fast`: by SCRAM-SHA-256 in SASL2's words the first time, which gives it a token, and from then on by that
// token in one step (XEP-0484).
enum class Mechanism { plain, scram_sha1, scram_sha256, fast };

// What all clients of a run have in common. Outlives them.
struct ClientPlan {
  sockaddr_in address{};
  std::string domain;
  Security security = Security::direct;
  SSL_CTX* tls = nullptr;
  bool uses_websocket = false;
  std::string websocket_path = "/xmpp-websocket";
  Mechanism mechanism = Mechanism::scram_sha256;
  SaltedPasswords* salted = nullptr;
  bool uses_sm = true;
  bool resumes = false;  // Keeps what is unacknowledged, and resumes when login() is called again.
  bool uses_carbons = false;
  bool sends_presence = true;
  bool resumes_tls = false;      // Takes its earlier TLS session up where it has one.
  bool waits_for_answer = true;  // Ready only when the server has answered a ping sent after all that.
  // Clients come from 127.0.0.1 to 127.0.0.N in turn: a limit for each address need not be in the way of
  // thousands of sessions, nor the number of ports.
  unsigned sources = 1;
  std::int64_t login_ns_max = 60'000'000'000;
};

class Client final : public Wire::Owner {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_ready(Client& client) = 0;
    virtual void on_message(Client& client, std::string_view stanza) = 0;
    virtual void on_cut(Client& client, const std::string& reason) = 0;
    virtual void on_acked(Client&) {}
    // The server no longer knows the session; what it had not acknowledged will be sent again.
    virtual void on_session_lost(Client&) {}
    virtual void on_finished(Client&) {}
  };

  Client(Loop& loop, const ClientPlan& plan, Owner& owner, std::string user, std::string password);

  // Resumes where it can and may, else begins a new session.
  void login();
  // One stanza of ours, counted for XEP-0198.
  void send(std::string_view stanza);
  void ask_ack();
  void send_presence() { send_counted("<presence/>"); }
  // Ends the stream in order; on_finished() when the server has ended its own.
  void finish();
  // Closes the socket and says nothing, as a lost network would.
  void drop();

  [[nodiscard]] bool is_ready() const { return step_ == Step::ready; }
  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] const std::string& jid() const { return jid_; }
  [[nodiscard]] bool has_resumed_tls() const { return wire_.is_resumed(); }
  [[nodiscard]] bool has_sm() const { return has_sm_; }
  // Stanzas sent that no <a/> covers yet, held ones included.
  [[nodiscard]] std::uint64_t unacked() const { return sent_ - acked_ + held_.size(); }
  // Of the stanzas sent in this session, how many the server has acknowledged.
  [[nodiscard]] std::uint32_t acked() const { return acked_; }
  [[nodiscard]] std::uint32_t sent() const { return sent_; }

 private:
  enum class Step {
    idle,
    opening,
    upgrading,
    features,
    proceed,
    auth,
    bind,
    resume,
    settling,
    ready,
    closing
  };

  void on_open() override;
  void on_bytes(std::string_view bytes) override;
  void on_cut(const std::string& reason) override;

  void send_raw(std::string_view xml);
  void send_counted(std::string_view stanza);
  void open_stream();
  void take_pieces();
  void take_frames();
  void take(std::string_view element);
  void take_features(std::string_view features);
  void take_stanza(std::string_view name, std::string_view stanza);
  void take_iq(std::string_view iq);
  void take_ack(std::string_view h);
  void answer_ack();
  void authenticate(std::string_view features);
  void authenticate_in_one_step();
  void take_success_in_one_step(std::string_view success);
  void answer_challenge(std::string_view challenge);
  void take_success(std::string_view success);
  void bind();
  void settle(std::string_view jid);
  void take_resumed(std::string_view resumed);
  void take_failed(std::string_view failed);
  void become_ready();
  void fail(const std::string& reason);

  Loop& loop_;
  const ClientPlan& plan_;
  Owner& owner_;
  Wire wire_;
  StanzaSplitter splitter_;
  std::optional<WebSocketReader> websocket_;
  std::optional<Scram> scram_;
  in_addr source_{};
  std::string user_;
  std::string password_;
  std::string jid_;
  std::string token_;            // XEP-0484.
  bool is_in_one_step_ = false;  // This login.
  Step step_ = Step::idle;
  bool is_encrypted_ = false;
  bool is_authenticated_ = false;
  std::optional<Loop::TimerKey> deadline_;

  bool has_sm_ = false;       // <enabled/> came.
  bool counts_sent_ = false;  // <enable/> went out.
  std::string resume_id_;
  std::uint32_t received_ = 0;  // Their stanzas, modulo 2^32 as the XEP counts.
  std::uint32_t sent_ = 0;
  std::uint32_t acked_ = 0;
  std::deque<std::string> unacked_;  // Kept only where the plan resumes.
  std::deque<std::string> held_;
};

}  // namespace hotline::bench

// session: from a stream's header to a bound session: features, STARTTLS, SASL, resource binding (RFC 6120
// 4.3, 5, 6, 7) and stream management (XEP-0198), or all of it in one step (XEP-0388, 0386, 0484); and the
// queries every client asks its server.
//
//     login.h       mechanisms, in the words of SASL and SASL2
//     exchange.h    a login between two of a client's elements; scram.h: SCRAM's messages
//     welcome.h     what follows a login by SASL2; wishes.h: what was wished for; fast.h: tokens
//     features.h    what a stream offers that is logged in; unbound.h: until it is bound
//
// An instance holds nothing that matters: exchanges are in the streams' scratch, counters are the host's.
//
// Configuration, "modules": { "session": { ... } }:
//     channel_binding        1: SCRAM-...-PLUS with tls-exporter is offered (login.cpp: why not usually)
//     allow_plain_loopback   1: PLAIN and SASL2 without TLS, for peers on this machine
//     offer_register         1: streams say that accounts can be made in-band; set it together with
//                            registration's `open`, which is what allows it
//     fast_clients_max       clients of an account that may have a token to log in with (20); 0: no tokens
//     fast_days              how long a token is good (21)
//     fast_rotate_hours      how old one becomes before its client is given another (24)
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "session/features.h"
#include "session/login.h"
#include "session/queries.h"
#include "session/stream_management.h"
#include "session/topics.h"
#include "session/unbound.h"

namespace hotline::session {

using namespace hotline::sdk;

namespace {

constexpr std::string_view tls_ns = "urn:ietf:params:xml:ns:xmpp-tls";
constexpr std::size_t generated_resource_bytes = 8;

}  // namespace

class Session {
 public:
  explicit Session(const hl_host* host)
      : streams_(host),
        sessions_(host),
        stanzas_(host),
        crypto_(host),
        random_(host),
        config_(host),
        features_(host),
        login_(host),
        stream_management_(host),
        unbound_(host),
        queries_(host) {}

  Status on_stream(const hl_stream_event& event) {
    if (event.what != HL_STREAM_OPENED) return closed(event.stream);
    const std::string domain(config_.domain());
    if (!is_absent(event.to) && !is_ours(view(event.to))) {
      streams_.close(event.stream, "host-unknown", "this host serves " + domain);
      return HL_OK;
    }
    // XEP-0388 2.1, RFC 6120 4.9.3.9: nobody of another domain has an account here.
    const std::optional<Jid> from = Jid::parse(view(event.from));
    if (!is_absent(event.from) && (!from || !is_ours(from->domain))) {
      streams_.close(event.stream, "invalid-from", "accounts of this host are in " + domain);
      return HL_OK;
    }
    const std::optional<hl_stream_info> info = streams_.info(event.stream);
    if (!info) return HL_OK;
    streams_.send(event.stream, features(event.stream, *info));
    return HL_OK;
  }

  Status on_stanza(const hl_stanza_event& event) {
    const hl_stanza& stanza = *event.stanza;
    if (stanza.kind == HL_STANZA_NONZA) {
      const std::string_view ns = view(stanza.ns);
      if (ns == sm_ns) return stream_management_.on_element(event);
      if (ns == sasl_ns || ns == sasl2_ns) return login_.on_element(event.stream, stanza);
      if (ns == tls_ns) return start_tls(event);
      return HL_E_NONE;
    }
    const std::string_view ns = view(stanza.payload_ns);
    if (ns == bind_ns) return bind(event);
    if (ns == legacy_session_ns) return legacy_session(event);
    return queries_.on_iq(event);
  }

  Status on_session(const hl_session_event& event) {
    if (event.what == HL_SESSION_SAFE) return stream_management_.on_safe(event.session, event.value);
    if (event.what == HL_SESSION_QUIET) return queries_.ping(event.session);
    return HL_OK;
  }

  Status on_work(const hl_work_event& event) { return login_.on_work(event); }

  // From registration. Tokens go with the password they were got with; this frees their rows. So do streams
  // that it let in and that no session is bound on.
  Status on_post(const hl_post_event& event) {
    switch (event.topic) {
      case topic::account_removed:
      case topic::key_replaced:
      case topic::password_changed:
        login_.forget_tokens(view(event.account));
        unbound_.end_stale(view(event.account));
        break;
      default: break;  // Of a generation that knew more: passed over.
    }
    return HL_OK;
  }

 private:
  bool is_ours(std::string_view domain) const {
    const auto prepared = crypto_.prepare(HL_PREPARE_DOMAIN, domain);
    return prepared && *prepared == config_.domain();
  }

  std::string features(hl_stream stream, const hl_stream_info& info) const {
    Xml xml;
    xml.open("stream:features");
    if (is_absent(info.account)) {
      if ((info.flags & HL_STREAM_CAN_STARTTLS) != 0) {
        xml.open("starttls", tls_ns);
        if ((info.flags & HL_STREAM_NEEDS_TLS) != 0) xml.empty("required");
        xml.close();
      }
      if ((info.flags & HL_STREAM_NEEDS_TLS) != 0) return xml.take();  // Until then it is all there is.
      login_.write_features(xml, stream, info);
      if (config_.number("offer_register", 0) != 0)
        xml.empty("register", "http://jabber.org/features/iq-register");
      return xml.take();
    }
    if (info.session != 0) return xml.take();
    return features_.after_login(view(info.account), Features::Stream::unbound);
  }

  Status closed(hl_stream stream) {
    const std::optional<hl_stream_info> info = streams_.info(stream);
    if (info && !is_absent(info->account) && info->session == 0) unbound_.forget(stream, view(info->account));
    return HL_OK;
  }

  Status start_tls(const hl_stanza_event& event) {
    Xml xml;
    if (view(event.stanza->name) == "starttls" &&
        streams_.start_tls(event.stream, xml.open("proceed", tls_ns).take()) == HL_OK)
      return HL_OK;
    streams_.send(event.stream, Xml().open("failure", tls_ns).take());
    streams_.close(event.stream);
    return HL_OK;
  }

  Status bind(const hl_stanza_event& event) {
    const hl_stanza& iq = *event.stanza;
    const std::string_view type = view(iq.type);
    if (type == "result" || type == "error") return HL_OK;
    if (event.session != 0) {
      sessions_.send(event.session, stanza_error(iq, "cancel", "not-allowed", "a resource is bound already"));
      return HL_OK;
    }
    if (type != "set") return refuse(event, "modify", "bad-request");
    if (!unbound_.is_good(event.stream, view(event.account))) return unbound_.turn_away(event.stream);
    const std::string_view wish = stanzas_.payload(iq).child("resource", bind_ns).text();
    std::string resource = random_.hex(generated_resource_bytes);
    if (!wish.empty()) {
      const auto prepared = crypto_.prepare(HL_PREPARE_RESOURCE, wish);
      if (!prepared || prepared->empty() || prepared->size() > jid_part_size_max)
        return refuse(event, "modify", "bad-request",
                      "the resource has characters that are not allowed, or too many");
      resource = *prepared;
    }
    hl_session session = 0;
    const std::string account(view(event.account));
    const Status status = sessions_.bind(event.stream, resource, &session);
    if (status == HL_E_GONE) return HL_OK;
    if (status == HL_E_FULL)
      return refuse(event, "wait", "resource-constraint", "this account has as many sessions as it may");
    if (status != HL_OK) return refuse(event, "cancel", "not-allowed");
    unbound_.forget(event.stream, account);
    Xml xml;
    xml.open("bind", bind_ns).leaf("jid", account + "/" + resource).close();
    sessions_.send(session, iq_result(iq, xml.written()));
    return HL_OK;
  }

  // RFC 3921 3 had clients ask for a session after binding; RFC 6121 made it a no-op.
  Status legacy_session(const hl_stanza_event& event) {
    const std::string_view type = view(event.stanza->type);
    if (type == "set")
      sessions_.send(event.session, iq_result(*event.stanza));
    else if (type == "get")
      sessions_.send(event.session, stanza_error(*event.stanza, "modify", "bad-request"));
    return HL_OK;
  }

  // An error on a stream without a session.
  Status refuse(const hl_stanza_event& event, std::string_view type, std::string_view condition,
                std::string_view text = {}) {
    streams_.send(event.stream, stanza_error(*event.stanza, type, condition, text));
    return HL_OK;
  }

  Streams streams_;
  Sessions sessions_;
  Stanzas stanzas_;
  Crypto crypto_;
  Random random_;
  Config config_;
  Features features_;
  Login login_;
  StreamManagement stream_management_;
  Unbound unbound_;
  Queries queries_;
};

}  // namespace hotline::session

HL_MANIFEST(
    "about Stream features, login, binding, stream management, and a client's questions to its server\n"
    "needs hotline.stream/1\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.random/1\n"
    "needs hotline.post/1\n"
    "needs hotline.config/1\n"
    "needs hotline.clock/1\n"
    "needs hotline.table/1\n"
    "needs hotline.mailbox/1\n"
    "needs hotline.stats/1\n"
    "needs hotline.log/1\n"
    "wants hotline.login/1\n"
    "reads-table accounts\n"
    "table login_secrets durable writes 1 reads 1\n"
    "table fast_tokens durable writes 1 reads 1\n"
    "table unbound_streams volatile writes 1 reads 1\n"
    "accepts-posts registration\n"
    "stream\n"
    "sessions\n"
    "route nonza urn:ietf:params:xml:ns:xmpp-tls none before-login\n"
    "route nonza urn:ietf:params:xml:ns:xmpp-sasl none before-login\n"
    "route nonza urn:ietf:params:xml:ns:xmpp-sasl none before-bind\n"
    "route nonza urn:ietf:params:xml:ns:xmpp-sasl none\n"
    "route nonza urn:xmpp:sasl:2 none before-login\n"
    "route nonza urn:xmpp:sasl:2 none before-bind\n"
    "route nonza urn:xmpp:sasl:2 none\n"
    "route nonza urn:xmpp:sm:3 none before-bind\n"
    "route nonza urn:xmpp:sm:3 none\n"
    "route iq urn:ietf:params:xml:ns:xmpp-bind any before-bind\n"
    "route iq urn:ietf:params:xml:ns:xmpp-bind self\n"
    "route iq urn:ietf:params:xml:ns:xmpp-bind domain\n"
    "route iq urn:ietf:params:xml:ns:xmpp-session self\n"
    "route iq urn:ietf:params:xml:ns:xmpp-session domain\n"
    "route iq urn:xmpp:ping self\n"
    "route iq urn:xmpp:ping domain\n"
    "route iq http://jabber.org/protocol/disco#info self\n"
    "route iq http://jabber.org/protocol/disco#info domain\n"
    "route iq http://jabber.org/protocol/disco#items self\n"
    "route iq http://jabber.org/protocol/disco#items domain\n"
    "route iq jabber:iq:version domain\n"
    "route iq urn:xmpp:time domain\n"
    "feature http://jabber.org/protocol/disco#info\n"
    "feature http://jabber.org/protocol/disco#items\n"
    "feature jabber:iq:version\n"
    "feature urn:xmpp:ping\n"
    "feature urn:xmpp:time\n");

HL_MODULE = hotline::sdk::entry<hotline::session::Session>(hl_manifest_text);

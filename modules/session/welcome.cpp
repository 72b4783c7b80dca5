#include "session/welcome.h"

#include "presence/session_fields.h"
#include "session/hex.h"

namespace hotline::session {

using namespace hotline::sdk;

namespace {

constexpr std::size_t resource_digits = 16;  // Of what stands behind the client's tag.

// <success/>. `first` is what must come before any text of the client's.
std::string success(const Welcome::Guest& guest, std::string_view identity, std::string_view first,
                    std::string_view rest) {
  Xml xml;
  xml.open("success", sasl2_ns).raw(first);
  if (!guest.data.empty()) xml.leaf("additional-data", guest.data);
  return xml.leaf("authorization-identifier", identity).raw(rest).take();
}

}  // namespace

Welcome::Welcome(const hl_host* host, FastTokens& tokens)
    : streams_(host),
      sessions_(host),
      crypto_(host),
      random_(host),
      logins_(Logins::wanted(host)),
      tokens_(tokens),
      features_(host),
      stream_management_(host),
      secret_(host),
      unbound_(host),
      carbons_(sessions_.field(session_fields::carbons)),
      client_state_(sessions_.field(session_fields::client_state)) {}

void Welcome::write_inline(Xml& xml, std::string_view fast) const {
  xml.open("inline");
  xml.open("bind", bind2_ns).open("inline");
  for (const std::string_view feature : {carbons_ns, client_state_ns})
    if (features_.has(feature)) xml.open("feature").attr("var", feature).close();
  xml.open("feature").attr("var", sm_ns).close();
  xml.close().close();
  xml.empty("sm", sm_ns);
  if (!fast.empty()) xml.open("fast", fast_ns).raw(fast).close();
  xml.close();
}

Status Welcome::receive(const Guest& guest) {
  const Status status = logins_->log_in(guest.stream, guest.account);
  if (status == HL_E_GONE) return status;
  require(status, "login.log_in");
  const std::string token = token_for(guest);
  std::string failed;
  if (guest.wishes.resumes) {
    // Its resource is bound, so the client is told its full address: some ask for nothing else (XMPP.js).
    const std::string identity = stream_management_.address_of(guest.account, guest.wishes.previous);
    const std::string answer =
        success(guest, identity, StreamManagement::resumed(guest.wishes.previous), token);
    const Status resumed =
        stream_management_.take_up(guest.stream, guest.wishes.previous, guest.wishes.handled, answer);
    if (resumed == HL_OK || resumed == HL_E_GONE) return resumed;
    failed = StreamManagement::failed("item-not-found");
  }
  if (guest.wishes.binds) return bind(guest, failed, token);
  return leave_unbound(guest, failed, token);
}

Status Welcome::leave_unbound(const Guest& guest, std::string_view failed, std::string_view token) {
  if (!unbound_.keep(guest.stream, guest.account))
    return streams_.close(guest.stream, "resource-constraint", "too many logins without a resource");
  streams_.send(guest.stream, success(guest, guest.account, failed, token));
  streams_.send(guest.stream, features_.after_login(guest.account, Features::Stream::unbound));
  return HL_OK;
}

Status Welcome::bind(const Guest& guest, std::string_view failed, std::string_view token) {
  const std::string own = own_part(guest);
  const std::string resource = resource_of(guest, own);
  end_earlier(guest, own, resource);
  hl_session session = 0;
  const Status status = sessions_.bind(guest.stream, resource, &session);
  if (status == HL_E_GONE) return status;
  if (status == HL_E_FULL) return leave_unbound(guest, failed, token);
  require(status, "session.bind");
  set_wishes(session, guest.wishes);
  std::optional<StreamManagement::Enabled> enabled;
  if (guest.wishes.wants_sm)
    enabled = stream_management_.offer(session, guest.wishes.wants_resumption, guest.wishes.resume_s);
  Xml bound;
  bound.open("bound", bind2_ns);
  if (enabled) bound.raw(enabled->element);
  const std::string identity = std::string(guest.account) + "/" + resource;
  const std::string answer = success(guest, identity, failed, bound.take().append(token));
  if (enabled) {
    const Status on = stream_management_.turn_on(session, answer, enabled->resume_s);
    if (on == HL_E_GONE) return on;
    require(on, "session.sm_enable");
  } else {
    streams_.send(guest.stream, answer);
  }
  streams_.send(guest.stream, features_.after_login(guest.account, enabled ? Features::Stream::managed
                                                                           : Features::Stream::bound));
  return HL_OK;
}

// The host's part of a resource: the same for each login of one installation of a client, by which its
// earlier session is known (XEP-0386 3.2); another one's where it does not say which it is.
std::string Welcome::own_part(const Guest& guest) {
  if (guest.wishes.client.empty()) return random_.hex(resource_digits / 2);
  std::string who(guest.account);
  who.append(1, '\0').append(guest.wishes.client);
  return hex_encode(crypto_.hmac(Digest::sha256, secret_.get(), who)).substr(0, resource_digits);
}

std::string Welcome::resource_of(const Guest& guest, std::string_view own) const {
  if (guest.wishes.tag.empty()) return std::string(own);
  const auto wanted =
      crypto_.prepare(HL_PREPARE_RESOURCE, std::string(guest.wishes.tag).append(1, '/').append(own));
  return std::string(wanted && wanted->size() <= jid_part_size_max ? *wanted : own);
}

// A session of the same resource goes by itself; these have another tag.
void Welcome::end_earlier(const Guest& guest, std::string_view own, std::string_view resource) const {
  if (guest.wishes.client.empty()) return;
  sessions_.for_each(guest.account, [&](hl_session earlier) {
    const std::optional<hl_session_info> info = sessions_.info(earlier);
    if (!info) return;
    const std::string_view its = view(info->resource);
    const bool is_same_client =
        its.ends_with(own) && (its.size() == own.size() || its[its.size() - own.size() - 1] == '/');
    if (is_same_client && its != resource)
      sessions_.end(earlier, "conflict", "the same client has logged in anew");
  });
}

void Welcome::set_wishes(hl_session session, const Wishes& wishes) const {
  if (wishes.wants_carbons && features_.has(carbons_ns)) carbons_.set(session, 1);
  if (wishes.is_inactive && features_.has(client_state_ns))
    client_state_.set(session, session_fields::client_inactive);
}

std::string Welcome::token_for(const Guest& guest) {
  const Wishes& wishes = guest.wishes;
  const FastTokens::Owner owner{guest.account, wishes.client, guest.account_row};
  std::optional<fast::Kind> kind = wishes.wants_token;
  if (wishes.has_token && wishes.ends_token)
    tokens_.forget(guest.account, wishes.client);
  else if (wishes.has_token && !kind)
    kind = tokens_.due(owner);
  if (!kind) return {};
  const auto issued = tokens_.issue(owner, *kind, wishes.has_token && !wishes.ends_token);
  if (!issued) return {};
  Xml xml;
  xml.open("token", fast_ns).attr("token", issued->token).attr("expiry", timestamp(issued->expires_wall_ms));
  return xml.take();
}

}  // namespace hotline::session

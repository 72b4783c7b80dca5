#include "session/login.h"

#include <array>

#include "session/base64.h"

namespace hotline::session {

using namespace hotline::sdk;

// How a mechanism proves who it is.
enum class Proof {
  scram,     // RFC 5802.
  password,  // PLAIN.
  token,     // HT (draft-schmaus-kitten-sasl-ht), in SASL2 alone.
};

struct Mechanism {
  std::string_view name;
  Digest digest;
  Proof proof;
  bool binds;  // The channel (RFC 5802 6).
};

namespace {

// The best first: a client that does not rank takes the first it knows.
constexpr std::array<Mechanism, 7> mechanisms = {
    {{"SCRAM-SHA-256-PLUS", Digest::sha256, Proof::scram, true},
     {"SCRAM-SHA-1-PLUS", Digest::sha1, Proof::scram, true},
     {"SCRAM-SHA-256", Digest::sha256, Proof::scram, false},
     {"SCRAM-SHA-1", Digest::sha1, Proof::scram, false},
     {"PLAIN", Digest::sha256, Proof::password, false},
     {fast::mechanism_of(fast::Kind::expr), Digest::sha256, Proof::token, true},
     {fast::mechanism_of(fast::Kind::none), Digest::sha256, Proof::token, false}}};

const Mechanism* find_mechanism(std::string_view name) {
  for (const Mechanism& mechanism : mechanisms)
    if (mechanism.name == name) return &mechanism;
  return nullptr;
}

constexpr std::uint32_t iterations_default =
    4096;  // Of an account that does not exist, on a shard without any.
constexpr std::size_t nonce_bytes = 18;
constexpr std::size_t plain_token_bytes = 16;
constexpr std::size_t exchange_size_max = 4096;  // Of a stream's scratch.

std::string_view ns_of(Profile profile) {
  return profile == Profile::sasl2 ? sasl2_ns : sasl_ns;
}

}  // namespace

Login::Login(const hl_host* host)
    : streams_(host),
      stanzas_(host),
      crypto_(host),
      random_(host),
      config_(host),
      log_(host),
      accounts_(Tables(host).open(accounts::table_name)),
      secret_(host),
      unbound_(host),
      tokens_(host),
      welcome_(host, tokens_),
      logins_(Stats(host).counter("logins")),
      token_logins_(Stats(host).counter("logins_by_token")),
      refused_(Stats(host).counter("logins_refused")) {}

bool Login::may_bind(hl_stream stream) const {
  // Off unless asked for: clients that know tls-unique alone (slixmpp 1.8) take a -PLUS they see, fail, call
  // its absence a downgrade in the next attempt, and end with PLAIN.
  return config_.number("channel_binding", 0) != 0 && streams_.channel_binding(stream).has_value();
}

bool Login::is_private(const hl_stream_info& info) const {
  if ((info.flags & HL_STREAM_IS_TLS) != 0) return true;
  return (info.flags & HL_STREAM_IS_LOOPBACK) != 0 && config_.number("allow_plain_loopback", 0) != 0;
}

Login::Offer Login::offer(const Mechanism& mechanism, hl_stream stream, const hl_stream_info& info) const {
  if (mechanism.proof == Proof::token && (!tokens_.are_on() || !welcome_.is_possible())) return Offer::no;
  if (mechanism.binds) return may_bind(stream) ? Offer::yes : Offer::no;
  return mechanism.proof == Proof::scram || is_private(info) ? Offer::yes : Offer::needs_encryption;
}

std::string Login::mechanisms_of(hl_stream stream, const hl_stream_info& info, bool with_tokens) const {
  std::string out;
  for (const Mechanism& mechanism : mechanisms)
    if ((mechanism.proof == Proof::token) == with_tokens && offer(mechanism, stream, info) == Offer::yes)
      out.append(Xml().leaf("mechanism", mechanism.name).written());
  return out;
}

void Login::write_features(Xml& xml, hl_stream stream, const hl_stream_info& info) const {
  const std::string offered = mechanisms_of(stream, info, false);
  xml.open("mechanisms", sasl_ns).raw(offered).close();
  if (welcome_.is_possible() && is_private(info)) {
    xml.open("authentication", sasl2_ns).raw(offered);
    welcome_.write_inline(xml, mechanisms_of(stream, info, true));
    xml.close();
  }
  if (may_bind(stream)) {  // XEP-0440.
    xml.open("sasl-channel-binding", "urn:xmpp:sasl-cb:0");
    xml.open("channel-binding").attr("type", "tls-exporter").close().close();
  }
}

Status Login::on_element(hl_stream stream, const hl_stanza& element) {
  const Profile profile = view(element.ns) == sasl2_ns ? Profile::sasl2 : Profile::sasl;
  if (profile == Profile::sasl2 && !welcome_.is_possible()) return HL_E_NONE;
  const std::optional<hl_stream_info> info = streams_.info(stream);
  if (!info) return HL_OK;
  if (!is_absent(info->account)) {
    streams_.close(stream, "policy-violation", "this stream is logged in already");
    return HL_OK;
  }
  const Attempt attempt{stream, profile, {}};
  const std::string_view name = view(element.name);
  if (name == "auth" && profile == Profile::sasl) return begin(attempt, *info, element);
  if (name == "authenticate" && profile == Profile::sasl2) return begin_sasl2(stream, *info, element);
  if (name == "response") return answer(attempt, element);
  if (name == "abort") return fail(attempt, "aborted");
  return fail(attempt, "malformed-request", "unknown element");
}

Status Login::begin(const Attempt& attempt, const hl_stream_info& info, const hl_stanza& auth) {
  const Element root = stanzas_.root(auth);
  const std::string_view text = root.text();
  // Without an initial response an empty challenge asks for it (RFC 6120 6.4.2).
  if (text.empty()) return begin_with(attempt, info, root.attr("mechanism"), std::nullopt);
  return begin_with(attempt, info, root.attr("mechanism"), text == "=" ? std::string_view("") : text);
}

Status Login::begin_sasl2(hl_stream stream, const hl_stream_info& info, const hl_stanza& authenticate) {
  if (!is_private(info)) return fail({stream, Profile::sasl2, {}}, "encryption-required");
  const Element root = stanzas_.root(authenticate);
  const std::optional<Wishes> wishes = Wishes::read(root);
  if (!wishes)
    return fail({stream, Profile::sasl2, {}}, "malformed-request",
                "what goes with the login cannot be read, or is too long");
  const std::string kept = wishes->encode();
  const Element initial = root.child("initial-response", sasl2_ns);
  return begin_with({stream, Profile::sasl2, kept}, info, root.attr("mechanism"),
                    initial ? std::optional(initial.text()) : std::nullopt);
}

Status Login::begin_with(const Attempt& attempt, const hl_stream_info& info, std::string_view name,
                         std::optional<std::string_view> text) {
  if (!streams_.scratch(attempt.stream).empty())
    return fail(attempt, "malformed-request", "an exchange was under way; it is over now");
  if ((info.flags & HL_STREAM_NEEDS_TLS) != 0) return fail(attempt, "encryption-required");
  const Mechanism* mechanism = find_mechanism(name);
  if (mechanism != nullptr && mechanism->proof == Proof::token && attempt.profile == Profile::sasl)
    mechanism = nullptr;
  const Offer offered = mechanism == nullptr ? Offer::no : offer(*mechanism, attempt.stream, info);
  if (offered == Offer::needs_encryption) return fail(attempt, "encryption-required");
  if (offered == Offer::no) return fail(attempt, "invalid-mechanism");

  if (!text) {
    Exchange exchange;
    exchange.profile = attempt.profile;
    exchange.state = Exchange::State::chosen;
    exchange.mechanism = mechanism->name;
    exchange.wishes = attempt.wishes;
    if (streams_.set_scratch(attempt.stream, exchange.encode()) != HL_OK)
      return fail(attempt, "temporary-auth-failure");
    return challenge(attempt, {});
  }
  const std::optional<std::string> data = base64_decode(*text);
  if (!data) return fail(attempt, "incorrect-encoding");
  return first_data(attempt, *mechanism, *data);
}

Status Login::answer(const Attempt& attempt, const hl_stanza& response) {
  const std::string_view scratch = streams_.scratch(attempt.stream);
  const std::optional<Exchange> exchange = Exchange::decode(scratch);
  if (!exchange) return fail(attempt, "temporary-auth-failure", "try again");
  const std::optional<std::string> data = base64_decode(stanzas_.root(response).text());
  if (!data) return fail(attempt, "incorrect-encoding");
  const Mechanism* mechanism = find_mechanism(exchange->mechanism);
  const bool is_asked = mechanism != nullptr && exchange->profile == attempt.profile;
  const Attempt going_on{attempt.stream, attempt.profile, exchange->wishes};
  if (is_asked && exchange->state == Exchange::State::chosen) return first_data(going_on, *mechanism, *data);
  if (is_asked && exchange->state == Exchange::State::scram) return finish_scram(going_on, *exchange, *data);
  return fail(attempt, "malformed-request", "no response was asked for");
}

Status Login::first_data(const Attempt& attempt, const Mechanism& mechanism, std::string_view data) {
  switch (mechanism.proof) {
    case Proof::scram: return begin_scram(attempt, mechanism, data);
    case Proof::password: return begin_plain(attempt, data);
    case Proof::token: return take_token(attempt, mechanism, data);
  }
  return HL_E_NONE;
}

// ---- SCRAM ----------------------------------------------------------------------------------------

Status Login::begin_scram(const Attempt& attempt, const Mechanism& mechanism, std::string_view message) {
  const std::optional<ScramFirst> first = ScramFirst::parse(message);
  if (!first) return fail(attempt, "malformed-request");
  if ((first->binding == Binding::used) != mechanism.binds) return fail(attempt, "malformed-request");
  if (first->binding == Binding::used && first->binding_type != "tls-exporter")
    return fail(attempt, "malformed-request", "tls-exporter is the channel binding here");
  if (first->binding == Binding::unadvertised && may_bind(attempt.stream))
    return fail(attempt, "not-authorized", "channel binding is offered here, and did not reach the client");
  const std::optional<std::string> account = account_of(first->username);
  if (!account) return fail(attempt, "not-authorized");
  if (!is_authzid(attempt, first->authzid, *account)) return fail(attempt, "invalid-authzid");

  const Status moved = streams_.move_home(attempt.stream, *account);
  if (moved == HL_OK) return HL_OK;  // It is offered again at the account's home.
  if (moved != HL_E_EXISTS) return fail(attempt, "temporary-auth-failure");

  const Known verifier = known(*account, mechanism.digest);
  const std::string server_nonce = base64_encode(random_.bytes(nonce_bytes));
  const std::string server_first =
      scram_server_first(first->nonce, server_nonce, verifier.salt, verifier.iterations);
  const std::string nonce = std::string(first->nonce) + server_nonce;
  Exchange exchange;
  exchange.profile = attempt.profile;
  exchange.wishes = attempt.wishes;
  exchange.state = Exchange::State::scram;
  exchange.mechanism = mechanism.name;
  exchange.account = *account;
  exchange.gs2_header = first->gs2_header;
  exchange.client_first_bare = first->bare;
  exchange.server_first = server_first;
  exchange.nonce = nonce;
  const std::string kept = exchange.encode();
  if (kept.size() > exchange_size_max || streams_.set_scratch(attempt.stream, kept) != HL_OK)
    return fail(attempt, "malformed-request", "too long");
  return challenge(attempt, base64_encode(server_first));
}

Status Login::finish_scram(const Attempt& attempt, const Exchange& exchange, std::string_view message) {
  const Mechanism& mechanism = *find_mechanism(exchange.mechanism);
  const std::optional<ScramFinal> final = ScramFinal::parse(message);
  if (!final) return fail(attempt, "malformed-request");
  std::string channel_data;
  if (mechanism.binds) {
    const auto data = streams_.channel_binding(attempt.stream);
    if (!data) return fail(attempt, "not-authorized");
    channel_data.assign(data->data(), data->size());
  }
  const Known verifier = known(exchange.account, mechanism.digest);
  const std::optional<std::string> proof =
      scram_accept(crypto_, mechanism.digest,
                   {exchange.gs2_header, exchange.client_first_bare, exchange.server_first, exchange.nonce},
                   *final, verifier.stored_key, verifier.server_key, channel_data);
  if (!proof || !verifier.exists) return fail(attempt, "not-authorized");
  return succeed(attempt, exchange.account, base64_encode(*proof));
}

// ---- PLAIN (RFC 4616) -----------------------------------------------------------------------------

Status Login::begin_plain(const Attempt& attempt, std::string_view message) {
  const std::size_t first = message.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : message.find('\0', first + 1);
  if (second == std::string_view::npos || message.find('\0', second + 1) != std::string_view::npos)
    return fail(attempt, "malformed-request");
  const std::string_view authzid = message.substr(0, first);
  const std::string_view authcid = message.substr(first + 1, second - first - 1);
  const std::string_view raw_password = message.substr(second + 1);
  if (authcid.empty() || raw_password.empty()) return fail(attempt, "malformed-request");
  const std::optional<std::string> account = account_of(authcid);
  if (!account) return fail(attempt, "not-authorized");
  if (!is_authzid(attempt, authzid, *account)) return fail(attempt, "invalid-authzid");

  const Status moved = streams_.move_home(attempt.stream, *account);
  if (moved == HL_OK) return HL_OK;
  if (moved != HL_E_EXISTS) return fail(attempt, "temporary-auth-failure");

  const std::optional<std::string_view> password = crypto_.prepare(HL_PREPARE_PASSWORD, raw_password);
  if (!password || password->empty()) return fail(attempt, "not-authorized");
  const Known verifier = known(*account, Digest::sha256);
  // The token names the stream and this very attempt: a result that comes after <abort/> fits nothing.
  std::string token;
  for (int shift = 56; shift >= 0; shift -= 8) token.append(1, static_cast<char>(attempt.stream >> shift));
  token.append(random_.bytes(plain_token_bytes));
  if (crypto_.pbkdf2(Digest::sha256, *password, verifier.salt, verifier.iterations, *account, token) != HL_OK)
    return fail(attempt, "temporary-auth-failure", "too many logins at once; try again");
  Exchange exchange;
  exchange.profile = attempt.profile;
  exchange.wishes = attempt.wishes;
  exchange.state = Exchange::State::password;
  exchange.mechanism = "PLAIN";
  exchange.account = *account;
  exchange.token = token;
  require(streams_.set_scratch(attempt.stream, exchange.encode()), "stream.set_scratch");
  return HL_OK;
}

Status Login::on_work(const hl_work_event& event) {
  const std::string_view token = view(event.token);
  if (token.size() != sizeof(hl_stream) + plain_token_bytes) return HL_OK;
  hl_stream stream = 0;
  for (std::size_t i = 0; i < sizeof stream; ++i) stream = stream << 8 | static_cast<unsigned char>(token[i]);
  const std::string_view scratch = streams_.scratch(stream);  // Empty when the stream is gone.
  const std::optional<Exchange> exchange = Exchange::decode(scratch);
  if (!exchange || exchange->state != Exchange::State::password || exchange->token != token) return HL_OK;
  const Attempt attempt{stream, exchange->profile, exchange->wishes};
  if (event.status != HL_OK) return fail(attempt, "temporary-auth-failure");

  const Known verifier = known(exchange->account, Digest::sha256);
  const std::string client_key = crypto_.hmac(Digest::sha256, view(event.result), "Client Key");
  const bool is_right = crypto_.equal(crypto_.digest(Digest::sha256, client_key), verifier.stored_key);
  if (!is_right || !verifier.exists) return fail(attempt, "not-authorized");
  return succeed(attempt, exchange->account, {});
}

// ---- tokens (XEP-0484, draft-schmaus-kitten-sasl-ht) ------------------------------------------------

Status Login::take_token(const Attempt& attempt, const Mechanism& mechanism, std::string_view message) {
  const std::optional<Wishes> wishes = Wishes::decode(attempt.wishes);
  const std::size_t nul = message.find('\0');
  if (!wishes || !wishes->has_token || nul == std::string_view::npos)
    return fail(attempt, "malformed-request");
  const std::optional<std::string> account = account_of(message.substr(0, nul));
  if (!account) return fail(attempt, "not-authorized");
  const Status moved = streams_.move_home(attempt.stream, *account);
  if (moved == HL_OK) return HL_OK;
  if (moved != HL_E_EXISTS) return fail(attempt, "temporary-auth-failure");

  std::string channel_data;
  if (mechanism.binds) {
    const auto data = streams_.channel_binding(attempt.stream);
    if (!data) return fail(attempt, "not-authorized");
    channel_data.assign(data->data(), data->size());
  }
  const std::string row(accounts_.get(*account, accounts::scram_key).value_or(""));
  const FastTokens::Answer answer = tokens_.check(
      {*account, wishes->client, row}, *fast::kind_of(mechanism.name), message.substr(nul + 1), channel_data);
  switch (answer.verdict) {
    case FastTokens::Verdict::wrong: return fail(attempt, "not-authorized");
    case FastTokens::Verdict::expired: return fail(attempt, "credentials-expired");
    case FastTokens::Verdict::right: break;
  }
  return succeed(attempt, *account, base64_encode(answer.responder), true);
}

// ---- what they share ------------------------------------------------------------------------------

Status Login::challenge(const Attempt& attempt, std::string_view data) const {
  streams_.send(attempt.stream, Xml().open("challenge", ns_of(attempt.profile)).text(data).take());
  return HL_OK;
}

Status Login::fail(const Attempt& attempt, std::string_view condition, std::string_view text) const {
  Xml xml;
  xml.open("failure", ns_of(attempt.profile));
  // SASL2 has the conditions of SASL, and those in their own namespace.
  if (attempt.profile == Profile::sasl2)
    xml.empty(condition, sasl_ns);
  else
    xml.empty(condition);
  if (!text.empty()) xml.open("text").attr("xml:lang", "en").text(text).close();
  streams_.set_scratch(attempt.stream, {});
  streams_.send(attempt.stream, xml.take());
  refused_.add();
  if (streams_.failed(attempt.stream) == HL_E_FULL)
    streams_.close(attempt.stream, "policy-violation",
                   "too many failed attempts to log in; connect again later");
  return HL_OK;
}

Status Login::succeed(const Attempt& attempt, std::string_view account, std::string_view data,
                      bool by_token) {
  const std::string bare(account);  // It may be a view into the scratch, which is wiped.
  Status status = HL_OK;
  if (attempt.profile == Profile::sasl2) {
    status = welcome(attempt, bare, data, by_token);
  } else {
    if (!unbound_.keep(attempt.stream, bare)) return fail(attempt, "temporary-auth-failure");
    status = streams_.authenticate(attempt.stream, bare, Xml().open("success", sasl_ns).text(data).take());
  }
  if (status == HL_E_GONE) return HL_OK;
  require(status, "stream.authenticate");
  logins_.add();
  if (by_token) token_logins_.add();
  return HL_OK;
}

Status Login::welcome(const Attempt& attempt, const std::string& account, std::string_view data,
                      bool by_token) {
  Wishes wishes = Wishes::decode(attempt.wishes).value_or(Wishes{});
  const std::optional<hl_stream_info> info = streams_.info(attempt.stream);
  if (!info) return HL_E_GONE;
  wishes.has_token = by_token;
  if (wishes.wants_token) {
    const Mechanism* mechanism = find_mechanism(fast::mechanism_of(*wishes.wants_token));
    if (mechanism == nullptr || offer(*mechanism, attempt.stream, *info) != Offer::yes)
      wishes.wants_token.reset();
  }
  const std::string row(accounts_.get(account, accounts::scram_key).value_or(""));
  return welcome_.receive({attempt.stream, account, data, row, wishes});
}

std::optional<std::string> Login::account_of(std::string_view username) const {
  const std::optional<std::string_view> local = crypto_.prepare(HL_PREPARE_NODE, username);
  if (!local || local->empty() || local->size() > jid_part_size_max) return std::nullopt;
  return compose_jid(*local, config_.domain());
}

bool Login::is_authzid(const Attempt& attempt, std::string_view authzid, std::string_view account) const {
  if (authzid.empty()) return true;
  const auto is_account = [&](std::string_view address) {
    const std::optional<std::string> prepared = crypto_.prepare_jid(address);
    return prepared && *prepared == account;
  };
  if (!is_account(authzid)) return false;
  const std::optional<hl_stream_info> info = streams_.info(attempt.stream);
  if (attempt.profile == Profile::sasl || !info || is_absent(info->from)) return true;
  return is_account(view(info->from));  // XEP-0388 3.
}

Login::Known Login::known(std::string_view account, Digest digest) {
  Known found;
  if (const auto bytes = accounts_.get(account, accounts::scram_key)) {
    if (const auto row = accounts::decode(*bytes)) {
      const accounts::Verifier& verifier = digest == Digest::sha1 ? row->sha1 : row->sha256;
      found.exists = true;
      iterations_seen_ = row->iterations;
      found.iterations = row->iterations;
      found.salt = verifier.salt;
      found.stored_key = verifier.stored_key;
      found.server_key = verifier.server_key;
      return found;
    }
    log_.error("an account's row cannot be read; its owner cannot log in");
  }
  found.iterations = usual_iterations();
  const std::string label = digest == Digest::sha1 ? "1" : "256";
  const std::string made = crypto_.hmac(Digest::sha256, secret_.get(), label + std::string(account));
  found.salt = made.substr(0, accounts::salt_size);
  found.stored_key = random_.bytes(digest_size(digest));
  found.server_key = random_.bytes(digest_size(digest));
  return found;
}

// As many iterations as another account of this shard has, so that the number tells nothing either.
std::uint32_t Login::usual_iterations() {
  if (iterations_seen_ != 0) return iterations_seen_;
  iterations_seen_ = iterations_default;
  if (const auto other = accounts_.next_account({}))
    if (const auto bytes = accounts_.get(*other, accounts::scram_key))
      if (const auto row = accounts::decode(*bytes)) iterations_seen_ = row->iterations;
  return iterations_seen_;
}

}  // namespace hotline::session

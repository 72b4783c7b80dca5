#include "session/login.h"

#include <array>

#include "session/base64.h"

namespace hotline::session {

using namespace hotline::sdk;

struct Mechanism {
  std::string_view name;
  Digest digest;
  bool is_plain;
  bool binds;  // The channel (RFC 5802 6).
};

namespace {

// The best first: a client that does not rank takes the first it knows.
constexpr std::array<Mechanism, 5> mechanisms = {{{"SCRAM-SHA-256-PLUS", Digest::sha256, false, true},
                                                  {"SCRAM-SHA-1-PLUS", Digest::sha1, false, true},
                                                  {"SCRAM-SHA-256", Digest::sha256, false, false},
                                                  {"SCRAM-SHA-1", Digest::sha1, false, false},
                                                  {"PLAIN", Digest::sha256, true, false}}};

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
constexpr int secret_names_max = 4096;

std::string element(std::string_view name, std::string_view data) {
  Xml xml;
  return xml.open(name, sasl_ns).text(data).take();
}

// Fields with their lengths before them.
void append_field(std::string& out, std::string_view field) {
  out.append(1, static_cast<char>(field.size() >> 8)).append(1, static_cast<char>(field.size()));
  out.append(field);
}
std::optional<std::string_view> take_field(std::string_view& rest) {
  if (rest.size() < 2) return std::nullopt;
  const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(rest[0])) << 8 |
                           static_cast<unsigned char>(rest[1]);
  if (rest.size() < 2 + size) return std::nullopt;
  const std::string_view field = rest.substr(2, size);
  rest.remove_prefix(2 + size);
  return field;
}

}  // namespace

// An exchange between two elements, as it is kept in the stream's scratch.
struct Login::Exchange {
  enum class State : char {
    none = '0',
    chosen = 'c',    // The mechanism is; its first data is awaited.
    scram = 's',     // The client's final message is awaited.
    password = 'p',  // The password's key is being computed.
  };
  State state = State::none;
  std::string_view mechanism;
  std::string_view account;
  std::string_view gs2_header, client_first_bare, server_first, nonce;  // SCRAM.
  std::string_view token;                                               // PLAIN.

  std::string encode() const {
    std::string out("1");  // Of this format: another generation may read it.
    out.append(1, static_cast<char>(state));
    for (const std::string_view field :
         {mechanism, account, gs2_header, client_first_bare, server_first, nonce, token})
      append_field(out, field);
    return out;
  }
  // Views into `bytes`. Nothing when they are another generation's that we do not know.
  static std::optional<Exchange> decode(std::string_view bytes) {
    Exchange exchange;
    if (bytes.empty()) return exchange;
    if (bytes.size() < 2 || bytes[0] != '1') return std::nullopt;
    exchange.state = static_cast<State>(bytes[1]);
    bytes.remove_prefix(2);
    for (std::string_view* field :
         {&exchange.mechanism, &exchange.account, &exchange.gs2_header, &exchange.client_first_bare,
          &exchange.server_first, &exchange.nonce, &exchange.token}) {
      const auto taken = take_field(bytes);
      if (!taken) return std::nullopt;
      *field = *taken;
    }
    return exchange;
  }
};

Login::Login(const hl_host* host)
    : streams_(host),
      stanzas_(host),
      crypto_(host),
      random_(host),
      config_(host),
      log_(host),
      accounts_(Tables(host).open(accounts::table_name)),
      secrets_(Tables(host).open("login_secrets")),
      logins_(Stats(host).counter("logins")),
      refused_(Stats(host).counter("logins_refused")) {}

bool Login::may_bind(hl_stream stream) const {
  // Off unless asked for: clients that know tls-unique alone (slixmpp 1.8) take a -PLUS they see, fail, call
  // its absence a downgrade in the next attempt, and end with PLAIN.
  return config_.number("channel_binding", 0) != 0 && streams_.channel_binding(stream).has_value();
}

Login::Offer Login::offer(const Mechanism& mechanism, hl_stream stream, const hl_stream_info& info) const {
  if (mechanism.binds) return may_bind(stream) ? Offer::yes : Offer::no;
  if (!mechanism.is_plain || (info.flags & HL_STREAM_IS_TLS) != 0) return Offer::yes;
  const bool is_allowed =
      (info.flags & HL_STREAM_IS_LOOPBACK) != 0 && config_.number("allow_plain_loopback", 0) != 0;
  return is_allowed ? Offer::yes : Offer::needs_encryption;
}

void Login::write_features(Xml& xml, hl_stream stream, const hl_stream_info& info) const {
  xml.open("mechanisms", sasl_ns);
  for (const Mechanism& mechanism : mechanisms)
    if (offer(mechanism, stream, info) == Offer::yes) xml.leaf("mechanism", mechanism.name);
  xml.close();
  if (may_bind(stream)) {  // XEP-0440.
    xml.open("sasl-channel-binding", "urn:xmpp:sasl-cb:0");
    xml.open("channel-binding").attr("type", "tls-exporter").close().close();
  }
}

Status Login::on_element(hl_stream stream, const hl_stanza& element) {
  const std::optional<hl_stream_info> info = streams_.info(stream);
  if (!info) return HL_OK;
  if (!is_absent(info->account)) {
    streams_.close(stream, "policy-violation", "this stream is logged in already");
    return HL_OK;
  }
  const std::string_view name = view(element.name);
  if (name == "auth") return begin(stream, *info, element);
  if (name == "response") return answer(stream, element);
  if (name == "abort") return fail(stream, "aborted");
  return fail(stream, "malformed-request", "unknown element");
}

Status Login::begin(hl_stream stream, const hl_stream_info& info, const hl_stanza& auth) {
  if (!streams_.scratch(stream).empty())
    return fail(stream, "malformed-request", "an exchange was under way; it is over now");
  if ((info.flags & HL_STREAM_NEEDS_TLS) != 0) return fail(stream, "encryption-required");
  const Element root = stanzas_.root(auth);
  const Mechanism* mechanism = find_mechanism(root.attr("mechanism"));
  const Offer offered = mechanism == nullptr ? Offer::no : offer(*mechanism, stream, info);
  if (offered == Offer::needs_encryption) return fail(stream, "encryption-required");
  if (offered == Offer::no) return fail(stream, "invalid-mechanism");

  const std::string_view text = root.text();
  if (text.empty()) {  // No initial response: an empty challenge asks for it (RFC 6120 6.4.2).
    Exchange exchange;
    exchange.state = Exchange::State::chosen;
    exchange.mechanism = mechanism->name;
    if (streams_.set_scratch(stream, exchange.encode()) != HL_OK)
      return fail(stream, "temporary-auth-failure");
    streams_.send(stream, sdk::Xml().open("challenge", sasl_ns).take());
    return HL_OK;
  }
  const std::optional<std::string> data = text == "=" ? std::string() : base64_decode(text);
  if (!data) return fail(stream, "incorrect-encoding");
  return first_data(stream, *mechanism, *data);
}

Status Login::answer(hl_stream stream, const hl_stanza& response) {
  const std::string_view scratch = streams_.scratch(stream);
  const std::optional<Exchange> exchange = Exchange::decode(scratch);
  if (!exchange) return fail(stream, "temporary-auth-failure", "try again");
  const std::optional<std::string> data = base64_decode(stanzas_.root(response).text());
  if (!data) return fail(stream, "incorrect-encoding");
  const Mechanism* mechanism = find_mechanism(exchange->mechanism);
  if (exchange->state == Exchange::State::chosen && mechanism != nullptr)
    return first_data(stream, *mechanism, *data);
  if (exchange->state == Exchange::State::scram && mechanism != nullptr)
    return finish_scram(stream, *exchange, *data);
  return fail(stream, "malformed-request", "no response was asked for");
}

Status Login::first_data(hl_stream stream, const Mechanism& mechanism, std::string_view data) {
  return mechanism.is_plain ? begin_plain(stream, data) : begin_scram(stream, mechanism, data);
}

// ---- SCRAM ----------------------------------------------------------------------------------------

Status Login::begin_scram(hl_stream stream, const Mechanism& mechanism, std::string_view message) {
  const std::optional<ScramFirst> first = ScramFirst::parse(message);
  if (!first) return fail(stream, "malformed-request");
  if ((first->binding == Binding::used) != mechanism.binds) return fail(stream, "malformed-request");
  if (first->binding == Binding::used && first->binding_type != "tls-exporter")
    return fail(stream, "malformed-request", "tls-exporter is the channel binding here");
  if (first->binding == Binding::unadvertised && may_bind(stream))
    return fail(stream, "not-authorized", "channel binding is offered here, and did not reach the client");
  const std::optional<std::string> account = account_of(first->username);
  if (!account) return fail(stream, "not-authorized");
  if (!is_authzid(first->authzid, *account)) return fail(stream, "invalid-authzid");

  const Status moved = streams_.move_home(stream, *account);
  if (moved == HL_OK) return HL_OK;  // It is offered again at the account's home.
  if (moved != HL_E_EXISTS) return fail(stream, "temporary-auth-failure");

  const Known verifier = known(*account, mechanism.digest);
  const std::string server_nonce = base64_encode(random_.bytes(nonce_bytes));
  const std::string server_first =
      scram_server_first(first->nonce, server_nonce, verifier.salt, verifier.iterations);
  const std::string nonce = std::string(first->nonce) + server_nonce;
  Exchange exchange;
  exchange.state = Exchange::State::scram;
  exchange.mechanism = mechanism.name;
  exchange.account = *account;
  exchange.gs2_header = first->gs2_header;
  exchange.client_first_bare = first->bare;
  exchange.server_first = server_first;
  exchange.nonce = nonce;
  const std::string kept = exchange.encode();
  if (kept.size() > exchange_size_max || streams_.set_scratch(stream, kept) != HL_OK)
    return fail(stream, "malformed-request", "too long");
  streams_.send(stream, element("challenge", base64_encode(server_first)));
  return HL_OK;
}

Status Login::finish_scram(hl_stream stream, const Exchange& exchange, std::string_view message) {
  const Mechanism& mechanism = *find_mechanism(exchange.mechanism);
  const std::optional<ScramFinal> final = ScramFinal::parse(message);
  if (!final) return fail(stream, "malformed-request");
  std::string channel_data;
  if (mechanism.binds) {
    const auto data = streams_.channel_binding(stream);
    if (!data) return fail(stream, "not-authorized");
    channel_data.assign(data->data(), data->size());
  }
  const Known verifier = known(exchange.account, mechanism.digest);
  const std::optional<std::string> proof =
      scram_accept(crypto_, mechanism.digest,
                   {exchange.gs2_header, exchange.client_first_bare, exchange.server_first, exchange.nonce},
                   *final, verifier.stored_key, verifier.server_key, channel_data);
  if (!proof || !verifier.exists) return fail(stream, "not-authorized");
  return succeed(stream, exchange.account, base64_encode(*proof));
}

// ---- PLAIN (RFC 4616) -----------------------------------------------------------------------------

Status Login::begin_plain(hl_stream stream, std::string_view message) {
  const std::size_t first = message.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : message.find('\0', first + 1);
  if (second == std::string_view::npos || message.find('\0', second + 1) != std::string_view::npos)
    return fail(stream, "malformed-request");
  const std::string_view authzid = message.substr(0, first);
  const std::string_view authcid = message.substr(first + 1, second - first - 1);
  const std::string_view raw_password = message.substr(second + 1);
  if (authcid.empty() || raw_password.empty()) return fail(stream, "malformed-request");
  const std::optional<std::string> account = account_of(authcid);
  if (!account) return fail(stream, "not-authorized");
  if (!is_authzid(authzid, *account)) return fail(stream, "invalid-authzid");

  const Status moved = streams_.move_home(stream, *account);
  if (moved == HL_OK) return HL_OK;
  if (moved != HL_E_EXISTS) return fail(stream, "temporary-auth-failure");

  const std::optional<std::string_view> password = crypto_.prepare(HL_PREPARE_PASSWORD, raw_password);
  if (!password || password->empty()) return fail(stream, "not-authorized");
  const Known verifier = known(*account, Digest::sha256);
  // The token names the stream and this very attempt: a result that comes after <abort/> fits nothing.
  std::string token;
  for (int shift = 56; shift >= 0; shift -= 8) token.append(1, static_cast<char>(stream >> shift));
  token.append(random_.bytes(plain_token_bytes));
  if (crypto_.pbkdf2(Digest::sha256, *password, verifier.salt, verifier.iterations, *account, token) != HL_OK)
    return fail(stream, "temporary-auth-failure", "too many logins at once; try again");
  Exchange exchange;
  exchange.state = Exchange::State::password;
  exchange.mechanism = "PLAIN";
  exchange.account = *account;
  exchange.token = token;
  require(streams_.set_scratch(stream, exchange.encode()), "stream.set_scratch");
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
  if (event.status != HL_OK) return fail(stream, "temporary-auth-failure");

  const Known verifier = known(exchange->account, Digest::sha256);
  const std::string client_key = crypto_.hmac(Digest::sha256, view(event.result), "Client Key");
  const bool is_right = crypto_.equal(crypto_.digest(Digest::sha256, client_key), verifier.stored_key);
  if (!is_right || !verifier.exists) return fail(stream, "not-authorized");
  return succeed(stream, exchange->account, {});
}

// ---- what they share ------------------------------------------------------------------------------

Status Login::fail(hl_stream stream, std::string_view condition, std::string_view text) const {
  Xml xml;
  xml.open("failure", sasl_ns).empty(condition);
  if (!text.empty()) xml.open("text").attr("xml:lang", "en").text(text).close();
  streams_.set_scratch(stream, {});
  streams_.send(stream, xml.take());
  refused_.add();
  if (streams_.failed(stream) == HL_E_FULL)
    streams_.close(stream, "policy-violation", "too many failed attempts to log in; connect again later");
  return HL_OK;
}

Status Login::succeed(hl_stream stream, std::string_view account, std::string_view data) const {
  const std::string bare(account);  // It may be a view into the scratch, which is wiped.
  const Status status = streams_.authenticate(stream, bare, element("success", data));
  if (status == HL_E_GONE) return HL_OK;
  require(status, "stream.authenticate");
  logins_.add();
  return HL_OK;
}

std::optional<std::string> Login::account_of(std::string_view username) const {
  const std::optional<std::string_view> local = crypto_.prepare(HL_PREPARE_NODE, username);
  if (!local || local->empty() || local->size() > jid_part_size_max) return std::nullopt;
  return compose_jid(*local, config_.domain());
}

bool Login::is_authzid(std::string_view authzid, std::string_view account) const {
  if (authzid.empty()) return true;
  const std::optional<std::string> prepared = crypto_.prepare_jid(authzid);
  return prepared && *prepared == account;
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
  const std::string made = crypto_.hmac(Digest::sha256, secret(), label + std::string(account));
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

std::string Login::secret() {
  if (!secret_.empty()) return secret_;
  // A row belongs to an account and lives at its home; the secret is a shard's. So it is kept under the first
  // of a row of names, none of which can be an account, whose home is here.
  for (int i = 0; i < secret_names_max; ++i) {
    const std::string owner = "login-secret-" + std::to_string(i) + ".invalid";
    if (!secrets_.is_home(owner)) continue;
    if (const auto kept = secrets_.get(owner, "hmac")) return secret_ = *kept;
    // Not remembered here before it is read back: this call may yet be undone.
    std::string made = random_.bytes(32);
    require(secrets_.put(owner, "hmac", made), "table.put");
    return made;
  }
  return secret_ = random_.bytes(32);  // No name is at home here: good until the next push.
}

}  // namespace hotline::session

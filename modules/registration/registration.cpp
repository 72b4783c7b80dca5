// registration: accounts come, change their passwords and go: by the operator's commands, in-band (XEP-0077),
// and by phone numbers (number_signup.h).
//
// An account is a row of table "accounts" (account_row.h): SCRAM verifiers, never a password. Strangers may
// make accounts only where the operator opened that.
//
// Configuration, "modules": { "registration": { ... } }:
//     open                        1: strangers may make accounts (0). Set session's `offer_register` with it.
//     signups_per_hour            for each IPv4 address or IPv6 /64 (10)
//     signups_per_hour_loopback   the same for this machine's own (100,000)
//     allow_plain_loopback        1: passwords may come without TLS from this machine (0)
//     numbers                     1: whoever gets a PIN on a phone has the number's account (0)
//     gateway                     of the host's `outbox`: where PINs go ("sms")
//     code_gap_seconds            between the first two PINs of a number; doubled from one to the next (60)
//     try_gap_seconds             after a wrong PIN; doubled from one to the next (1)
//     requests_per_hour_address   for PINs and with PINs, of one address (60)
//     requests_per_hour_network   the same of an IPv4 /24 or IPv6 /64 (300)
//     requests_per_hour_loopback  the same for this machine's own (1,000,000)
//     iterations                  of PBKDF2 for new passwords (4096, which is also the least)
//
// Words to others: modules that keep rows of an account, where they take them (`accepts-posts registration`),
// are told at the home of an account that was removed, without bytes; session is told also of a number that
// has a new key and of a password that was changed (its topics.h), push_notify and archive of the new key:
// whatever the one before had led to ends with it.
#include <algorithm>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "archive/topics.h"
#include "groups/words.h"
#include "media_link/words.h"
#include "presence/words.h"
#include "privacy/topics.h"
#include "profile/topics.h"
#include "push_notify/topics.h"
#include "registration/account_row.h"
#include "registration/credentials.h"
#include "registration/number_signup.h"
#include "registration/phone_number.h"
#include "registration/pin.h"
#include "registration/signup_limit.h"
#include "session/topics.h"

namespace hotline::registration {

using namespace hotline::sdk;

namespace {

constexpr std::string_view register_ns = "jabber:iq:register";
constexpr std::size_t password_size_max = 1023;  // Bytes, prepared. XEP-0077 sets no limit, so we do.
// Who has something to forget with an account, and by which topic of theirs it is told.
constexpr std::pair<std::string_view, std::uint32_t> forgetful[] = {
    {"presence", presence::topic::account_removed},
    {"groups", groups::topic::account_removed},
    {"privacy", privacy::topic::account_removed},
    {"profile", profile::topic::account_removed},
    {"push_notify", push_notify::topic::forget},
    {"media_link", media_link::topic::account_removed},
    {"archive", archive::topic::forget},
    {"session", session::topic::account_removed}};
constexpr std::string_view too_busy = "too many passwords are being set at once; try again";

}  // namespace

class Registration {
 public:
  explicit Registration(const hl_host* host)
      : streams_(host),
        sessions_(host),
        stanzas_(host),
        mailboxes_(host),
        posts_(host),
        crypto_(host),
        clock_(host),
        config_(host),
        control_(host),
        log_(host),
        accounts_(Tables(host).open(accounts::table_name)),
        credentials_(host, "registration_pending"),
        numbers_(host),
        added_(Stats(host).counter("accounts_added")),
        removed_(Stats(host).counter("accounts_removed")),
        refused_(Stats(host).counter("signups_refused")) {}

  static Status self_test(const hl_host* host);
  Status on_command(const hl_command_event& event);
  Status on_stanza(const hl_stanza_event& event);
  Status on_work(const hl_work_event& event);
  Status on_request(const hl_request_event& event) { return numbers_.on_request(event); }
  Status on_post(const hl_post_event& event) {
    // Of a generation that knew more: passed over.
    static_cast<void>(numbers_.on_post(event));
    return HL_OK;
  }
  Status on_timer(const hl_timer_event& event) {
    static_cast<void>(numbers_.on_timer(event));
    return HL_OK;
  }

 private:
  // Commands.
  Status list(const hl_command_event& event);
  Status set_password(const hl_command_event& event, const std::string& account, Asker::Kind kind);
  Status remove(const hl_command_event& event, const std::string& account);

  // In-band.
  Status from_stranger(const hl_stanza_event& event);
  Status sign_up(const hl_stanza_event& event, const hl_stream_info& info);
  Status from_owner(const hl_stanza_event& event);
  Status change_password(const hl_stanza_event& event);
  Status remove_own(const hl_stanza_event& event);
  bool may_carry_password(const hl_stream_info& info) const;
  Status answer_stream(const hl_stanza_event& event, const std::string& xml) {
    streams_.send(event.stream, xml);
    return HL_OK;
  }
  Status answer_session(const hl_stanza_event& event, const std::string& xml) {
    sessions_.send(event.session, xml);
    return HL_OK;
  }

  bool exists(std::string_view account) const {
    return accounts_.get(account, accounts::scram_key).has_value();
  }
  // Before erase(): tells the modules that keep rows of their own. False: not now, try again later.
  bool tell_others(const std::string& account) const;
  // The account's row, its sessions and its mailbox.
  void erase(const std::string& account);
  // The prepared password; nothing when it is none.
  std::optional<std::string> password_of(std::string_view text) const;
  Status install(const NumberSignup::Registered& number);
  void answer(const Asker& asker, const std::string& account, bool is_done, std::string_view why) const;

  Streams streams_;
  Sessions sessions_;
  Stanzas stanzas_;
  Mailboxes mailboxes_;
  Posts posts_;
  Crypto crypto_;
  Clock clock_;
  Config config_;
  Control control_;
  Log log_;
  Table accounts_;
  Credentials credentials_;
  NumberSignup numbers_;
  SignupLimit limit_;
  Counter added_;
  Counter removed_;
  Counter refused_;
};

// What no event of a stranger's shows: which numbers are the same, and that a PIN is only good for its own.
Status Registration::self_test(const hl_host* host) {
  const Crypto crypto(host);
  const bool has_one_name = read_phone_number("+49 (171) 123-4567").digits == "491711234567" &&
                            read_phone_number("0171 1234567").digits.empty();
  const std::string hash = pin_hash(crypto, "salt", "491711234567@localhost", "01234");
  const bool is_bound = !crypto.equal(hash, pin_hash(crypto, "salt", "491711234568@localhost", "01234")) &&
                        crypto.equal(hash, pin_hash(crypto, "salt", "491711234567@localhost", "01234"));
  return has_one_name && is_bound ? HL_OK : HL_E_FAULT;
}

// ---- commands -------------------------------------------------------------------------------------

Status Registration::on_command(const hl_command_event& event) {
  const std::string_view name = view(event.name);
  if (name == "user.list") return list(event);
  const std::string given(view(event.account));
  const std::optional<Jid> jid = Jid::parse(given);
  const std::optional<std::string> prepared = crypto_.prepare_jid(given);
  const std::string domain(config_.domain());
  if (!jid || !prepared || jid->local.empty() || !jid->is_bare())
    return control_.refuse(event.command,
                           "`" + given + "` is not an account's address: NAME@" + domain + " is");
  if (*prepared != given)
    return control_.refuse(event.command, "`" + given + "` is written `" + *prepared + "`: say it so");
  if (jid->domain != domain)
    return control_.refuse(event.command, "`" + given + "` is not of this host, which serves " + domain);
  if (name == "user.add") return set_password(event, given, Asker::Kind::command_add);
  if (name == "user.passwd") return set_password(event, given, Asker::Kind::command_passwd);
  if (name == "user.remove") return remove(event, given);
  return HL_E_NONE;
}

Status Registration::list(const hl_command_event& event) {
  std::string json = "{\"accounts\":[";
  std::string account;
  for (auto next = accounts_.next_account({}); next; next = accounts_.next_account(account)) {
    account = *next;
    if (json.back() != '[') json.append(1, ',');
    append_json_string(json, account);
  }
  return control_.reply(event.command, json + "]}");
}

Status Registration::set_password(const hl_command_event& event, const std::string& account,
                                  Asker::Kind kind) {
  const bool is_new = kind == Asker::Kind::command_add;
  if (is_new && exists(account))
    return control_.refuse(event.command, account + " exists already; `user passwd` changes its password");
  if (!is_new && !exists(account))
    return control_.refuse(event.command, "there is no account " + account + "; `user add` makes one");
  const std::optional<std::string> password =
      password_of(json_string(view(event.json), "password").value_or(""));
  if (!password)
    return control_.refuse(event.command,
                           "the password is empty, longer than 1023 bytes, or has characters "
                           "that passwords may not have (RFC 4013)");
  if (!credentials_.derive(account, *password, {kind, event.command, {}, {}}))
    return control_.refuse(event.command, too_busy);
  return HL_OK;
}

Status Registration::remove(const hl_command_event& event, const std::string& account) {
  if (!exists(account)) return control_.refuse(event.command, "there is no account " + account);
  if (!tell_others(account)) return control_.refuse(event.command, "the host is too busy; try again");
  erase(account);
  std::string json = "{\"account\":";
  append_json_string(json, account);
  return control_.reply(event.command, json + "}");
}

// ---- in-band (XEP-0077) ---------------------------------------------------------------------------

Status Registration::on_stanza(const hl_stanza_event& event) {
  const std::string_view type = view(event.stanza->type);
  if (type == "result" || type == "error") return HL_OK;
  return event.session == 0 ? from_stranger(event) : from_owner(event);
}

Status Registration::from_stranger(const hl_stanza_event& event) {
  const hl_stanza& iq = *event.stanza;
  const std::optional<hl_stream_info> info = streams_.info(event.stream);
  if (!info) return HL_OK;
  const bool is_open = config_.number("open", 0) != 0;
  if (!is_open && !numbers_.is_on())
    return answer_stream(event,
                         stanza_error(iq, "cancel", "not-allowed", "accounts are made by the operator here"));
  if (!may_carry_password(*info))
    return answer_stream(event, stanza_error(iq, "cancel", "not-allowed", "start TLS first"));
  if (view(iq.type) == "set") {
    const Element form = stanzas_.payload(iq).child("x", sdk::ns_forms);
    if (form && numbers_.is_on()) return numbers_.on_form(event, *info, form);
    if (is_open) return sign_up(event, *info);
    return answer_stream(event, stanza_error(iq, "modify", "not-acceptable", "fill in the form"));
  }
  Xml xml;
  xml.open("query", register_ns);
  xml.leaf("instructions", is_open ? "Choose a name and a password." : "Fill in the form.");
  if (is_open) xml.empty("username").empty("password");
  if (numbers_.is_on()) xml.raw(NumberAnswers::form());
  return answer_stream(event, iq_result(iq, xml.take()));
}

Status Registration::sign_up(const hl_stanza_event& event, const hl_stream_info& info) {
  const hl_stanza& iq = *event.stanza;
  const Element query = stanzas_.payload(iq);
  const Element username = query.child("username", register_ns),
                password_field = query.child("password", register_ns);
  if (query.child("remove", register_ns))
    return answer_stream(event, stanza_error(iq, "wait", "unexpected-request", "log in first"));
  if (!username || !password_field)
    return answer_stream(event,
                         stanza_error(iq, "modify", "not-acceptable", "username and password are needed"));
  const std::optional<std::string_view> local = crypto_.prepare(HL_PREPARE_NODE, username.text());
  const std::optional<std::string> password = password_of(password_field.text());
  if (!local || local->empty() || local->size() > jid_part_size_max || !password)
    return answer_stream(event,
                         stanza_error(iq, "modify", "not-acceptable",
                                      "the name or the password is empty, too long, or has characters that "
                                      "are not allowed"));
  // A number is its phone's: nobody else may sit on it.
  if (numbers_.is_on() && local->find_first_not_of("0123456789") == std::string_view::npos)
    return answer_stream(
        event, stanza_error(iq, "modify", "not-acceptable", "a phone number is registered by the form"));
  const std::string account = compose_jid(*local, config_.domain());
  const Status moved = streams_.move_home(event.stream, account);
  if (moved == HL_OK) return HL_OK;  // It is offered again at the account's home.
  if (moved != HL_E_EXISTS) return answer_stream(event, stanza_error(iq, "wait", "internal-server-error"));

  const bool is_loopback = (info.flags & HL_STREAM_IS_LOOPBACK) != 0;
  const std::int64_t per_hour = is_loopback ? config_.number("signups_per_hour_loopback", 100'000)
                                            : config_.number("signups_per_hour", 10);
  if (!limit_.take(view(info.peer), clock_.mono_us(), per_hour)) {
    refused_.add();
    return answer_stream(event, stanza_error(iq, "wait", "resource-constraint",
                                             "this address has made as many accounts as it may in an hour"));
  }
  const std::string conflict = stanza_error(iq, "cancel", "conflict", "that name is taken");
  if (exists(account)) return answer_stream(event, conflict);
  if (!credentials_.derive(account, *password, {Asker::Kind::stream, event.stream, iq_result(iq), conflict}))
    return answer_stream(event, stanza_error(iq, "wait", "resource-constraint", too_busy));
  return HL_OK;
}

Status Registration::from_owner(const hl_stanza_event& event) {
  const hl_stanza& iq = *event.stanza;
  if (view(iq.type) == "set")
    return stanzas_.payload(iq).child("remove", register_ns) ? remove_own(event) : change_password(event);
  Xml xml;
  xml.open("query", register_ns).empty("registered");
  xml.leaf("username", Jid::parse(view(event.account))->local).empty("password").close();
  return answer_session(event, iq_result(iq, xml.written()));
}

Status Registration::change_password(const hl_stanza_event& event) {
  const hl_stanza& iq = *event.stanza;
  const Element query = stanzas_.payload(iq);
  const Element username = query.child("username", register_ns),
                password_field = query.child("password", register_ns);
  if (!username || !password_field)
    return answer_session(event,
                          stanza_error(iq, "modify", "bad-request", "username and password are needed"));
  const std::optional<hl_stream_info> info = streams_.info(event.stream);
  if (!info || !may_carry_password(*info))
    return answer_session(event,
                          stanza_error(iq, "cancel", "not-allowed", "this connection is not encrypted"));
  const std::string account(view(event.account));
  const std::optional<std::string_view> local = crypto_.prepare(HL_PREPARE_NODE, username.text());
  if (!local || compose_jid(*local, config_.domain()) != account)
    return answer_session(event, stanza_error(iq, "cancel", "not-allowed", "that is another account"));
  const std::optional<std::string> password = password_of(password_field.text());
  if (!password)
    return answer_session(
        event, stanza_error(iq, "modify", "not-acceptable",
                            "the password is empty, too long, or has characters that are not allowed"));
  const std::string gone = stanza_error(iq, "cancel", "item-not-found");
  if (!credentials_.derive(account, *password, {Asker::Kind::session, event.session, iq_result(iq), gone}))
    return answer_session(event, stanza_error(iq, "wait", "resource-constraint", too_busy));
  return HL_OK;
}

Status Registration::remove_own(const hl_stanza_event& event) {
  const hl_stanza& iq = *event.stanza;
  const std::string account(view(event.account));
  if (!tell_others(account)) return answer_session(event, stanza_error(iq, "wait", "resource-constraint"));
  sessions_.send(event.session, iq_result(iq));  // Goes out before the session ends (XEP-0077 3.2).
  erase(account);
  return HL_OK;
}

bool Registration::may_carry_password(const hl_stream_info& info) const {
  if ((info.flags & HL_STREAM_IS_TLS) != 0) return true;
  return (info.flags & HL_STREAM_IS_LOOPBACK) != 0 && (info.flags & HL_STREAM_NEEDS_TLS) == 0 &&
         config_.number("allow_plain_loopback", 0) != 0;
}

// ---- what they share ------------------------------------------------------------------------------

Status Registration::on_work(const hl_work_event& event) {
  if (const std::optional<NumberSignup::Registered> number = numbers_.on_work(event)) return install(*number);
  std::optional<Credentials::Done> done = credentials_.on_work(event);
  if (!done) return HL_OK;
  const std::string& account = done->account;
  if (!done->is_derived) {
    answer(done->asker, account, false, "the password could not be prepared; try again");
    return HL_OK;
  }
  // While the keys were derived the account may have come or gone.
  if (done->asker.adds() == exists(account)) {
    answer(done->asker, account, false,
           done->asker.adds() ? account + " exists already" : "there is no account " + account);
    return HL_OK;
  }
  if (accounts_.put(account, accounts::scram_key, done->row) != HL_OK)
    throw Refused("accounts.put", HL_E_FULL);
  if (done->asker.adds()) {
    added_.add();
  } else {  // The tokens of the password before are void already; without session their rows stay a while.
    static_cast<void>(posts_.to_module("session", account, session::topic::password_changed, ""));
  }
  log_.info(account + (done->asker.adds() ? " was added" : " has a new password"));
  answer(done->asker, account, true, {});
  return HL_OK;
}

// A number's device takes over: what the one before had ends here, and what waited goes to the new one.
Status Registration::install(const NumberSignup::Registered& number) {
  if (number.row.empty()) return HL_OK;
  const bool is_new = !exists(number.account);
  if (accounts_.put(number.account, accounts::scram_key, number.row) != HL_OK) {
    numbers_.tell_busy(number);
    return HL_OK;
  }
  credentials_.forget_changes(number.account);
  sessions_.for_each(number.account, [&](hl_session session) {
    sessions_.end(session, "conflict", "another device registered this number");
  });
  // Where session keeps nothing that outlives a password, there is nothing to end.
  static_cast<void>(posts_.to_module("session", number.account, session::topic::key_replaced, ""));
  static_cast<void>(posts_.to_module("push_notify", number.account, push_notify::topic::forget, ""));
  static_cast<void>(posts_.to_module("archive", number.account, archive::topic::forget, ""));
  if (is_new) added_.add();
  log_.info(number.account + " was registered");
  numbers_.tell(number);
  return HL_OK;
}

void Registration::answer(const Asker& asker, const std::string& account, bool is_done,
                          std::string_view why) const {
  switch (asker.kind) {
    case Asker::Kind::stream: streams_.send(asker.number, is_done ? asker.answer : asker.error); return;
    case Asker::Kind::session: sessions_.send(asker.number, is_done ? asker.answer : asker.error); return;
    default: break;
  }
  if (!is_done) {
    control_.refuse(asker.number, why);
    return;
  }
  std::string json = "{\"account\":";
  append_json_string(json, account);
  control_.reply(asker.number, json + "}");
}

bool Registration::tell_others(const std::string& account) const {
  // Where there is no such module, or one that keeps nothing, there is nobody to tell.
  return std::ranges::all_of(forgetful, [&](const auto& each) {
    return posts_.to_module(each.first, account, each.second, "") != HL_E_FULL;
  });
}

void Registration::erase(const std::string& account) {
  for (auto row = accounts_.next(account, {}); row; row = accounts_.next(account, {}))
    accounts_.erase(account, std::string(row->key));
  credentials_.forget_changes(account);
  sessions_.for_each(account, [&](hl_session session) {
    sessions_.end(session, "not-authorized", "the account was removed");
  });
  mailboxes_.purge(account);  // After the sessions: what they had not accepted is in it again.
  removed_.add();
  log_.info(account + " was removed");
}

std::optional<std::string> Registration::password_of(std::string_view text) const {
  const std::optional<std::string_view> prepared = crypto_.prepare(HL_PREPARE_PASSWORD, text);
  if (!prepared || prepared->empty() || prepared->size() > password_size_max) return std::nullopt;
  return std::string(*prepared);
}

}  // namespace hotline::registration

HL_MANIFEST(
    "about Accounts: the operator's commands, in-band registration, phone numbers\n"
    "needs hotline.stream/1\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.mailbox/1\n"
    "needs hotline.post/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.random/1\n"
    "needs hotline.clock/1\n"
    "needs hotline.config/1\n"
    "needs hotline.control/1\n"
    "needs hotline.table/1\n"
    "needs hotline.timer/1\n"
    "needs hotline.http/1\n"
    "needs hotline.outbox/1\n"
    "needs hotline.stats/1\n"
    "needs hotline.log/1\n"
    "table accounts durable writes 1 reads 1\n"
    "table registration_pending volatile writes 1 reads 1\n"
    "table number_pending volatile writes 1 reads 1\n"
    "table number_codes volatile writes 1 reads 1\n"
    "table number_limits volatile writes 1 reads 1\n"
    "http POST /v1/code\n"
    "http POST /v1/register\n"
    "route iq jabber:iq:register any before-login\n"
    "route iq jabber:iq:register self\n"
    "route iq jabber:iq:register domain\n"
    "command user.add account\n"
    "command user.passwd account\n"
    "command user.remove account\n"
    "command user.list everywhere\n"
    "feature jabber:iq:register\n"
    "budget call_us 250000\n");  // user.list walks the shard's accounts.

HL_MODULE = hotline::sdk::entry<hotline::registration::Registration>(hl_manifest_text);

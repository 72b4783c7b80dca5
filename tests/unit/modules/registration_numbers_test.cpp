// Registration by phone number, over HTTP and in-band: who gets a PIN, what it is good for, and what nobody
// learns.
#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <set>
#include <string>

#include "registration/admission.h"
#include "registration/phone_number.h"
#include "unit/modules/has.h"

extern "C" const hl_module_entry hl_module;

using hotline::registration::Admission;
using hotline::registration::read_phone_number;
using hotline::sdk::FakeHost;
using hotline::sdk::json_number;
using hotline::sdk::json_string;
using hotline::test::has;
namespace fake = hotline::sdk::fake;

namespace {

constexpr const char* number = "+49 171 1234567";
constexpr const char* account = "491711234567@localhost";

struct Numbers {
  FakeHost host;
  Numbers() {
    host.load(hl_module);
    host.numbers["numbers"] = 1;
  }
  fake::Request post(const std::string& path, const std::string& body,
                     const std::string& peer = "192.0.2.1") {
    return host.request({.method = "POST",
                         .path = path,
                         .body = body,
                         .peer = peer,
                         .fields = {{"content-type", "application/json"}}});
  }
  fake::Request code(const std::string& of = number, const std::string& peer = "192.0.2.1") {
    return post("/v1/code", R"({"number":")" + of + R"(","method":"sms"})", peer);
  }
  fake::Request enter(const std::string& pin, const std::string& of = number,
                      const std::string& peer = "192.0.2.1") {
    return post("/v1/register", R"({"number":")" + of + R"(","pin":")" + pin + R"("})", peer);
  }
  // The PIN that was sent last.
  std::string pin() {
    return host.state().outbox.empty() ? ""
                                       : json_string(host.state().outbox.back().body, "code").value_or("");
  }
  std::string wrong() { return pin() == "00000" ? "00001" : "00000"; }
  std::string key() { return json_string(enter(pin()).body, "key").value_or(""); }
};

std::string reason(const fake::Request& answer) {
  return json_string(answer.body, "reason").value_or("");
}

}  // namespace

TEST_CASE("phone numbers: one phone has one name, however it is written") {
  for (const char* text : {"+491711234567", "491711234567", "+49 171 1234567", "+49-(171)-123.45.67"})
    CHECK(read_phone_number(text).digits == "491711234567");
  CHECK(read_phone_number("+1 202 555 0123").digits == "12025550123");
  CHECK(read_phone_number("+390612345678").digits ==
        "390612345678");  // Italy's zeros are part of the number.
}

TEST_CASE("phone numbers: what is none is refused, and why is said") {
  const std::string problems[][2] = {{"", "missing"},
                                     {"+", "missing"},
                                     {"0171 1234567", "country code"},
                                     {"+49 0171 1234567", "0 is left out"},
                                     {"0049 171 1234567", "country code"},
                                     {"++49 171 1234567", "`+` and digits"},
                                     {"+49 171 12345a7", "`+` and digits"},
                                     {" +491711234567", "`+` and digits"},
                                     {"+491711234567 ", "`+` and digits"},
                                     {"+49 171\n1234567", "`+` and digits"},
                                     {"+49\xd9\xa1\xd9\xa2\xd9\xa3", "`+` and digits"},  // Arabic digits.
                                     {"+491711234567'; DROP TABLE--", "`+` and digits"},
                                     {"+4917112345678901", "15 digits"},
                                     {"+49171", "count of digits"},
                                     {"+1202555012", "count of digits"},
                                     {"+999123456789", "no such country code"},
                                     {std::string(500, '1'), "15 digits"}};
  for (const auto& each : problems) {
    const auto& text = each[0];
    const auto& problem = each[1];
    CAPTURE(text);
    CHECK(read_phone_number(text).digits.empty());
    CHECK(has(read_phone_number(text).problem, problem));
  }
}

TEST_CASE("numbers: they are off unless the operator turned them on") {
  Numbers f;
  f.host.numbers.erase("numbers");
  CHECK(f.code().status == 404);
  CHECK(f.host.state().outbox.empty());
}

TEST_CASE("numbers: a PIN comes by the gateway, and gives the account and a key of 256 bits") {
  Numbers f;
  const fake::Request sent = f.code();
  CHECK(sent.status == 200);
  CHECK(sent.body == R"({"status":"sent","length":5,"expires_in":600,"retry_after":60})");
  REQUIRE(f.host.state().outbox.size() == 1);
  const fake::Sent& message = f.host.state().outbox.front();
  CHECK(message.gateway == "sms");
  CHECK(json_string(message.body, "to") == "+491711234567");
  CHECK(has(json_string(message.body, "text").value_or(""), f.pin()));
  const fake::Request made = f.enter(f.pin());
  CHECK(made.status == 200);
  CHECK(json_string(made.body, "account") == account);
  const std::string key = json_string(made.body, "key").value_or("");
  CHECK(key.size() == 64);
  REQUIRE(f.host.state().tables["accounts"].contains(account));
  // Nothing of it is anywhere but in the answer, and nothing of the PIN anywhere but with the gateway.
  for (const auto& [table, accounts] : f.host.state().tables)
    for (const auto& [owner, rows] : accounts)
      for (const auto& [name, value] : rows) {
        CHECK_FALSE(has(value, key));
        CHECK_FALSE(has(value, f.pin()));
      }
  for (const std::string& line : f.host.log) CHECK_FALSE(has(line, key));
  // It is used up.
  CHECK(reason(f.enter(f.pin())) == "stale");
}

TEST_CASE("numbers: whether there is an account shows in no answer") {
  Numbers fresh, known;
  known.host.command("user.add", account, R"({"password":"x"})");
  known.host.random = fresh.host.random;
  CHECK(fresh.code().body == known.code().body);
  CHECK(fresh.code().body == known.code().body);
  CHECK(fresh.enter(fresh.wrong()).body == known.enter(known.wrong()).body);
  fresh.host.advance(2'000), known.host.advance(2'000);
  const fake::Request first = fresh.enter(fresh.pin()), again = known.enter(known.pin());
  CHECK(first.status == again.status);
  CHECK(first.body.size() == again.body.size());
}

TEST_CASE("numbers: a PIN stays valid for ten minutes") {
  Numbers f;
  f.code();
  f.host.advance(599'000);
  CHECK(reason(f.enter(f.wrong())) == "mismatch");
  f.host.advance(1'000);
  CHECK(reason(f.enter(f.pin())) == "stale");
  CHECK(f.enter(f.pin()).status == 410);
}

TEST_CASE("numbers: five wrong PINs end it, each with a longer wait, and the right one comes too late") {
  Numbers f;
  f.code();
  for (int left = 4; left > 0; --left) {
    const fake::Request answer = f.enter(f.wrong());
    CHECK(answer.status == 403);
    CHECK(json_number(answer.body, "tries_left") == left);
    const std::int64_t wait_s = json_number(answer.body, "retry_after").value_or(0);
    CHECK(wait_s == 1 << (4 - left));
    // Too early is looked at neither right nor wrong.
    const fake::Request early = f.enter(f.pin());
    CHECK(reason(early) == "too_recent");
    CHECK(early.status == 429);
    f.host.advance(static_cast<std::uint64_t>(wait_s) * 1'000);
  }
  const fake::Request last = f.enter(f.wrong());
  CHECK(json_number(last.body, "tries_left") == 0);
  f.host.advance(20'000);
  CHECK(reason(f.enter(f.pin())) == "stale");
  CHECK_FALSE(f.host.state().tables["accounts"].contains(account));
}

TEST_CASE("numbers: PINs are given further and further apart, and ten in a day") {
  Numbers f;
  std::uint64_t expected_s = 60;
  for (int i = 0; i < 10; ++i) {
    const fake::Request sent = f.code();
    REQUIRE(sent.status == 200);
    const std::uint64_t wait_s = static_cast<std::uint64_t>(*json_number(sent.body, "retry_after"));
    CHECK(wait_s == expected_s);
    expected_s = std::min<std::uint64_t>(expected_s * 2, 3'600);
    f.host.advance(wait_s * 1'000 - 1);
    const fake::Request early = f.code();
    CHECK(reason(early) == (i == 9 ? "too_many" : "too_recent"));
    CHECK(early.fields.back() == std::pair<std::string, std::string>(
                                     "Retry-After", std::to_string(*json_number(early.body, "retry_after"))));
    f.host.advance(1);
  }
  CHECK(f.host.state().outbox.size() == 10);
  CHECK(reason(f.code()) == "too_many");
  f.host.advance(86'400'000);
  CHECK(f.code().status == 200);
}

TEST_CASE("numbers: a new PIN takes the place of the one before") {
  Numbers f;
  f.host.random = {std::string(16, 's'), std::string("\0\0\0\1", 4)};
  f.code();
  const std::string first = f.pin();
  f.host.advance(60'000);
  f.host.random = {std::string(16, 's'), std::string("\0\0\0\2", 4)};
  f.code();
  CHECK(first == "00001");
  CHECK(f.pin() == "00002");
  CHECK(reason(f.enter(first)) == "mismatch");
}

TEST_CASE("numbers: PINs are uniform: what would favour some is drawn again") {
  Numbers f;
  f.host.random = {std::string(16, 's'), std::string("\xff\xff\xff\xff", 4), std::string("\0\0\xff\xff", 4)};
  f.code();
  CHECK(f.pin() == "65535");
}

TEST_CASE("numbers: a new registration ends the old device's sessions and key, and keeps what waits") {
  Numbers f;
  f.code();
  f.key();
  const std::string old_row = f.host.state().tables["accounts"][account]["scram"];
  const hl_session old_device = f.host.login(account, "old");
  f.host.state().mailboxes[account][7] = {.xml = "<message/>"};
  f.host.advance(120'000);
  f.code();
  const std::string key = f.key();
  CHECK(key.size() == 64);
  CHECK(f.host.state().sessions.at(old_device).has_ended);
  CHECK(f.host.state().sessions.at(old_device).error == "conflict");
  CHECK(f.host.state().tables["accounts"][account]["scram"] != old_row);
  CHECK(f.host.state().mailboxes[account].size() == 1);
}

TEST_CASE("numbers: an address and its network may ask so often in an hour") {
  Numbers f;
  f.host.numbers["requests_per_hour_address"] = 2;
  f.host.numbers["requests_per_hour_network"] = 3;
  auto from = [&f, next = 0](const std::string& peer) mutable {
    return f.code("+4917112345" + std::to_string(10 + next++), peer);
  };
  CHECK(from("192.0.2.1").status == 200);
  CHECK(from("192.0.2.1").status == 200);
  const fake::Request refused = from("192.0.2.1");
  CHECK(reason(refused) == "too_many");
  CHECK(refused.status == 429);
  CHECK(reason(from("192.0.2.77")) == "too_many");  // A refused one counts for its network, too.
  CHECK(from("192.0.3.1").status == 200);
  CHECK(from("2001:db8:0:1::1").status == 200);
  CHECK(from("2001:db8:0:1:ffff::1").status == 200);
  CHECK(from("2001:db8:0:1:eeee::1").status == 200);
  CHECK(reason(from("2001:db8:0:1:dddd::1")) == "too_many");
  CHECK(from("2001:db8:0:2::1").status == 200);
  f.host.advance(3'600'000);
  CHECK(from("192.0.2.1").status == 200);
  CHECK(Admission::network_of("192.0.2.200") == "192.0.2.0@network.invalid");
  CHECK(Admission::network_of("2001:db8::1:2:3") == "2001:db8::@network.invalid");
}

TEST_CASE("numbers: limits and PINs forget by themselves, so that nobody's number stays") {
  Numbers f;
  f.code();
  f.host.advance(86'400'000);
  CHECK(f.host.state().tables["number_codes"].empty());
  CHECK(f.host.state().tables["number_limits"].empty());
}

TEST_CASE("numbers: a PIN that no gateway takes has not been given") {
  Numbers f;
  f.host.texts["fake.gateways"] = "other";
  CHECK(f.code().status == 503);
  CHECK(f.host.state().tables["number_codes"].empty());
  f.host.texts.clear();
  f.host.numbers["fake.outbox_max"] = 0;
  CHECK(reason(f.code()) == "busy");
  f.host.numbers.erase("fake.outbox_max");
  CHECK(f.code().status == 200);
}

TEST_CASE("numbers: a PIN is not used up while the host is too busy to use it") {
  Numbers f;
  f.code();
  f.host.numbers["fake.work_max"] = 0;
  CHECK(reason(f.enter(f.pin())) == "busy");
  f.host.numbers.erase("fake.work_max");
  CHECK(f.enter(f.pin()).status == 200);
}

TEST_CASE("numbers: requests that cannot be read are told what is wrong with them") {
  Numbers f;
  const auto bad = [&f](const std::string& path, const std::string& body) {
    const fake::Request answer = f.post(path, body);
    CHECK(answer.status == 400);
    return reason(answer);
  };
  CHECK(bad("/v1/code", "") == "bad_request");
  CHECK(bad("/v1/code", "[]") == "bad_request");
  CHECK(bad("/v1/code", R"({"number":491711234567})") == "bad_request");
  CHECK(bad("/v1/code", R"({"number":{"a":1}})") == "bad_request");
  CHECK(bad("/v1/code", R"({"number":"x"})") == "bad_number");
  CHECK(bad("/v1/code", R"({"number":"+491711234567","method":"carrier pigeon"})") == "bad_method");
  CHECK(bad("/v1/register", R"({"number":"+491711234567"})") == "bad_pin");
  CHECK(bad("/v1/register", R"({"number":"+491711234567","pin":"1234"})") == "bad_pin");
  CHECK(bad("/v1/register", R"({"number":"+491711234567","pin":"12345 "})") == "bad_pin");
  CHECK(bad("/v1/register", R"({"number":"+491711234567","pin":12345})") == "bad_pin");
  // A web page that somebody visits can send no JSON of its own.
  const fake::Request plain = f.host.request({.method = "POST",
                                              .path = "/v1/code",
                                              .body = R"({"number":"+491711234567"})",
                                              .fields = {{"content-type", "text/plain"}}});
  CHECK(plain.status == 400);
  CHECK(f.post("/v1/code/more", "{}").status == 0);  // Not its own: the host answers 404.
  CHECK(f.host.state().tables["number_limits"].empty());
}

TEST_CASE("numbers: nothing is missed when the code is replaced between the PIN and the key") {
  Numbers f;
  f.code();
  f.host.renew();
  const hl_request request = f.host.state().next_handle++;
  f.host.state().requests[request];
  f.host.request_event({.method = "POST",
                        .path = "/v1/register",
                        .body = R"({"number":"+491711234567","pin":")" + f.pin() + R"("})",
                        .fields = {{"content-type", "application/json"}}},
                       request);
  f.host.renew();
  f.host.run();
  CHECK(f.host.state().requests[request].status == 200);
}

TEST_CASE("numbers: whatever the host cannot do, it is no fault, and is answered") {
  std::uint64_t failing = 0;
  do {
    Numbers f;
    ++failing;
    f.host.failing.let(failing);
    const fake::Request sent = f.code();
    const fake::Request made = f.enter(f.pin().empty() ? "12345" : f.pin());
    CAPTURE(f.host.failing.call);
    if (f.host.failing.status == HL_E_PARKED) continue;  // Whoever asks for such a row is not charged.
    CHECK(f.host.failed.empty());
    if (f.host.failing.call == "http.respond") continue;  // Its peer has gone.
    CHECK(sent.status != 0);
    CHECK(made.status != 0);
    if (f.host.failing.call.empty()) failing = 0;  // There were no more calls to fail.
  } while (failing != 0);
}

// ---- in-band --------------------------------------------------------------------------------------

namespace {

struct Forms : Numbers {
  hl_stream stream = host.connect();
  std::string ask(const std::string& xml) {
    host.receive(stream, xml);
    host.run();
    const auto sent = host.stream_sent(stream);
    return sent.empty() ? "" : sent.front();
  }
  std::string submit(const std::string& phone, const std::string& pin, const std::string& type = "submit") {
    std::string form = "<x xmlns='jabber:x:data' type='" + type + "'><field var='phone'><value>" + phone +
                       "</value></field>";
    if (!pin.empty()) form += "<field var='code'><value>" + pin + "</value></field>";
    return ask("<iq type='set' id='r'><query xmlns='jabber:iq:register'>" + form + "</x></query></iq>");
  }
};

}  // namespace

TEST_CASE_FIXTURE(Forms, "forms: the same two steps in-band") {
  const std::string first = ask("<iq type='get' id='g'><query xmlns='jabber:iq:register'/></iq>");
  CHECK(has(first, "<x xmlns='jabber:x:data' type='form'>"));
  CHECK(has(first, "var='phone'"));
  CHECK_FALSE(has(first, "<username/>"));
  const std::string second = submit(number, "");
  CHECK(has(second, "type='result'"));
  CHECK(has(second, "var='code'"));
  const std::string wrong_pin = submit(number, wrong());
  CHECK(has(wrong_pin, "<error type='modify'><not-acceptable"));
  CHECK(has(wrong_pin,
            "<reason xmlns='urn:hotline:numbers:0' name='mismatch' tries-left='4' retry-after='1'>"));
  host.advance(1'000);
  const std::string done = submit(number, pin());
  CHECK(has(done, "<registered/><username>491711234567</username><password>"));
  CHECK(host.state().tables["accounts"].contains(account));
}

TEST_CASE_FIXTURE(Forms, "forms: where names are open too, nobody takes a number as a name") {
  host.numbers["open"] = 1;
  const auto sign_up = [this](const std::string& name) {
    return ask("<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>" + name +
               "</username><password>b</password></query></iq>");
  };
  CHECK(has(sign_up("491711234567"), "<not-acceptable"));
  CHECK_FALSE(host.state().tables["accounts"].contains(account));
  CHECK(sign_up("juliet") == "<iq id='r' type='result'></iq>");
  CHECK(has(ask("<iq type='get' id='g'><query xmlns='jabber:iq:register'/></iq>"),
            "<username/><password/><x "));
}

TEST_CASE_FIXTURE(Forms, "forms: the stream moves to the number's home first") {
  host.state().elsewhere.insert(account);
  CHECK(has(submit(number, ""), "var='code'"));
}

TEST_CASE_FIXTURE(Forms, "forms: limits and mistakes are stanza errors") {
  CHECK(has(submit("0171", ""), "<not-acceptable"));
  CHECK(has(submit(number, "1x345"), "<not-acceptable"));
  CHECK(has(submit(number, "12345"), "name='stale'"));
  submit(number, "");
  CHECK(has(submit(number, ""), "<error type='wait'><resource-constraint"));
  CHECK(submit(number, "", "cancel") == "<iq id='r' type='result'></iq>");
  host.numbers["requests_per_hour_address"] = 1;
  CHECK(has(submit(number, ""), "name='too_many'"));
  // Names and passwords of one's own are another matter.
  CHECK(has(ask("<iq type='set' id='r'><query "
                "xmlns='jabber:iq:register'><username>a</username><password>b</password>"
                "</query></iq>"),
            "fill in the form"));
}

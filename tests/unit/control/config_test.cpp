#include "control/config.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "control/config_keys.h"

using hotline::Config;
using hotline::ListenAddress;
using hotline::Result;

namespace {

std::string config_refusal(std::string_view text) {
  const Result<Config> config = Config::parse(text, "hotline.json");
  return config ? "accepted" : config.error().message;
}

Config accepted(std::string_view text) {
  const Result<Config> config = Config::parse(text, "hotline.json");
  REQUIRE_MESSAGE(config.has_value(), (config ? "" : config.error().message));
  return *config;
}

}  // namespace

TEST_CASE("config: an empty object is the default of everything") {
  const Config config = accepted("{}");
  CHECK(config.domain == "localhost");
  REQUIRE(config.listen.size() == 4);
  CHECK(config.listen[0].kind == ListenAddress::Kind::xmpp);
  CHECK(config.listen[0].address == "127.0.0.1");
  CHECK(config.listen[0].port == 5222);
  CHECK(config.listen[0].starttls == ListenAddress::StartTls::required);
  CHECK(config.listen[3].kind == ListenAddress::Kind::xmpp_wss);
  CHECK(config.listen[3].port == 5281);
  CHECK(config.shards == 0);
  CHECK(config.limits.before_login.stanza_bytes_max == 10'000);
  CHECK(config.limits.after_login.stanza_bytes_max == 262'144);
  CHECK(config.sm.resume_seconds == 300);
  CHECK(config.mailbox.ttl_days == 30);
  CHECK(config.store.commit_window_ms == 3);
  CHECK(config.push.keep_generations == 3);
  CHECK(config.modules.empty());
}

TEST_CASE("config: comments are allowed and what is not said keeps its default") {
  const Config config = accepted(R"({
    // The domain of our accounts.
    "domain": "example.org",
    /* Quiet clients
       are asked sooner. */
    "limits": { "idle_seconds": 120, "before_login": { "seconds": 10 } },
    "log": { "level": "debug", "format": "json" },
    "tls": { "min_version": "1.3" },
    "modules_initial": ["session"]
  })");
  CHECK(config.domain == "example.org");
  CHECK(config.limits.idle_seconds == 120);
  CHECK(config.limits.ping_seconds == 60);
  CHECK(config.limits.before_login_seconds == 10);
  CHECK(config.log.level == hotline::log::Level::debug);
  CHECK(config.log.format == hotline::log::Format::json);
  CHECK(config.tls.min_version == "1.3");
  CHECK(config.modules_initial == std::vector<std::string>{"session"});
}

TEST_CASE("config: a listen list replaces the default list") {
  const Config config = accepted(R"({ "listen": [
    { "kind": "xmpp", "port": 0, "starttls": "optional" },
    { "kind": "xmpp-wss", "address": "::", "port": 443 },
    { "kind": "xmpp-ws", "address": "::1", "port": 5280 },
    { "kind": "lines", "name": "echo", "port": 7000 } ] })");
  REQUIRE(config.listen.size() == 4);
  CHECK(config.listen[0].starttls == ListenAddress::StartTls::optional);
  CHECK(config.listen[1].address == "::");
  CHECK(config.listen[1].starttls == ListenAddress::StartTls::off);
  CHECK(config.listen[3].name == "echo");
}

TEST_CASE("config: module values are strings, whole numbers and truths") {
  const Config config = accepted(R"({ "modules": { "registration":
    { "open": true, "per_hour": 5, "floor": -1, "greeting": "hi" } } })");
  const auto& values = config.modules.at("registration");
  CHECK(values.at("open") == Config::ModuleValue{std::int64_t{1}});
  CHECK(values.at("per_hour") == Config::ModuleValue{std::int64_t{5}});
  CHECK(values.at("floor") == Config::ModuleValue{std::int64_t{-1}});
  CHECK(values.at("greeting") == Config::ModuleValue{std::string("hi")});
  CHECK(config_refusal("{ \"modules\": {\n\"a\": {\n\"b\": 1.5 } } }") ==
        "hotline.json:3: `modules.a.b` must be a string, a whole number, true or false");
  CHECK(config_refusal(R"({ "modules": { "a": 1 } })") ==
        "hotline.json:1: `modules.a` must be an object with the module's values");
}

TEST_CASE("config: HTTP without TLS is for this machine alone") {
  const Config config = accepted(R"({ "listen": [ { "kind": "https", "address": "::", "port": 443 },
                                                  { "kind": "http", "address": "127.0.0.1", "port": 8080 } ] })");
  CHECK(config.listen[0].kind == ListenAddress::Kind::https);
  CHECK(config_refusal(R"({ "listen": [ { "kind": "http", "address": "0.0.0.0", "port": 80 } ] })")
            .find("`http` without TLS is for loopback addresses only") != std::string::npos);
}

TEST_CASE("config: the networks of load balancers are read, and what is none is refused") {
  const Config config = accepted(
      R"({ "listen": [ { "kind": "xmpps", "port": 5223, "proxy": ["10.0.0.0/8", "2001:db8::5"] } ] })");
  CHECK(config.listen[0].proxy == std::vector<std::string>{"10.0.0.0/8", "2001:db8::5"});
  CHECK(config_refusal(
            "{ \"listen\": [ { \"kind\": \"xmpp\", \"port\": 1,\n\"proxy\": [\"10.0.0.1/8\"] } ] }") ==
        "hotline.json:2: `10.0.0.1/8` is an address within a network: leave the bits behind its length zero");
  CHECK(config_refusal(R"({ "listen": [ { "kind": "xmpp", "port": 1, "proxy": true } ] })") ==
        "hotline.json:1: `listen[0].proxy` must be a list of networks, not `true`");
}

TEST_CASE("config: other nodes are read, and what is wrong with one is said") {
  const Config config = accepted(R"({ "nodes": {
    "two": { "url": "https://two.example.org:8443" },
    "three": { "url": "http://127.0.0.1:8080", "timeout_seconds": 5 } } })");
  REQUIRE(config.other_nodes.size() == 2);
  CHECK(config.other_nodes[0].name == "three");
  CHECK(config.other_nodes[0].timeout_seconds == 5);
  CHECK(config.other_nodes[1].url == "https://two.example.org:8443");
  const auto says = [](const std::string& node, const std::string& words) {
    return config_refusal("{ \"nodes\": " + node + " }").find(words) != std::string::npos;
  };
  CHECK(says(R"({ "two": {} })", "`nodes.two`.url must be https://"));
  CHECK(says(R"({ "two": { "url": "http://two.example.org" } })", "`nodes.two`.url must be https://"));
  CHECK(says(R"({ "two": { "url": "https://two.example.org/media" } })", "without a path"));
  CHECK(
      says(R"({ "two": { "url": "https://a", "timeout_seconds": 0 } })", "`timeout_seconds`, from 1 to 300"));
  CHECK(says(R"({ "two": { "uri": "https://a" } })", "`nodes.two`.uri"));
  CHECK(says(R"({ "Two": { "url": "https://a" } })", "not a node's name"));
  CHECK(says(R"({ "two": "https://a" })", "must be an object with the node's values"));
}

TEST_CASE("config: gateways of the outbox are read, and what is wrong with one is said") {
  const Config config = accepted(R"({ "outbox": {
    "push": { "kind": "webhook", "url": "https://example.org/x", "secret_file": "/s", "attempts": 3 },
    "sms": { "kind": "file", "file": "/tmp/sms" },
    "voice": { "kind": "command", "program": "/usr/bin/call", "timeout_seconds": 60, "waiting_max": 5 } } })");
  REQUIRE(config.gateways.size() == 3);
  CHECK(config.gateways[0].kind == hotline::ConfiguredGateway::Kind::webhook);
  CHECK(config.gateways[0].secret_file == "/s");
  CHECK(config.gateways[0].attempts == 3);
  CHECK(config.gateways[1].target == "/tmp/sms");
  CHECK(config.gateways[2].waiting_max == 5);
  const auto refused = [](const std::string& gateway) {
    return config_refusal("{ \"outbox\": { \"sms\": " + gateway + " } }");
  };
  const auto says = [&refused](const std::string& gateway, const char* words) {
    return refused(gateway).find(words) != std::string::npos;
  };
  CHECK(says("{}", "`outbox.sms` lacks `kind`"));
  CHECK(says(R"({ "kind": "pigeon" })", "lacks `kind`"));
  CHECK(says(R"({ "kind": "file" })", "lacks `file`"));
  CHECK(says(R"({ "kind": "webhook", "url": "http://example.org/" })", "must begin with https://"));
  CHECK(says(R"({ "kind": "webhook", "url": "http://127.0.0.1.example.org/" })", "must begin with https://"));
  CHECK(says(R"({ "kind": "command", "program": "mail" })", "whole path"));
  CHECK(says(R"({ "kind": "file", "file": "/a", "secret_file": "/b" })", "unknown key `secret_file`"));
  CHECK(says(R"({ "kind": "file", "file": "/a", "attempts": 0 })", "from 1 to 20"));
  CHECK(config_refusal(R"({ "outbox": { "S M S": { "kind": "file", "file": "/a" } } })")
            .find("is not a gateway's name") != std::string::npos);
}

TEST_CASE("config: an unknown key is refused with its line and what was meant") {
  CHECK(config_refusal("{\n  \"domain\": \"a.org\",\n\n  \"lisen\": []\n}") ==
        "hotline.json:4: unknown key `lisen`: did you mean `listen`?");
  CHECK(config_refusal("{ \"limits\": {\n\n \"idel_seconds\": 5 } }") ==
        "hotline.json:3: unknown key `idel_seconds`: did you mean `idle_seconds`?");
  CHECK(config_refusal(R"({ "resume_seconds": 5 })") ==
        "hotline.json:1: unknown key `resume_seconds` here: did you mean `sm.resume_seconds`?");
  CHECK(config_refusal(R"({ "sm": { "elephants": 5 } })") ==
        "hotline.json:1: unknown key `elephants` in `sm`: its keys are `ack_timeout_seconds`, "
        "`resume_seconds`");
  CHECK(config_refusal("{ \"listen\": [\n{ \"kind\": \"xmpp\",\n\"prot\": 1 } ] }") ==
        "hotline.json:3: unknown key `prot`: did you mean `port`?");
  CHECK(config_refusal(R"({ "limits.idle_seconds": 20 })")
            .starts_with("hotline.json:1: unknown key `limits.idle_seconds`"));
  CHECK(config_refusal(R"({ "listen[].port": 20 })")
            .starts_with("hotline.json:1: unknown key `listen[].port`"));
}

TEST_CASE("config: a wrong type or value is refused with its line and what is right") {
  CHECK(config_refusal("{\n\"shards\": \"two\" }") ==
        "hotline.json:2: `shards` must be a whole number from 0 to 128 (threads), not `\"two\"`");
  CHECK(config_refusal("{\n\"shards\":\n129\n}") ==
        "hotline.json:2: `shards` must be a whole number from 0 to 128 (threads), not `129`");
  CHECK(config_refusal(R"({ "shards": -1 })") ==
        "hotline.json:1: `shards` must be a whole number from 0 to 128 (threads), not `-1`");
  CHECK(config_refusal(R"({ "shards": 1.5 })") ==
        "hotline.json:1: `shards` must be a whole number from 0 to 128 (threads), not `1.5`");
  CHECK(config_refusal(R"({ "log": { "level": "loud" } })") ==
        "hotline.json:1: `log.level` must be one of `debug`, `info`, `warning`, `error`, not `\"loud\"`");
  CHECK(config_refusal(R"({ "domain": ["a"] })") ==
        "hotline.json:1: `domain` must be a string from 1 to 1023 bytes, not a list");
  CHECK(config_refusal(R"({ "limits": 5 })") ==
        "hotline.json:1: `limits` must be an object with keys of its own");
  CHECK(config_refusal(R"({ "listen": {} })") ==
        "hotline.json:1: `listen` must be a list of at most 64 addresses, not an object");
  CHECK(config_refusal("[]") ==
        "hotline.json:1: a configuration is a JSON object: { \"domain\": \"example.org\" }");
}

TEST_CASE("config: all that is wrong is told at once, in the order of its lines") {
  CHECK(config_refusal("{\n\"store\": { \"x\": 1 },\n\"domain\": 5,\n\"shards\": true }") ==
        "hotline.json:2: unknown key `x` in `store`: its keys are `commit_window_ms`\n"
        "hotline.json:3: `domain` must be a string from 1 to 1023 bytes, not `5`\n"
        "hotline.json:4: `shards` must be a whole number from 0 to 128 (threads), not `true`");
}

TEST_CASE("config: text that is no JSON is refused with its line") {
  CHECK(config_refusal("{\n  \"domain\": \"a.org\",\n}") ==
        "hotline.json:3: syntax error while parsing object key - unexpected '}'; expected string literal "
        "(is there a comma too many before it?)");
  CHECK(config_refusal("{ \"shards\": 1,\n\"shards\": 2 }") ==
        "hotline.json:2: the key `shards` stands there twice");
  CHECK(config_refusal("").starts_with("hotline.json:1: "));
  CHECK(config_refusal("{} {}").starts_with("hotline.json:1: "));
  CHECK(config_refusal("{ \"domain\": \"\xff\" }").starts_with("hotline.json:1: "));
}

TEST_CASE("config: addresses that cannot be are refused with the way out") {
  CHECK(config_refusal(
            "{ \"listen\": [\n{ \"kind\": \"xmpp-ws\", \"address\": \"0.0.0.0\", \"port\": 80 } ] }") ==
        "hotline.json:2: `xmpp-ws` without TLS is for loopback addresses only, and 0.0.0.0 is not: use "
        "`xmpp-wss`, "
        "or 127.0.0.1 behind a proxy that speaks TLS");
  CHECK(config_refusal(R"({ "listen": [ { "kind": "xmpp", "address": "localhost", "port": 1 } ] })") ==
        "hotline.json:1: `localhost` is no IPv4 or IPv6 address: write 127.0.0.1, ::1, 0.0.0.0 or ::");
  CHECK(config_refusal(R"({ "listen": [ { "port": 1 } ] })") ==
        "hotline.json:1: `listen[0]` lacks `kind`, one of `xmpp`, `xmpps`, `xmpp-ws`, `xmpp-wss`, `lines`, "
        "`http`, `https`");
  CHECK(config_refusal(R"({ "listen": [ { "kind": "xmpp" } ] })") ==
        "hotline.json:1: `listen[0]` lacks `port` (0: the system chooses one)");
  CHECK(config_refusal(R"({ "listen": [ { "kind": "lines", "port": 1 } ] })") ==
        "hotline.json:1: `listen[0]` lacks `name`: modules find a `lines` address by it");
  CHECK(config_refusal(R"({ "listen": [ { "kind": "xmpps", "port": 1, "starttls": "off" } ] })") ==
        "hotline.json:1: `starttls` is for `xmpp` only, and this is `xmpps`: leave it out");
  CHECK(config_refusal(
            "{ \"listen\": [ { \"kind\": \"xmpp\", \"port\": 1 },\n{ \"kind\": \"xmpps\",\n\"port\": 1 } "
            "] }") == "hotline.json:3: 127.0.0.1 port 1 stands in the list twice");
}

TEST_CASE("config: values that contradict each other are refused") {
  CHECK(config_refusal(R"({ "tls": { "certificate": "/etc/c.pem" } })") ==
        "hotline.json:1: `tls.certificate` and `tls.key` go together: `tls.key` is missing");
  CHECK(config_refusal(R"({ "domain": "Example Org" })") ==
        "hotline.json:1: `domain` must be a domain in lower case, as in `example.org`, not `Example Org`");
  CHECK(config_refusal(R"({ "limits": { "before_login": { "stanza_bytes_max": 300000 } } })") ==
        "hotline.json:1: `limits.before_login.stanza_bytes_max` (300000) must not be above "
        "`limits.after_login.stanza_bytes_max` (262144)");
  CHECK(config_refusal(R"({ "limits": { "output_bytes_max": 65536 } })") ==
        "hotline.json:1: `limits.output_bytes_max` (65536) must hold at least one stanza of "
        "`limits.after_login.stanza_bytes_max` (262144)");
}

TEST_CASE("config: a file that is not there is refused by name") {
  const Result<Config> config = Config::read("/nowhere/hotline.json");
  REQUIRE(!config);
  CHECK(config.error().message ==
        "cannot read the configuration /nowhere/hotline.json: check that it is there and readable");
  CHECK(!Config::read("/tmp"));
}

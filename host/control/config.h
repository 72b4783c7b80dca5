// Config: what the operator decided, with a default for everything.
//
// Read from JSON with comments. Each value is described once, in the table of config_keys.h, from
// which reading, checking, the reference and `hotline config show` derive. Plain values: any thread
// may read a Config that nobody changes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace hotline {

// One address the host listens on.
struct ListenAddress {
  enum class Kind { xmpp, xmpps, xmpp_ws, xmpp_wss, lines, http, https };
  enum class StartTls { required, optional, off };

  Kind kind = Kind::xmpp;
  std::string address = "127.0.0.1";
  std::uint32_t port = 0;                  // 0: the system chooses; `DIR/run.json` says what.
  std::string name;                        // lines: the name modules route it by.
  StartTls starttls = StartTls::required;  // xmpp only.
  // Networks whose connections begin with a header of the PROXY protocol.
  std::vector<std::string> proxy = {};

  static std::string_view kind_name(Kind kind);
};

// Bounds on what one client may send; tighter before it has logged in.
struct StreamLimits {
  std::uint32_t stanza_bytes_max = 0;
  std::uint32_t depth_max = 0;
  std::uint32_t elements_max = 0;
  std::uint32_t attributes_max = 0;
  std::uint32_t name_bytes_max = 0;
  std::uint32_t line_bytes_max = 0;
};

// A way out of the host for modules' words: "outbox": { "<name>": { "kind": …, … } }.
struct ConfiguredGateway {
  enum class Kind { webhook, command, file };
  std::string name;
  Kind kind = Kind::file;
  std::string target;       // `url`, `program` or `file`.
  std::string secret_file;  // webhook: what its requests are signed with; empty: they are not.
  std::uint32_t attempts = 5;
  std::uint32_t timeout_seconds = 10;
  std::uint32_t waiting_max = 10'000;
};

// Another host, to which requests are passed on: "nodes": { "<name>": { "url": … } }.
struct ConfiguredNode {
  std::string name;
  std::string url;
  std::uint32_t timeout_seconds = 20;
};

struct Config {
  // A value of "modules": { "<name>": { "<key>": … } }; true and false are 1 and 0.
  using ModuleValue = std::variant<std::int64_t, std::string>;
  using ModuleValues = std::map<std::string, std::map<std::string, ModuleValue>>;

  std::string domain = "localhost";
  std::vector<ListenAddress> listen = {
      {ListenAddress::Kind::xmpp, "127.0.0.1", 5222, "", ListenAddress::StartTls::required},
      {ListenAddress::Kind::xmpps, "127.0.0.1", 5223, "", ListenAddress::StartTls::off},
      {ListenAddress::Kind::xmpp_ws, "127.0.0.1", 5280, "", ListenAddress::StartTls::off},
      {ListenAddress::Kind::xmpp_wss, "127.0.0.1", 5281, "", ListenAddress::StartTls::off},
  };
  static constexpr std::uint32_t shards_max = 128;
  std::uint32_t shards = 0;  // 0: as many as there are processor cores.

  std::string modules_dir;  // Empty: "modules" beside the program, or ../lib/hotline/modules.
  std::vector<std::string> modules_initial = {"session",      "routing", "presence",
                                              "registration", "privacy", "profile"};

  struct {
    std::string certificate;
    std::string key;
    std::string min_version = "1.2";
    bool own_records = true;
  } tls;

  struct {
    hotline::log::Level level = hotline::log::Level::info;
    hotline::log::Format format = hotline::log::Format::human;
    std::string file;  // Empty: standard error.
  } log;

  struct {
    StreamLimits before_login = {10'000, 16, 200, 64, 256, 8'192};
    std::uint32_t before_login_seconds = 30;
    StreamLimits after_login = {262'144, 32, 10'000, 64, 256, 8'192};
    std::uint32_t connections_per_address_max = 5'000;
    std::uint32_t connections_per_loopback_address_max = 200'000;
    std::uint32_t failed_logins_per_stream_max = 5;
    std::uint64_t output_bytes_max = 4'194'304;
    std::uint32_t sessions_per_account_max = 20;
    std::uint32_t partial_stanza_seconds = 30;
    std::uint32_t idle_seconds = 300;
    std::uint32_t ping_seconds = 60;
  } limits;

  struct {
    std::uint32_t resume_seconds = 300;
    std::uint32_t ack_timeout_seconds = 60;
  } sm;

  struct {
    std::uint32_t entries_max = 10'000;
    std::uint64_t bytes_max = 67'108'864;
    std::uint64_t memory_bytes_max = 1'073'741'824;
    std::uint32_t ttl_days = 30;
  } mailbox;

  struct {
    std::uint32_t rows_per_account_max = 10'000;
  } tables;

  struct {
    std::uint32_t commit_window_ms = 3;
  } store;

  struct {
    std::uint32_t keep_generations = 3;
    std::uint32_t keep_symbols = 100;
    bool require_signature = true;
    bool allow_development_key = true;
    bool preflight = true;
    std::uint32_t preflight_seconds = 10;
    std::uint32_t gate_seconds = 60;
    std::uint32_t gate_calls_min = 100;
    std::uint32_t gate_errors_permille = 20;
    std::uint32_t gate_time_percent = 200;
    std::uint32_t gate_time_margin_us = 500;
    std::uint32_t gate_memory_mib = 64;
  } push;

  struct {
    std::string on_signal = "rescue";
    std::uint32_t module_memory_mib = 1'024;
    std::uint32_t window_seconds = 60;
  } faults;

  struct {
    bool keep_content = false;
  } quarantine;

  struct {
    std::uint32_t head_bytes_max = 8'192;
    std::uint32_t body_bytes_max = 65'536;
    std::uint32_t head_seconds = 10;
    std::uint32_t body_seconds = 30;
    std::uint32_t answer_seconds = 30;
    std::uint32_t idle_seconds = 60;
  } http;

  struct {
    std::string archive_dir;
  } files;

  struct {
    std::string command;
    std::uint32_t timeout_seconds = 20;
    std::uint32_t memory_mib = 1'024;
    std::uint32_t output_mib = 64;
    std::uint32_t at_once = 2;
  } transcoder;

  ModuleValues modules;
  ModuleValues outbox;                      // As written: by gateway.
  std::vector<ConfiguredGateway> gateways;  // The same, read.
  ModuleValues nodes;                       // As written: by node.
  std::vector<ConfiguredNode> other_nodes;  // The same, read.

  // From text; `file` is what messages call it. The error has a line for everything that is wrong:
  // "hotline.json:12: unknown key `lisen`: did you mean `listen`?".
  static Result<Config> parse(std::string_view text, std::string_view file);
  // From a file of at most 1 MiB.
  static Result<Config> read(const std::string& file);
};

}  // namespace hotline

// The table itself: one key, one paragraph.
#include <array>
#include <limits>

#include "control/config_keys.h"

namespace hotline {
namespace {

constexpr auto live = ConfigKey::Applies::live;
constexpr auto restart = ConfigKey::Applies::restart;
constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t gib = 1'073'741'824;

constexpr std::array<std::string_view, 7> kind_words = {"xmpp",  "xmpps", "xmpp-ws", "xmpp-wss",
                                                        "lines", "http",  "https"};
constexpr std::array<std::string_view, 3> starttls_words = {"required", "optional", "off"};
constexpr std::array<std::string_view, 2> tls_version_words = {"1.2", "1.3"};
constexpr std::array<std::string_view, 2> on_signal_words = {"rescue", "restart"};
constexpr std::array<std::string_view, 4> level_words = {"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 2> format_words = {"human", "json"};

// An enumeration whose values are 0, 1, 2, … in the order of its words.
template <typename Enum>
ConfigField choice(Enum& value, std::span<const std::string_view> words) {
  return Choice{words, [&value] { return static_cast<std::size_t>(value); },
                [&value](std::size_t index) { value = static_cast<Enum>(index); }};
}

ConfigField choice(std::string& value, std::span<const std::string_view> words) {
  return Choice{words,
                [&value, words] {
                  std::size_t index = 0;
                  while (index + 1 < words.size() && words[index] != value) ++index;
                  return index;
                },
                [&value, words](std::size_t index) { value = words[index]; }};
}

using Field = ConfigField (*)(Config&);

ConfigKey key(std::string_view path, Field field, std::uint64_t min, std::uint64_t max, std::string_view unit,
              ConfigKey::Applies applies, std::string_view about) {
  return {path, field, nullptr, min, max, unit, applies, about};
}

ConfigKey element(std::string_view path, ConfigField (*field)(ListenAddress&), std::uint64_t min,
                  std::uint64_t max, std::string_view about, std::string_view unit = "") {
  return {path, nullptr, field, min, max, unit, restart, about};
}

const std::vector<ConfigKey>& table() {
  static const std::vector<ConfigKey> keys = {
      key(
          "domain", [](Config& c) -> ConfigField { return &c.domain; }, 1, 1023, "", restart,
          "The XMPP domain the host serves; accounts are NAME@domain."),

      key(
          "listen", [](Config& c) -> ConfigField { return &c.listen; }, 0, 64, "", restart,
          "The addresses the host listens on; a list given here replaces the default list."),
      element(
          "listen[].kind", [](ListenAddress& l) { return choice(l.kind, kind_words); }, 0, 0,
          "What is spoken there: XMPP over TCP (`xmpp`), over direct TLS (`xmpps`), over WebSocket "
          "(`xmpp-ws`, loopback only), over WebSocket and TLS (`xmpp-wss`), plain lines for a module "
          "(`lines`), or HTTP for modules (`http`, loopback only) and over TLS (`https`)."),
      element(
          "listen[].address", [](ListenAddress& l) -> ConfigField { return &l.address; }, 2, 45,
          "An IPv4 or IPv6 address of this machine; `0.0.0.0` and `::` are all of them."),
      element(
          "listen[].port", [](ListenAddress& l) -> ConfigField { return &l.port; }, 0, 65535,
          "TCP port; with 0 the system chooses, and `DIR/run.json` says what it chose."),
      element(
          "listen[].name", [](ListenAddress& l) -> ConfigField { return &l.name; }, 0, 64,
          "For `lines` only, and needed there: the name a module's `line` route asks for."),
      element(
          "listen[].starttls", [](ListenAddress& l) { return choice(l.starttls, starttls_words); }, 0, 0,
          "For `xmpp` only: whether a client must turn to TLS before it logs in."),
      element(
          "listen[].proxy", [](ListenAddress& l) -> ConfigField { return &l.proxy; }, 0, 64,
          "Networks (`10.0.0.0/8`, or an address) of load balancers: each connection from there must begin "
          "with a header of the PROXY protocol, version 1 or 2, and is taken for that of the client it "
          "names.",
          "networks"),

      key(
          "shards", [](Config& c) -> ConfigField { return &c.shards; }, 0, Config::shards_max, "threads",
          restart, "Event-loop threads; 0 is one for each processor core. `hotlined --shards` overrides it."),

      key(
          "modules_dir", [](Config& c) -> ConfigField { return &c.modules_dir; }, 0, 4096, "", restart,
          "Where a first start finds its modules; empty is `modules` beside the hotlined program, or "
          "`../lib/hotline/modules` as `cmake --install` lays them."),
      key(
          "modules_initial", [](Config& c) -> ConfigField { return &c.modules_initial; }, 0, 256, "", restart,
          "The modules a first start loads; later starts come back on the set that ran last."),

      key(
          "tls.certificate", [](Config& c) -> ConfigField { return &c.tls.certificate; }, 0, 4096, "",
          restart,
          "PEM file with the certificate chain; empty is a development certificate made at first start. "
          "`hotline tls-reload` reads a renewed file without a restart."),
      key(
          "tls.key", [](Config& c) -> ConfigField { return &c.tls.key; }, 0, 4096, "", restart,
          "PEM file with the private key of `tls.certificate`."),
      key(
          "tls.min_version", [](Config& c) { return choice(c.tls.min_version, tls_version_words); }, 0, 0, "",
          restart, "The oldest TLS version a client may use."),
      key(
          "tls.own_records", [](Config& c) -> ConfigField { return &c.tls.own_records; }, 0, 0, "", restart,
          "Whether the host does the records of TLS 1.3 itself: a tenth of the memory, less CPU, and "
          "connections "
          "that can be carried; `false` leaves them with OpenSSL (docs/security.md)."),

      key(
          "log.level", [](Config& c) { return choice(c.log.level, level_words); }, 0, 0, "", live,
          "The least that is logged; `hotline log-level` changes it while the host runs."),
      key(
          "log.format", [](Config& c) { return choice(c.log.format, format_words); }, 0, 0, "", restart,
          "Lines for people or one JSON object a line."),
      key(
          "log.file", [](Config& c) -> ConfigField { return &c.log.file; }, 0, 4096, "", restart,
          "Where log lines are appended; empty is standard error."),

      key(
          "limits.before_login.stanza_bytes_max",
          [](Config& c) -> ConfigField { return &c.limits.before_login.stanza_bytes_max; }, 10'000,
          16'777'216, "bytes", restart,
          "The largest element a client may send before login (RFC 6120 allows no less than 10000)."),
      key(
          "limits.before_login.depth_max",
          [](Config& c) -> ConfigField { return &c.limits.before_login.depth_max; }, 4, 256, "levels",
          restart, "How deep its elements may be nested."),
      key(
          "limits.before_login.elements_max",
          [](Config& c) -> ConfigField { return &c.limits.before_login.elements_max; }, 16, 1'000'000,
          "elements", restart, "How many elements one of them may hold."),
      key(
          "limits.before_login.attributes_max",
          [](Config& c) -> ConfigField { return &c.limits.before_login.attributes_max; }, 8, 1'024,
          "attributes", restart, "How many attributes one element may have."),
      key(
          "limits.before_login.name_bytes_max",
          [](Config& c) -> ConfigField { return &c.limits.before_login.name_bytes_max; }, 64, 4'096, "bytes",
          restart, "The longest name of an element or attribute."),
      key(
          "limits.before_login.line_bytes_max",
          [](Config& c) -> ConfigField { return &c.limits.before_login.line_bytes_max; }, 64, 1'048'576,
          "bytes", restart, "The longest line on a `lines` address."),
      key(
          "limits.before_login.seconds",
          [](Config& c) -> ConfigField { return &c.limits.before_login_seconds; }, 1, 3'600, "seconds",
          restart, "How long a connection may take to log in."),

      key(
          "limits.after_login.stanza_bytes_max",
          [](Config& c) -> ConfigField { return &c.limits.after_login.stanza_bytes_max; }, 10'000, 16'777'216,
          "bytes", restart, "The largest stanza a client may send once it has logged in."),
      key(
          "limits.after_login.depth_max",
          [](Config& c) -> ConfigField { return &c.limits.after_login.depth_max; }, 4, 256, "levels", restart,
          "How deep its elements may be nested."),
      key(
          "limits.after_login.elements_max",
          [](Config& c) -> ConfigField { return &c.limits.after_login.elements_max; }, 16, 1'000'000,
          "elements", restart, "How many elements one stanza may hold."),
      key(
          "limits.after_login.attributes_max",
          [](Config& c) -> ConfigField { return &c.limits.after_login.attributes_max; }, 8, 1'024,
          "attributes", restart, "How many attributes one element may have."),
      key(
          "limits.after_login.name_bytes_max",
          [](Config& c) -> ConfigField { return &c.limits.after_login.name_bytes_max; }, 64, 4'096, "bytes",
          restart, "The longest name of an element or attribute."),
      key(
          "limits.after_login.line_bytes_max",
          [](Config& c) -> ConfigField { return &c.limits.after_login.line_bytes_max; }, 64, 1'048'576,
          "bytes", restart, "The longest line on a `lines` address whose client a module has logged in."),

      key(
          "limits.connections_per_address_max",
          [](Config& c) -> ConfigField { return &c.limits.connections_per_address_max; }, 1, u32_max,
          "connections", restart,
          "Connections at once from one address that is not loopback; an IPv6 /64 is one."),
      key(
          "limits.connections_per_loopback_address_max",
          [](Config& c) -> ConfigField { return &c.limits.connections_per_loopback_address_max; }, 1, u32_max,
          "connections", restart,
          "Connections at once from one loopback address (tests, proxies, gateways)."),
      key(
          "limits.failed_logins_per_stream_max",
          [](Config& c) -> ConfigField { return &c.limits.failed_logins_per_stream_max; }, 1, 1'000, "logins",
          restart, "Failed logins on one connection before it is closed."),
      key(
          "limits.output_bytes_max", [](Config& c) -> ConfigField { return &c.limits.output_bytes_max; },
          65'536, gib, "bytes", restart,
          "What may wait for a client that reads slowly, or that acknowledges nothing (messages not "
          "counted); "
          "beyond it the connection is cut, its session can be resumed."),
      key(
          "limits.sessions_per_account_max",
          [](Config& c) -> ConfigField { return &c.limits.sessions_per_account_max; }, 1, 10'000, "sessions",
          restart, "Sessions at once of one account."),
      key(
          "limits.partial_stanza_seconds",
          [](Config& c) -> ConfigField { return &c.limits.partial_stanza_seconds; }, 1, 3'600, "seconds",
          restart, "How old a stanza may grow of which only a part has arrived."),
      key(
          "limits.idle_seconds", [](Config& c) -> ConfigField { return &c.limits.idle_seconds; }, 10, 86'400,
          "seconds", restart,
          "After so long without a byte from a client the host asks it for a sign of life."),
      key(
          "limits.ping_seconds", [](Config& c) -> ConfigField { return &c.limits.ping_seconds; }, 1, 3'600,
          "seconds", restart,
          "How long that sign may take before the connection is cut; its session can be resumed."),

      key(
          "sm.resume_seconds", [](Config& c) -> ConfigField { return &c.sm.resume_seconds; }, 0, 86'400,
          "seconds", restart,
          "How long a session without a connection can be resumed (XEP-0198); 0 is never."),
      key(
          "sm.ack_timeout_seconds", [](Config& c) -> ConfigField { return &c.sm.ack_timeout_seconds; }, 1,
          3'600, "seconds", restart,
          "How long a client may owe an acknowledgement before its connection is cut."),

      key(
          "mailbox.entries_max", [](Config& c) -> ConfigField { return &c.mailbox.entries_max; }, 1,
          10'000'000, "messages", restart,
          "Messages that may wait for one account; senders are told when it is full."),
      key(
          "mailbox.bytes_max", [](Config& c) -> ConfigField { return &c.mailbox.bytes_max; }, 65'536,
          64 * gib, "bytes", restart, "Bytes that may wait for one account."),
      key(
          "mailbox.memory_bytes_max", [](Config& c) -> ConfigField { return &c.mailbox.memory_bytes_max; },
          1'048'576, 1'024 * gib, "bytes", restart,
          "Memory for all mailboxes together; beyond it bodies that are on disk are "
          "read from there."),
      key(
          "mailbox.ttl_days", [](Config& c) -> ConfigField { return &c.mailbox.ttl_days; }, 1, 3'650, "days",
          restart, "How long an undelivered message is kept; its sender is told when it expires."),

      key(
          "tables.rows_per_account_max",
          [](Config& c) -> ConfigField { return &c.tables.rows_per_account_max; }, 1, 10'000'000, "rows",
          restart, "Rows one account may have in one table."),

      key(
          "store.commit_window_ms", [](Config& c) -> ConfigField { return &c.store.commit_window_ms; }, 0,
          1'000, "milliseconds", restart,
          "How long a change waits for others to share its commit; what is accepted "
          "meanwhile never touches the disk."),

      key(
          "push.keep_generations", [](Config& c) -> ConfigField { return &c.push.keep_generations; }, 2, 100,
          "generations", restart,
          "How many generations of a module stay loaded, the current one included: the way back."),
      key(
          "push.keep_symbols", [](Config& c) -> ConfigField { return &c.push.keep_symbols; }, 0, 100'000,
          "builds", restart,
          "Of how many builds the file is kept in DIR/symbols by build id, so that `hotline symbolize`, gdb "
          "and "
          "perf know their functions when they are unloaded; the oldest go first."),
      key(
          "push.require_signature", [](Config& c) -> ConfigField { return &c.push.require_signature; }, 0, 1,
          "", restart, "Whether a file must be signed by a key in DIR/trusted to be pushed or started."),
      key(
          "push.allow_development_key",
          [](Config& c) -> ConfigField { return &c.push.allow_development_key; }, 0, 1, "", restart,
          "Whether the host signs unsigned files with a key of its own; false on a server that others depend "
          "on."),
      key(
          "push.preflight", [](Config& c) -> ConfigField { return &c.push.preflight; }, 0, 1, "", restart,
          "Whether a module is tried out in a process of its own before it is loaded: its self-test, each of "
          "its "
          "routes, and the conversion of some live rows, up and down."),
      key(
          "push.preflight_seconds", [](Config& c) -> ConfigField { return &c.push.preflight_seconds; }, 1,
          600, "seconds", restart, "How long that may take for one file."),
      key(
          "push.gate_seconds", [](Config& c) -> ConfigField { return &c.push.gate_seconds; }, 0, 86'400,
          "seconds", restart,
          "How long a push is provisional: it is compared with the version before it and taken back when it "
          "does "
          "worse; a restart comes back on that version. 0: settled as soon as it is live."),
      key(
          "push.gate_calls_min", [](Config& c) -> ConfigField { return &c.push.gate_calls_min; }, 1,
          1'000'000, "calls", restart,
          "So many calls a candidate must have had before a canary goes on by itself."),
      key(
          "push.gate_errors_permille", [](Config& c) -> ConfigField { return &c.push.gate_errors_permille; },
          0, 1'000, "of 1,000 calls", restart,
          "So many more errors to clients than the version before it a candidate may have."),
      key(
          "push.gate_time_percent", [](Config& c) -> ConfigField { return &c.push.gate_time_percent; }, 100,
          10'000, "percent", restart,
          "How long a candidate's calls may take, at the median and the 99th percentile, compared with those "
          "of "
          "the version before it."),
      key(
          "push.gate_time_margin_us", [](Config& c) -> ConfigField { return &c.push.gate_time_margin_us; }, 0,
          10'000'000, "microseconds", restart,
          "What a call may take longer than that of the version before it, whatever the percentage."),
      key(
          "push.gate_memory_mib", [](Config& c) -> ConfigField { return &c.push.gate_memory_mib; }, 1,
          1'048'576, "MiB", restart,
          "What a candidate may have in its arena beyond what the version before it has, and by how much the "
          "host's memory may grow while a push is judged; a quarter in any case."),

      key(
          "faults.on_signal", [](Config& c) { return choice(c.faults.on_signal, on_signal_words); }, 0, 0, "",
          restart,
          "What a signal in a module's own code does: `rescue` ends the call, and the host goes on and asks "
          "for a "
          "planned restart; `restart` ends the process, and its supervisor starts it again."),
      key(
          "faults.module_memory_mib", [](Config& c) -> ConfigField { return &c.faults.module_memory_mib; }, 8,
          1'048'576, "MiB", restart,
          "What one generation of a module may allocate. Beyond it an allocation fails, which in most code "
          "is "
          "a fault."),
      key(
          "faults.window_seconds", [](Config& c) -> ConfigField { return &c.faults.window_seconds; }, 1,
          86'400, "seconds", restart,
          "Two faults of one generation within so long, and its slot goes back to the generation before it."),

      key(
          "quarantine.keep_content", [](Config& c) -> ConfigField { return &c.quarantine.keep_content; }, 0,
          1, "", restart,
          "Whether events that no generation survived keep what they said, so that they can be offered "
          "again; in "
          "memory only."),

      key(
          "http.head_bytes_max", [](Config& c) -> ConfigField { return &c.http.head_bytes_max; }, 1'024,
          65'536, "bytes", restart, "The longest head of an HTTP request: its first line and fields."),
      key(
          "http.body_bytes_max", [](Config& c) -> ConfigField { return &c.http.body_bytes_max; }, 1'024,
          1'048'576, "bytes", restart, "The longest body of an HTTP request that a module is given."),
      key(
          "http.head_seconds", [](Config& c) -> ConfigField { return &c.http.head_seconds; }, 1, 3'600,
          "seconds", restart, "How long an HTTP request's head may take to come."),
      key(
          "http.body_seconds", [](Config& c) -> ConfigField { return &c.http.body_seconds; }, 1, 3'600,
          "seconds", restart, "How long an HTTP request's body may take to come."),
      key(
          "http.answer_seconds", [](Config& c) -> ConfigField { return &c.http.answer_seconds; }, 1, 3'600,
          "seconds", restart,
          "How long a module may take to answer an HTTP request; then it is answered 504."),
      key(
          "http.idle_seconds", [](Config& c) -> ConfigField { return &c.http.idle_seconds; }, 1, 3'600,
          "seconds", restart, "How long an HTTP connection is kept for its next request."),

      key(
          "files.archive_dir", [](Config& c) -> ConfigField { return &c.files.archive_dir; }, 0, 4096, "",
          restart,
          "A directory on slower storage, which has to be there, for modules' files that have grown old; "
          "empty: they "
          "stay in DIR/files."),

      key(
          "transcoder.command", [](Config& c) -> ConfigField { return &c.transcoder.command; }, 0, 4096, "",
          restart,
          "The whole path of a program that makes one file of another for modules (smaller pictures): one "
          "file is its "
          "standard input, the other its standard output; empty: there is none."),
      key(
          "transcoder.timeout_seconds",
          [](Config& c) -> ConfigField { return &c.transcoder.timeout_seconds; }, 1, 600, "seconds", restart,
          "How long it may take for one file."),
      key(
          "transcoder.memory_mib", [](Config& c) -> ConfigField { return &c.transcoder.memory_mib; }, 16,
          1'048'576, "MiB", restart, "How much memory each process of it may map."),
      key(
          "transcoder.output_mib", [](Config& c) -> ConfigField { return &c.transcoder.output_mib; }, 1,
          65'536, "MiB", restart, "How large a file of it may become."),
      key(
          "transcoder.at_once", [](Config& c) -> ConfigField { return &c.transcoder.at_once; }, 1, 64,
          "processes", restart, "How many files are made at once."),

      key(
          "nodes", [](Config& c) -> ConfigField { return &c.nodes; }, 0, 64, "", restart,
          "Other hosts to which modules pass HTTP requests on, by name: each has a `url` (`https://` and a "
          "host, or "
          "`http://` and an address of this machine) and may have `timeout_seconds` (20)."),

      key(
          "outbox", [](Config& c) -> ConfigField { return &c.outbox; }, 0, 64, "", restart,
          "Gateways by which modules reach the world outside, by name: `kind` is `webhook` (`url`, "
          "`secret_file`), `command` (`program`) or `file` (`file`); each may have `attempts`, "
          "`timeout_seconds`, `waiting_max`."),

      key(
          "modules", [](Config& c) -> ConfigField { return &c.modules; }, 0, 256, "", restart,
          "Values for modules: { \"<module>\": { \"<key>\": value } }; a value is a string, a whole number, "
          "true or "
          "false. What a module knows is in its own documentation."),
  };
  return keys;
}
}  // namespace

std::span<const ConfigKey> config_keys() {
  return table();
}

}  // namespace hotline

#include "control/serve/host_settings.h"

#include "base/whole_file.h"

namespace hotline {

namespace {

FramerLimits framer_limits(const StreamLimits& limits) {
  return {limits.stanza_bytes_max, limits.depth_max,      limits.elements_max,
          limits.attributes_max,   limits.name_bytes_max, limits.line_bytes_max};
}

}  // namespace

Host::Settings host_settings(const Config& config) {
  Host::Settings settings;
  settings.shards = config.shards;
  ShardLimits& limits = settings.limits;
  limits.before_login = framer_limits(config.limits.before_login);
  limits.after_login = framer_limits(config.limits.after_login);
  limits.login_s = config.limits.before_login_seconds;
  limits.partial_stanza_s = config.limits.partial_stanza_seconds;
  limits.failed_logins_per_stream_max = config.limits.failed_logins_per_stream_max;
  limits.output_bytes_max = config.limits.output_bytes_max;
  limits.sessions_per_account_max = config.limits.sessions_per_account_max;
  limits.resume_s_max = config.sm.resume_seconds;
  limits.ack_timeout_s = config.sm.ack_timeout_seconds;
  limits.mailbox_entries_max = config.mailbox.entries_max;
  limits.mailbox_bytes_max = config.mailbox.bytes_max;
  limits.mailbox_memory_bytes_max = config.mailbox.memory_bytes_max;
  limits.mailbox_ttl_days = config.mailbox.ttl_days;
  limits.idle_s = config.limits.idle_seconds;
  limits.ping_s = config.limits.ping_seconds;
  limits.rows_per_account_max = config.tables.rows_per_account_max;
  limits.commit_window_us = config.store.commit_window_ms * 1'000ull;
  for (FramerLimits* of : {&limits.before_login, &limits.after_login}) {
    of->http_head_bytes_max = config.http.head_bytes_max;
    of->http_body_bytes_max = config.http.body_bytes_max;
  }
  limits.http_head_s = config.http.head_seconds;
  limits.http_body_s = config.http.body_seconds;
  limits.http_answer_s = config.http.answer_seconds;
  limits.http_idle_s = config.http.idle_seconds;
  settings.modules.domain = config.domain;
  for (const auto& [module, values] : config.modules)
    for (const auto& [key, value] : values)
      settings.modules.by_module[module][key] = std::holds_alternative<std::string>(value)
                                                    ? std::get<std::string>(value)
                                                    : std::to_string(std::get<std::int64_t>(value));
  return settings;
}

Result<std::vector<GatewaySettings>> gateway_settings(const Config& config) {
  constexpr std::size_t secret_bytes_max = 4'096;
  std::vector<GatewaySettings> all;
  for (const ConfiguredGateway& gateway : config.gateways) {
    GatewaySettings& settings = all.emplace_back();
    settings.name = gateway.name;
    settings.kind = static_cast<GatewaySettings::Kind>(gateway.kind);
    settings.target = gateway.target;
    settings.attempts_max = gateway.attempts;
    settings.timeout_s = gateway.timeout_seconds;
    settings.waiting_max = gateway.waiting_max;
    if (gateway.secret_file.empty()) continue;
    Result<std::string> secret = read_whole_file(gateway.secret_file, secret_bytes_max);
    if (!secret) return secret.error();
    while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
    if (secret->empty())
      return Error{gateway.secret_file + " is empty: `outbox." + gateway.name + "` signs with what is in it"};
    settings.secret = std::move(*secret);
  }
  return all;
}

std::vector<RelayNode> relay_nodes(const Config& config) {
  std::vector<RelayNode> nodes;
  for (const ConfiguredNode& node : config.other_nodes)
    nodes.push_back({node.name, node.url, node.timeout_seconds});
  return nodes;
}

TranscoderSettings transcoder_settings(const Config& config, const std::string& state_dir, bool takes_over) {
  return {.program = config.transcoder.command,
          .directory = state_dir + "/transcoding",
          .is_shared = takes_over,
          .timeout_s = config.transcoder.timeout_seconds,
          .memory_mib = config.transcoder.memory_mib,
          .output_mib = config.transcoder.output_mib};
}

PushSettings push_settings(const Config& config) {
  PushSettings settings;
  settings.keep_generations = config.push.keep_generations;
  settings.keep_symbols = config.push.keep_symbols;
  settings.require_signature = config.push.require_signature;
  settings.allow_development_key = config.push.allow_development_key;
  settings.preflight = {.is_on = config.push.preflight,
                        .program = {},
                        .deadline_ms = config.push.preflight_seconds * 1'000ull,
                        .output_bytes = config.limits.output_bytes_max};
  settings.gate_ms = config.push.gate_seconds * 1'000ull;
  settings.gate.calls_min = config.push.gate_calls_min;
  settings.gate.errors_margin = config.push.gate_errors_permille / 1'000.0;
  settings.gate.time_factor = config.push.gate_time_percent / 100.0;
  settings.gate.time_margin_us = config.push.gate_time_margin_us;
  settings.arena_bytes_max = static_cast<std::uint64_t>(config.faults.module_memory_mib) << 20;
  settings.gate.memory_min_bytes = static_cast<std::uint64_t>(config.push.gate_memory_mib) << 20;
  return settings;
}

ListenerFacts facts_of(const ListenAddress& listen) {
  using Kind = ListenAddress::Kind;
  using StartTls = ListenAddress::StartTls;
  ListenerFacts facts;
  facts.name = listen.name.empty() ? std::string(ListenAddress::kind_name(listen.kind)) : listen.name;
  for (const std::string& text : listen.proxy)
    if (const Result<IpNetwork> network = IpNetwork::parse(text)) facts.proxies.push_back(*network);
  switch (listen.kind) {
    case Kind::xmpp:
      facts.offers_starttls = listen.starttls != StartTls::off;
      facts.needs_tls = listen.starttls == StartTls::required;
      facts.alpn = "xmpp-client";
      break;
    case Kind::xmpps:
      facts.is_tls = true;
      facts.alpn = "xmpp-client";
      break;
    case Kind::xmpp_ws:  // Loopback only: the configuration sees to it.
      facts.framer = FramerKind::websocket;
      facts.needs_tls = false;
      break;
    case Kind::xmpp_wss:
      facts.framer = FramerKind::websocket;
      facts.is_tls = true;
      facts.alpn = "http/1.1";
      break;
    case Kind::lines:
      facts.framer = FramerKind::lines;
      facts.needs_tls = false;
      break;
    case Kind::http:  // Loopback only, likewise.
      facts.framer = FramerKind::http;
      facts.needs_tls = false;
      break;
    case Kind::https:
      facts.framer = FramerKind::http;
      facts.is_tls = true;
      facts.alpn = "http/1.1";
      break;
  }
  return facts;
}

}  // namespace hotline

// The fake host's tables of functions, by capability name.
#pragma once

#include <string_view>

#include "hotline/cap/login.h"
#include "hotline/fake/failing.hpp"
#include "hotline/fake/service_calls.hpp"
#include "hotline/fake/state_calls.hpp"
#include "hotline/fake/wire_calls.hpp"
#include "hotline/fake/world_calls.hpp"

namespace hotline::sdk::fake {

struct Calls : StreamCalls,
               SessionCalls,
               TableCalls,
               MailboxCalls,
               TimerAndPostCalls,
               ServiceCalls,
               CryptoCalls,
               WorldCalls {};

struct FunctionTables {
  using C = Calls;
  hl_cap_stream stream = {sizeof(hl_cap_stream),
                          0,
                          can_fail<"stream.info", C::stream_info, HL_E_GONE>,
                          can_fail<"stream.send", C::stream_send, HL_E_GONE>,
                          can_fail<"stream.close", C::stream_close, HL_E_GONE>,
                          can_fail<"stream.start_tls", C::start_tls, HL_E_GONE>,
                          can_fail<"stream.set_scratch", C::set_scratch, HL_E_GONE>,
                          can_fail<"stream.scratch", C::scratch, HL_E_GONE>,
                          can_fail<"stream.move_home", C::move_home, HL_E_GONE>,
                          can_fail<"stream.authenticate", C::authenticate, HL_E_GONE>,
                          can_fail<"stream.failed", C::failed, HL_E_GONE, HL_E_FULL>,
                          can_fail<"stream.exporter", C::exporter, HL_E_NONE, HL_E_GONE>};
  hl_cap_session session = {sizeof(hl_cap_session),
                            0,
                            can_fail<"session.bind", C::bind, HL_E_FULL, HL_E_GONE>,
                            can_fail<"session.info", C::session_info, HL_E_GONE>,
                            can_fail<"session.find", C::find, HL_E_NONE>,
                            C::list,
                            can_fail<"session.end", C::end, HL_E_GONE>,
                            C::field,
                            can_fail<"session.get", C::get_field, HL_E_GONE>,
                            can_fail<"session.set", C::set_field, HL_E_GONE>,
                            can_fail<"session.send", C::session_send, HL_E_GONE>,
                            can_fail<"session.send_stanza", C::send_stanza, HL_E_GONE>,
                            can_fail<"session.send_entry", C::send_entry, HL_E_GONE>,
                            can_fail<"session.send_nonza", C::send_nonza, HL_E_GONE>,
                            can_fail<"session.sm_enable", C::sm_enable, HL_E_GONE, HL_E_EXISTS>,
                            can_fail<"session.sm_id", C::sm_id, HL_E_GONE>,
                            can_fail<"session.sm_acknowledged", C::sm_acknowledged, HL_E_GONE, HL_E_INVALID>,
                            can_fail<"session.safe", C::safe, HL_E_GONE, HL_E_FULL>,
                            can_fail<"session.sm_resume", C::sm_resume, HL_E_NONE, HL_E_GONE>,
                            can_fail<"session.send_to", C::send_to, HL_E_GONE>};
  hl_cap_table table = {sizeof(hl_cap_table),
                        0,
                        C::open,
                        can_fail<"table.get", C::get, HL_E_PARKED>,
                        can_fail<"table.put", C::put, HL_E_FULL, HL_E_PARKED>,
                        C::erase,
                        C::next,
                        C::count,
                        C::next_account};
  hl_cap_mailbox mailbox = {sizeof(hl_cap_mailbox),
                            0,
                            can_fail<"mailbox.put", C::mailbox_put, HL_E_FULL>,
                            can_fail<"mailbox.drain", C::drain, HL_E_GONE>,
                            can_fail<"mailbox.accept", C::accept, HL_E_NONE>,
                            can_fail<"mailbox.remove", C::remove, HL_E_GONE>,
                            C::mailbox_count,
                            C::purge,
                            C::oldest};
  hl_cap_timer timer = {sizeof(hl_cap_timer), 0, can_fail<"timer.set", C::set_timer, HL_E_FULL>,
                        can_fail<"timer.cancel", C::cancel, HL_E_NONE>};
  hl_cap_post post = {sizeof(hl_cap_post),
                      0,
                      can_fail<"post.bytes", C::post_bytes, HL_E_FULL>,
                      can_fail<"post.stanza", C::post_stanza, HL_E_FULL>,
                      can_fail<"post.to_module", C::post_to_module, HL_E_FULL>,
                      can_fail<"post.stanza_to_module", C::post_stanza_to_module, HL_E_FULL>,
                      can_fail<"post.fan_out", C::fan_out, HL_E_FULL>,
                      C::reaches};
  hl_cap_clock clock = {sizeof(hl_cap_clock), 0, C::mono_us, C::wall_ms};
  hl_cap_config config = {sizeof(hl_cap_config), 0, C::domain, C::number, C::text, C::features, C::services};
  hl_cap_control control = {sizeof(hl_cap_control), 0, C::reply, C::refuse};
  hl_cap_crypto crypto = {sizeof(hl_cap_crypto),
                          0,
                          C::make_digest,
                          C::make_hmac,
                          C::equal,
                          can_fail<"crypto.pbkdf2", C::queue_pbkdf2, HL_E_FULL>,
                          can_fail<"crypto.prepare", C::prepare, HL_E_INVALID>};
  hl_cap_log log = {sizeof(hl_cap_log), 0, C::write};
  hl_cap_random random = {sizeof(hl_cap_random), 0, C::fill};
  hl_cap_stats stats = {sizeof(hl_cap_stats), 0, C::counter, C::add};
  hl_cap_http http = {sizeof(hl_cap_http), 0, can_fail<"http.respond", C::respond, HL_E_GONE>,
                      can_fail<"http.relay", C::relay, HL_E_NONE, HL_E_GONE>};
  hl_cap_file file = {sizeof(hl_cap_file),
                      0,
                      can_fail<"file.receive", C::receive, HL_E_NONE>,
                      can_fail<"file.send", C::send_file, HL_E_NONE, HL_E_GONE>,
                      can_fail<"file.erase", C::erase_file, HL_E_NONE>,
                      can_fail<"file.list", C::list_files, HL_E_NONE>,
                      can_fail<"file.copy", C::copy_file, HL_E_NONE>,
                      can_fail<"file.archive", C::archive_files, HL_E_NONE>,
                      can_fail<"file.transcode", C::transcode_file, HL_E_NONE>};
  hl_cap_outbox outbox = {sizeof(hl_cap_outbox), 0, can_fail<"outbox.send", C::send, HL_E_FULL, HL_E_NONE>};
  hl_cap_login login = {sizeof(hl_cap_login), 0, can_fail<"login.log_in", C::log_in, HL_E_GONE>};
  hl_cap_stanza stanza = [] {
    hl_cap_stanza with_parse = Stanza::capability_without_parse();
    with_parse.parse = C::parse;
    return with_parse;
  }();

  const void* find(std::string_view name) const {
    if (name == HL_CAP_STREAM) return &stream;
    if (name == HL_CAP_SESSION) return &session;
    if (name == HL_CAP_TABLE) return &table;
    if (name == HL_CAP_MAILBOX) return &mailbox;
    if (name == HL_CAP_TIMER) return &timer;
    if (name == HL_CAP_POST) return &post;
    if (name == HL_CAP_CLOCK) return &clock;
    if (name == HL_CAP_CONFIG) return &config;
    if (name == HL_CAP_CONTROL) return &control;
    if (name == HL_CAP_CRYPTO) return &crypto;
    if (name == HL_CAP_LOG) return &log;
    if (name == HL_CAP_RANDOM) return &random;
    if (name == HL_CAP_STATS) return &stats;
    if (name == HL_CAP_STANZA) return &stanza;
    if (name == HL_CAP_FILE) return &file;
    if (name == HL_CAP_HTTP) return &http;
    if (name == HL_CAP_OUTBOX) return &outbox;
    if (name == HL_CAP_LOGIN) return &login;
    return nullptr;
  }
};

}  // namespace hotline::sdk::fake

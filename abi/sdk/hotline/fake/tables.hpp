// The fake host's tables of functions, by capability name.
#pragma once

#include <string_view>

#include "hotline/fake/service_calls.hpp"
#include "hotline/fake/state_calls.hpp"
#include "hotline/fake/wire_calls.hpp"

namespace hotline::sdk::fake {

struct Calls : StreamCalls,
               SessionCalls,
               TableCalls,
               MailboxCalls,
               TimerAndPostCalls,
               ServiceCalls,
               CryptoCalls {};

struct FunctionTables {
  using C = Calls;
  hl_cap_stream stream = {
      sizeof(hl_cap_stream), 0,          C::stream_info, C::stream_send,  C::stream_close, C::start_tls,
      C::set_scratch,        C::scratch, C::move_home,   C::authenticate, C::failed,       C::exporter};
  hl_cap_session session = {sizeof(hl_cap_session),
                            0,
                            C::bind,
                            C::session_info,
                            C::find,
                            C::list,
                            C::end,
                            C::field,
                            C::get_field,
                            C::set_field,
                            C::session_send,
                            C::send_stanza,
                            C::send_entry,
                            C::send_nonza,
                            C::sm_enable,
                            C::sm_id,
                            C::sm_acknowledged,
                            C::safe,
                            C::sm_resume};
  hl_cap_table table = {sizeof(hl_cap_table), 0, C::open, C::get, C::put, C::erase, C::next, C::count,
                        C::next_account};
  hl_cap_mailbox mailbox = {sizeof(hl_cap_mailbox), 0,       C::mailbox_put, C::drain, C::accept, C::remove,
                            C::mailbox_count,       C::purge};
  hl_cap_timer timer = {sizeof(hl_cap_timer), 0, C::set_timer, C::cancel};
  hl_cap_post post = {sizeof(hl_cap_post), 0, C::post_bytes, C::post_stanza, C::post_to_module};
  hl_cap_clock clock = {sizeof(hl_cap_clock), 0, C::mono_us, C::wall_ms};
  hl_cap_config config = {sizeof(hl_cap_config), 0, C::domain, C::number, C::text, C::features};
  hl_cap_control control = {sizeof(hl_cap_control), 0, C::reply, C::refuse};
  hl_cap_crypto crypto = {sizeof(hl_cap_crypto), 0,         C::make_digest, C::make_hmac, C::equal,
                          C::queue_pbkdf2,       C::prepare};
  hl_cap_log log = {sizeof(hl_cap_log), 0, C::write};
  hl_cap_random random = {sizeof(hl_cap_random), 0, C::fill};
  hl_cap_stats stats = {sizeof(hl_cap_stats), 0, C::counter, C::add};
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
    return nullptr;
  }
};

}  // namespace hotline::sdk::fake

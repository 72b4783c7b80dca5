// Where everything lies that the ABI has promised: what a module was compiled with must stay true for as
// long as that module may be loaded. A struct may grow at its end, so of those with a `size` only the least
// is fixed. A line here is added with a member, and never changed.
//
// Compiled as C11, C17 and C++20 (CMakeLists.txt): it is checked by compiling.
#define HL_MODULE_NAME "layout"
#define HL_MODULE_VERSION "1.0.0"

#include <assert.h>
#include <stddef.h>

#include "hotline/cap/clock.h"
#include "hotline/cap/config.h"
#include "hotline/cap/control.h"
#include "hotline/cap/crypto.h"
#include "hotline/cap/file.h"
#include "hotline/cap/http.h"
#include "hotline/cap/log.h"
#include "hotline/cap/login.h"
#include "hotline/cap/mailbox.h"
#include "hotline/cap/outbox.h"
#include "hotline/cap/post.h"
#include "hotline/cap/random.h"
#include "hotline/cap/session.h"
#include "hotline/cap/stanza.h"
#include "hotline/cap/stats.h"
#include "hotline/cap/stream.h"
#include "hotline/cap/table.h"
#include "hotline/cap/timer.h"
#include "hotline/module.h"

#define IS(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#define GROWS_FROM(type, bytes) static_assert(sizeof(type) >= (bytes), #type)
#define AT(type, member, bytes) static_assert(offsetof(type, member) == (bytes), #type "." #member)

// clang-format off
// hotline/types.h
IS(hl_str, 16);
AT(hl_str, data, 0);
AT(hl_str, size, 8);
GROWS_FROM(hl_stanza, 176);
AT(hl_stanza, size, 0);
AT(hl_stanza, kind, 4);
AT(hl_stanza, name, 8);
AT(hl_stanza, ns, 24);
AT(hl_stanza, to, 40);
AT(hl_stanza, from, 56);
AT(hl_stanza, id, 72);
AT(hl_stanza, type, 88);
AT(hl_stanza, payload_name, 104);
AT(hl_stanza, payload_ns, 120);
AT(hl_stanza, xml, 136);
AT(hl_stanza, inner, 152);
AT(hl_stanza, index, 168);

// hotline/host.h
GROWS_FROM(struct hl_host, 24);
AT(struct hl_host, size, 0);
AT(struct hl_host, abi_major, 4);
AT(struct hl_host, abi_minor, 6);
AT(struct hl_host, context, 8);
AT(struct hl_host, capability, 16);

// hotline/module.h
GROWS_FROM(hl_stream_event, 64);
AT(hl_stream_event, size, 0);
AT(hl_stream_event, what, 4);
AT(hl_stream_event, stream, 8);
AT(hl_stream_event, to, 16);
AT(hl_stream_event, from, 32);
AT(hl_stream_event, lang, 48);
GROWS_FROM(hl_stanza_event, 48);
AT(hl_stanza_event, size, 0);
AT(hl_stanza_event, reserved, 4);
AT(hl_stanza_event, stream, 8);
AT(hl_stanza_event, session, 16);
AT(hl_stanza_event, account, 24);
AT(hl_stanza_event, stanza, 40);
GROWS_FROM(hl_line_event, 48);
AT(hl_line_event, size, 0);
AT(hl_line_event, reserved, 4);
AT(hl_line_event, stream, 8);
AT(hl_line_event, listener, 16);
AT(hl_line_event, line, 32);
GROWS_FROM(hl_session_event, 56);
AT(hl_session_event, size, 0);
AT(hl_session_event, what, 4);
AT(hl_session_event, session, 8);
AT(hl_session_event, account, 16);
AT(hl_session_event, resource, 32);
AT(hl_session_event, value, 48);
GROWS_FROM(hl_post_event, 48);
AT(hl_post_event, size, 0);
AT(hl_post_event, topic, 4);
AT(hl_post_event, account, 8);
AT(hl_post_event, bytes, 24);
AT(hl_post_event, stanza, 40);
GROWS_FROM(hl_drain_event, 64);
AT(hl_drain_event, size, 0);
AT(hl_drain_event, flags, 4);
AT(hl_drain_event, session, 8);
AT(hl_drain_event, account, 16);
AT(hl_drain_event, entry, 32);
AT(hl_drain_event, stored_wall_ms, 40);
AT(hl_drain_event, xml, 48);
GROWS_FROM(hl_expiry_event, 56);
AT(hl_expiry_event, size, 0);
AT(hl_expiry_event, flags, 4);
AT(hl_expiry_event, account, 8);
AT(hl_expiry_event, entry, 24);
AT(hl_expiry_event, stored_wall_ms, 32);
AT(hl_expiry_event, xml, 40);
GROWS_FROM(hl_timer_event, 56);
AT(hl_timer_event, size, 0);
AT(hl_timer_event, reserved, 4);
AT(hl_timer_event, account, 8);
AT(hl_timer_event, key, 24);
AT(hl_timer_event, bytes, 40);
GROWS_FROM(hl_command_event, 64);
AT(hl_command_event, size, 0);
AT(hl_command_event, reserved, 4);
AT(hl_command_event, command, 8);
AT(hl_command_event, name, 16);
AT(hl_command_event, account, 32);
AT(hl_command_event, json, 48);
GROWS_FROM(hl_work_event, 56);
AT(hl_work_event, size, 0);
AT(hl_work_event, status, 4);
AT(hl_work_event, account, 8);
AT(hl_work_event, token, 24);
AT(hl_work_event, result, 40);
GROWS_FROM(hl_module_entry, 128);
AT(hl_module_entry, magic, 0);
AT(hl_module_entry, size, 4);
AT(hl_module_entry, abi_major, 8);
AT(hl_module_entry, abi_minor, 10);
AT(hl_module_entry, reserved, 12);
AT(hl_module_entry, manifest, 16);
AT(hl_module_entry, self_test, 24);
AT(hl_module_entry, create, 32);
AT(hl_module_entry, destroy, 40);
AT(hl_module_entry, on_stream, 48);
AT(hl_module_entry, on_stanza, 56);
AT(hl_module_entry, on_line, 64);
AT(hl_module_entry, on_session, 72);
AT(hl_module_entry, on_post, 80);
AT(hl_module_entry, on_drain, 88);
AT(hl_module_entry, on_timer, 96);
AT(hl_module_entry, on_command, 104);
AT(hl_module_entry, on_work, 112);
AT(hl_module_entry, convert, 120);
AT(hl_module_entry, on_expiry, 128);
AT(hl_module_entry, on_request, 136);
IS(hl_http_field, 32);
AT(hl_http_field, name, 0);
AT(hl_http_field, value, 16);
GROWS_FROM(hl_request_event, 144);
AT(hl_request_event, size, 0);
AT(hl_request_event, flags, 4);
AT(hl_request_event, request, 8);
AT(hl_request_event, listener, 16);
AT(hl_request_event, peer, 32);
AT(hl_request_event, method, 48);
AT(hl_request_event, path, 64);
AT(hl_request_event, query, 80);
AT(hl_request_event, host, 96);
AT(hl_request_event, fields, 112);
AT(hl_request_event, field_count, 120);
AT(hl_request_event, body, 128);

// hotline/cap/clock.h
GROWS_FROM(hl_cap_clock, 24);
AT(hl_cap_clock, size, 0);
AT(hl_cap_clock, reserved, 4);
AT(hl_cap_clock, mono_us, 8);
AT(hl_cap_clock, wall_ms, 16);

// hotline/cap/config.h
GROWS_FROM(hl_cap_config, 40);
AT(hl_cap_config, size, 0);
AT(hl_cap_config, reserved, 4);
AT(hl_cap_config, domain, 8);
AT(hl_cap_config, number, 16);
AT(hl_cap_config, text, 24);
AT(hl_cap_config, features, 32);
AT(hl_cap_config, services, 40);

// hotline/cap/control.h
GROWS_FROM(hl_cap_control, 24);
AT(hl_cap_control, size, 0);
AT(hl_cap_control, reserved, 4);
AT(hl_cap_control, reply, 8);
AT(hl_cap_control, refuse, 16);

// hotline/cap/crypto.h
GROWS_FROM(hl_cap_crypto, 48);
AT(hl_cap_crypto, size, 0);
AT(hl_cap_crypto, reserved, 4);
AT(hl_cap_crypto, digest, 8);
AT(hl_cap_crypto, hmac, 16);
AT(hl_cap_crypto, equal, 24);
AT(hl_cap_crypto, pbkdf2, 32);
AT(hl_cap_crypto, prepare, 40);

// hotline/cap/log.h
GROWS_FROM(hl_cap_log, 16);
AT(hl_cap_log, size, 0);
AT(hl_cap_log, reserved, 4);
AT(hl_cap_log, write, 8);

// hotline/cap/mailbox.h
GROWS_FROM(hl_cap_mailbox, 56);
AT(hl_cap_mailbox, size, 0);
AT(hl_cap_mailbox, reserved, 4);
AT(hl_cap_mailbox, put, 8);
AT(hl_cap_mailbox, drain, 16);
AT(hl_cap_mailbox, accept, 24);
AT(hl_cap_mailbox, remove, 32);
AT(hl_cap_mailbox, count, 40);
AT(hl_cap_mailbox, purge, 48);
AT(hl_cap_mailbox, oldest, 56);

// hotline/cap/post.h
GROWS_FROM(hl_cap_post, 32);
AT(hl_cap_post, size, 0);
AT(hl_cap_post, reserved, 4);
AT(hl_cap_post, bytes, 8);
AT(hl_cap_post, stanza, 16);
AT(hl_cap_post, to_module, 24);
AT(hl_cap_post, stanza_to_module, 32);
AT(hl_cap_post, fan_out, 40);
AT(hl_cap_post, reaches, 48);

// hotline/cap/random.h
GROWS_FROM(hl_cap_random, 16);
AT(hl_cap_random, size, 0);
AT(hl_cap_random, reserved, 4);
AT(hl_cap_random, fill, 8);

// hotline/cap/session.h
GROWS_FROM(hl_session_info, 72);
AT(hl_session_info, size, 0);
AT(hl_session_info, flags, 4);
AT(hl_session_info, account, 8);
AT(hl_session_info, resource, 24);
AT(hl_session_info, address, 40);
AT(hl_session_info, stream, 56);
AT(hl_session_info, unacknowledged, 64);
GROWS_FROM(hl_cap_session, 144);
AT(hl_cap_session, size, 0);
AT(hl_cap_session, reserved, 4);
AT(hl_cap_session, bind, 8);
AT(hl_cap_session, info, 16);
AT(hl_cap_session, find, 24);
AT(hl_cap_session, list, 32);
AT(hl_cap_session, end, 40);
AT(hl_cap_session, field, 48);
AT(hl_cap_session, get, 56);
AT(hl_cap_session, set, 64);
AT(hl_cap_session, send, 72);
AT(hl_cap_session, send_stanza, 80);
AT(hl_cap_session, send_entry, 88);
AT(hl_cap_session, send_nonza, 96);
AT(hl_cap_session, sm_enable, 104);
AT(hl_cap_session, sm_id, 112);
AT(hl_cap_session, sm_acknowledged, 120);
AT(hl_cap_session, safe, 128);
AT(hl_cap_session, sm_resume, 136);
AT(hl_cap_session, send_to, 144);

// hotline/cap/stanza.h
GROWS_FROM(hl_cap_stanza, 80);
AT(hl_cap_stanza, size, 0);
AT(hl_cap_stanza, reserved, 4);
AT(hl_cap_stanza, name, 8);
AT(hl_cap_stanza, ns, 16);
AT(hl_cap_stanza, attr, 24);
AT(hl_cap_stanza, text, 32);
AT(hl_cap_stanza, first_child, 40);
AT(hl_cap_stanza, next_sibling, 48);
AT(hl_cap_stanza, child, 56);
AT(hl_cap_stanza, xml, 64);
AT(hl_cap_stanza, parse, 72);

// hotline/cap/stats.h
GROWS_FROM(hl_cap_stats, 24);
AT(hl_cap_stats, size, 0);
AT(hl_cap_stats, reserved, 4);
AT(hl_cap_stats, counter, 8);
AT(hl_cap_stats, add, 16);

// hotline/cap/stream.h
GROWS_FROM(hl_stream_info, 88);
AT(hl_stream_info, size, 0);
AT(hl_stream_info, flags, 4);
AT(hl_stream_info, account, 8);
AT(hl_stream_info, session, 24);
AT(hl_stream_info, peer, 32);
AT(hl_stream_info, listener, 48);
AT(hl_stream_info, tls_version, 64);
AT(hl_stream_info, failures, 80);
AT(hl_stream_info, reserved, 84);
AT(hl_stream_info, from, 88);
GROWS_FROM(hl_cap_stream, 88);
AT(hl_cap_stream, size, 0);
AT(hl_cap_stream, reserved, 4);
AT(hl_cap_stream, info, 8);
AT(hl_cap_stream, send, 16);
AT(hl_cap_stream, close, 24);
AT(hl_cap_stream, start_tls, 32);
AT(hl_cap_stream, set_scratch, 40);
AT(hl_cap_stream, scratch, 48);
AT(hl_cap_stream, move_home, 56);
AT(hl_cap_stream, authenticate, 64);
AT(hl_cap_stream, failed, 72);
AT(hl_cap_stream, exporter, 80);

// hotline/cap/table.h
GROWS_FROM(hl_cap_table, 64);
AT(hl_cap_table, size, 0);
AT(hl_cap_table, reserved, 4);
AT(hl_cap_table, open, 8);
AT(hl_cap_table, get, 16);
AT(hl_cap_table, put, 24);
AT(hl_cap_table, erase, 32);
AT(hl_cap_table, next, 40);
AT(hl_cap_table, count, 48);
AT(hl_cap_table, next_account, 56);

// hotline/cap/http.h
GROWS_FROM(hl_cap_http, 16);
AT(hl_cap_http, size, 0);
AT(hl_cap_http, reserved, 4);
AT(hl_cap_http, respond, 8);
AT(hl_cap_http, relay, 16);

// hotline/cap/file.h
GROWS_FROM(hl_cap_file, 48);
AT(hl_cap_file, size, 0);
AT(hl_cap_file, reserved, 4);
AT(hl_cap_file, receive, 8);
AT(hl_cap_file, send, 16);
AT(hl_cap_file, erase, 24);
AT(hl_cap_file, list, 32);
AT(hl_cap_file, copy, 40);
AT(hl_cap_file, archive, 48);
AT(hl_cap_file, transcode, 56);

// hotline/cap/outbox.h
GROWS_FROM(hl_cap_outbox, 16);
AT(hl_cap_outbox, size, 0);
AT(hl_cap_outbox, reserved, 4);
AT(hl_cap_outbox, send, 8);

// hotline/cap/login.h
GROWS_FROM(hl_cap_login, 16);
AT(hl_cap_login, size, 0);
AT(hl_cap_login, reserved, 4);
AT(hl_cap_login, log_in, 8);

// hotline/cap/timer.h
GROWS_FROM(hl_cap_timer, 24);
AT(hl_cap_timer, size, 0);
AT(hl_cap_timer, reserved, 4);
AT(hl_cap_timer, set, 8);
AT(hl_cap_timer, cancel, 16);

// Numbers that are stored, compared or sent.
static_assert(HL_OK == 0, "HL_OK");
static_assert(HL_E_NONE == 1, "HL_E_NONE");
static_assert(HL_E_INVALID == 2, "HL_E_INVALID");
static_assert(HL_E_ELSEWHERE == 3, "HL_E_ELSEWHERE");
static_assert(HL_E_GONE == 4, "HL_E_GONE");
static_assert(HL_E_FULL == 5, "HL_E_FULL");
static_assert(HL_E_DENIED == 6, "HL_E_DENIED");
static_assert(HL_E_EXISTS == 7, "HL_E_EXISTS");
static_assert(HL_E_FAULT == 8, "HL_E_FAULT");
static_assert(HL_E_PARKED == 9, "HL_E_PARKED");
static_assert(HL_STANZA_MESSAGE == 0, "HL_STANZA_MESSAGE");
static_assert(HL_STANZA_PRESENCE == 1, "HL_STANZA_PRESENCE");
static_assert(HL_STANZA_IQ == 2, "HL_STANZA_IQ");
static_assert(HL_STANZA_NONZA == 3, "HL_STANZA_NONZA");
static_assert(HL_ABI_MAJOR == 1, "HL_ABI_MAJOR");
static_assert(HL_MODULE_MAGIC == 0x484c4d31u, "HL_MODULE_MAGIC");
static_assert(HL_STREAM_OPENED == 1, "HL_STREAM_OPENED");
static_assert(HL_STREAM_CLOSED == 2, "HL_STREAM_CLOSED");
static_assert(HL_SESSION_DETACHED == 1, "HL_SESSION_DETACHED");
static_assert(HL_SESSION_RESUMED == 2, "HL_SESSION_RESUMED");
static_assert(HL_SESSION_ENDED == 3, "HL_SESSION_ENDED");
static_assert(HL_SESSION_SAFE == 4, "HL_SESSION_SAFE");
static_assert(HL_DIGEST_SHA1 == 1, "HL_DIGEST_SHA1");
static_assert(HL_DIGEST_SHA256 == 2, "HL_DIGEST_SHA256");
static_assert(HL_PREPARE_NODE == 1, "HL_PREPARE_NODE");
static_assert(HL_PREPARE_DOMAIN == 2, "HL_PREPARE_DOMAIN");
static_assert(HL_PREPARE_RESOURCE == 3, "HL_PREPARE_RESOURCE");
static_assert(HL_PREPARE_PASSWORD == 4, "HL_PREPARE_PASSWORD");
static_assert(HL_LOG_DEBUG == 0, "HL_LOG_DEBUG");
static_assert(HL_LOG_INFO == 1, "HL_LOG_INFO");
static_assert(HL_LOG_WARNING == 2, "HL_LOG_WARNING");
static_assert(HL_LOG_ERROR == 3, "HL_LOG_ERROR");
static_assert(HL_SESSION_IS_ATTACHED == 1u, "HL_SESSION_IS_ATTACHED");
static_assert(HL_SESSION_HAS_SM == 2u, "HL_SESSION_HAS_SM");
static_assert(HL_SESSION_CAN_RESUME == 4u, "HL_SESSION_CAN_RESUME");
static_assert(HL_NODE_NONE == 0xffffffffu, "HL_NODE_NONE");
static_assert(HL_STREAM_IS_TLS == 1u, "HL_STREAM_IS_TLS");
static_assert(HL_STREAM_CAN_STARTTLS == 2u, "HL_STREAM_CAN_STARTTLS");
static_assert(HL_STREAM_NEEDS_TLS == 4u, "HL_STREAM_NEEDS_TLS");
static_assert(HL_STREAM_IS_WEBSOCKET == 8u, "HL_STREAM_IS_WEBSOCKET");
static_assert(HL_STREAM_IS_LOOPBACK == 16u, "HL_STREAM_IS_LOOPBACK");
static_assert(HL_REQUEST_IS_TLS == 1u, "HL_REQUEST_IS_TLS");
static_assert(HL_REQUEST_IS_LOOPBACK == 2u, "HL_REQUEST_IS_LOOPBACK");
static_assert(HL_HTTP_FIELDS_MAX == 32u, "HL_HTTP_FIELDS_MAX");
static_assert(HL_OUTBOX_BODY_MAX == 16384u, "HL_OUTBOX_BODY_MAX");
static_assert(HL_KEY_SIZE_MAX == 3072u, "HL_KEY_SIZE_MAX");
static_assert(HL_ROW_SIZE_MAX == 1048576u, "HL_ROW_SIZE_MAX");
// clang-format on

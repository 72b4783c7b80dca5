// Everything a fake host holds: plain values, so that a call's effects are undone by putting the copy
// from before the call back.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hotline/cap/session.h"
#include "hotline/cap/stream.h"
#include "hotline/fake/stanza.hpp"
#include "hotline/module.h"

namespace hotline::sdk::fake {

struct Stream {
  std::uint32_t flags = HL_STREAM_IS_TLS;
  std::string peer = "127.0.0.1";
  std::string listener = "xmpp";
  std::string tls_version = "TLSv1.3";
  std::optional<std::string> channel_binding;  // What exporter() gives; absent: HL_E_NONE.
  std::string account;
  hl_session session = 0;
  std::string scratch;
  std::uint32_t failures = 0;
  bool is_open = true;
  bool is_tls_started = false;
  std::string error;  // The condition it was closed with.
  std::vector<std::string> sent;
  std::string from;  // Of the client's header; empty: it says nothing.
};

struct Unacknowledged {
  std::string xml;
  hl_entry entry = 0;
};

struct Session {
  std::string account, resource, address;
  hl_stream stream = 0;
  bool has_ended = false;
  std::string error;  // The condition it was ended with.
  std::map<std::uint32_t, std::int64_t> fields;
  bool has_sm = false;
  std::uint32_t resume_s = 0;
  std::string sm_id;
  std::uint32_t handled = 0;          // Stanzas received since stream management was turned on.
  std::optional<std::uint32_t> safe;  // What is safe of them, when a test holds it back.
  std::uint32_t acknowledged = 0;     // By the client.
  std::deque<Unacknowledged> unacknowledged;
};

struct Entry {
  std::string xml;
  std::uint64_t tag = 0;
  std::uint32_t flags = 0;
  std::uint64_t stored_wall_ms = 0;
  hl_session holder = 0;
  std::string module;  // Who put it.
};

struct Timer {
  std::uint64_t due_ms = 0;
  std::string bytes;
};

// A post that waits for run().
struct Post {
  std::string module, account;
  std::uint32_t topic = 0;
  std::string bytes;
  std::shared_ptr<const Stanza> stanza;  // NULL when bytes were posted.
};

struct Work {
  std::string module;
  std::int32_t digest = 0;
  std::string password, salt;
  std::uint32_t iterations = 0;
  std::string account, token;
};

struct Reply {
  std::string text;
  bool is_refusal = false;
};

// What an HTTP client asks.
struct HttpAsk {
  std::string method, path, body;
  std::string peer = "192.0.2.1";
  std::uint32_t flags = HL_REQUEST_IS_TLS;
  std::vector<std::pair<std::string, std::string>> fields = {};
};

// Its request, and the answer.
struct Request {
  std::uint32_t status = 0;  // 0: it still waits.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::string file;  // Its body is that of a file, from `offset` on.
  std::uint64_t offset = 0, length = 0;
  std::string node, path;  // That it was passed on to.
};

// What is asked of files: "receive", "erase", "list", "copy", "archive" (`size`: its age)
// or "transcode" (`digest`: of what, and the words), and who is told
// of it by work_done().
struct FileWish {
  std::string kind, module, name, account, token;
  hl_request request = 0;
  std::uint64_t offset = 0, size = 0;
  std::string digest;
};

// What a gateway was given.
struct Sent {
  std::string module, gateway, account, token, body;
};

struct SessionWord {  // A session event that waits for the end of the call.
  std::int32_t what = 0;
  hl_session session = 0;
  std::uint64_t value = 0;
};

struct State {
  std::uint64_t next_handle = 1;
  std::map<hl_stream, Stream> streams;
  std::map<hl_session, Session> sessions;
  std::map<std::string, std::map<hl_entry, Entry>> mailboxes;  // By account.
  std::map<std::string, std::map<std::string, std::map<std::string, std::string>>>
      tables;                                                                          // Table, account, key.
  std::map<std::string, std::map<std::pair<std::string, std::string>, Timer>> timers;  // By module.
  std::deque<Post> posts;
  std::deque<Work> work;
  std::deque<std::pair<hl_session, hl_entry>> drains;
  std::deque<SessionWord> session_words;
  std::map<std::uint64_t, Reply> replies;  // By command.
  std::map<hl_request, Request> requests;
  std::deque<Sent> outbox;
  std::deque<FileWish> files;
  std::map<std::string, std::int64_t> counters;
  std::set<std::string> elsewhere;  // Accounts whose home the connection has yet to move to.
  bool has_moved = false;           // move_home answered HL_OK in this call.
};

}  // namespace hotline::sdk::fake

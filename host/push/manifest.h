// Manifest: what a module says of itself, parsed from the text in its file (abi: hotline/manifest.h).
//
// The text is the outside's: every size is bounded, an unknown word, a duplicate or a number that
// cannot be is an error that names the line. Values own their strings; immutable once parsed, so any
// thread may read one.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stanza.h"

namespace hotline {

// A module's version, x.y.z.
struct Version {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t patch = 0;

  static Result<Version> parse(std::string_view text);
  std::string text() const;
  auto operator<=>(const Version&) const = default;
};

// What `to` of a stanza is to its sender. A stanza has one of the first five; a route may say `any`.
enum class AddressClass : std::uint8_t {
  none,    // Absent.
  self,    // The sender's own bare address. As a route: that, or absent.
  domain,  // The host's domain.
  bare,    // Another account's bare address. As a route: any bare address.
  full,    // With a resource.
  any,
};

// How far the stream is. A route is for one of them: what is for a bound session must never be
// reached by a stranger because its author said nothing.
enum class When : std::uint8_t {
  bound,         // A resource is bound: what a route means that says nothing.
  before_bind,   // Logged in, no resource yet.
  before_login,  // Anybody.
};

struct Route {
  Stanza::Kind kind = Stanza::Kind::message;
  std::string ns;  // "*": any. Empty for message and presence, which have none.
  AddressClass address = AddressClass::any;
  When when = When::bound;

  std::string text() const;  // As in the manifest: "iq jabber:iq:roster self".
  bool operator==(const Route&) const = default;
};

struct TableClaim {
  std::string name;
  bool is_durable = false;
  std::uint32_t writes = 0;          // Schema of the rows it writes.
  std::vector<std::uint32_t> reads;  // Schemas it reads unconverted, `writes` among them; ascending.

  bool reads_schema(std::uint32_t schema) const;
};

// HTTP requests: a method, and a path that is the request's or its beginning up to a '/'.
struct HttpClaim {
  std::string method;
  std::string path;
  bool takes_head = false;  // Bodies are not collected: they go where the module says.

  std::string text() const { return "http " + method + " " + path + (takes_head ? " head" : ""); }
  bool is_same_route(const HttpClaim& other) const { return method == other.method && path == other.path; }
  bool operator==(const HttpClaim&) const = default;
};

struct CommandClaim {
  std::string name;
  bool is_everywhere = false;  // Each shard answers; else the home of its parameter "account" does.
};

struct Manifest {
  std::string text;  // What it was parsed from, without the closing NUL.
  std::string name;  // [a-z][a-z0-9_]*: safe as a file name.
  Version version;
  std::uint16_t abi_major = 0;
  std::uint16_t abi_minor = 0;
  std::string about;
  std::vector<std::string> needs;  // Capabilities, "hotline.table/1".
  std::vector<std::string> wants;
  std::vector<TableClaim> tables;
  std::vector<std::string> reads_tables;
  std::vector<Route> routes;
  bool wants_stream = false;
  bool wants_sessions = false;
  bool drains = false;
  std::vector<std::string> lines;     // Names of listeners.
  std::vector<std::string> services;  // First labels of domains below the host's: "groups".
  std::vector<HttpClaim> http;
  std::vector<CommandClaim> commands;
  std::vector<std::string> accepts_posts;  // Names of modules.
  std::vector<std::string> features;
  std::uint32_t budget_call_us = 0;  // A longer call is charged. 0: the host's default.
  std::uint32_t budget_hard_us = 0;  // A longer call is ended. 0: the host's default.

  static constexpr std::size_t text_bytes_max = 65536;

  static Result<Manifest> parse(std::string_view text);

  std::string label() const { return name + " " + version.text(); }  // "presence 1.4.2"
  bool names_capability(std::string_view capability) const;
  const TableClaim* table(std::string_view table_name) const;  // NULL: it claims no such table.
  // A table of both has rows in a newer schema from this one: a schema step.
  bool writes_newer_than(const Manifest& other) const;
  // What no other module may claim beside it, each as the line of the manifest says it:
  // "iq jabber:iq:roster self", "table roster", "command user.add", "line echo", "service groups", "stream".
  std::vector<std::string> claims() const;
};

std::string_view name_of(Stanza::Kind kind);
std::string_view name_of(AddressClass address);

}  // namespace hotline

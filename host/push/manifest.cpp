#include "push/manifest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace hotline {

namespace {

constexpr std::size_t line_bytes_max = 1024;
constexpr std::size_t words_max = 40;     // In a line.
constexpr std::size_t entries_max = 256;  // Lines of one word: routes, commands, ...
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t module_name_bytes_max = 32;
constexpr std::size_t namespace_bytes_max = 255;
constexpr std::size_t about_bytes_max = 200;
constexpr std::uint32_t schema_max = 1'000'000;
constexpr std::uint32_t budget_us_min = 100;
constexpr std::uint32_t budget_us_max = 10'000'000;

using Words = std::span<const std::string_view>;
// Empty: the line is fine. Else what is wrong with it.
using Complaint = std::string;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string in_quotes(std::string_view word) {
  return "`" + std::string(word) + "`";
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t min, std::uint32_t max) {
  std::uint32_t value = 0;
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < min || value > max) return std::nullopt;
  return value;
}

bool is_module_name(std::string_view text) {
  return !text.empty() && text.size() <= module_name_bytes_max && is_lower(text[0]) &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

// Names of tables, commands and listeners.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max && (is_lower(text[0]) || is_digit(text[0])) &&
         std::ranges::all_of(
             text, [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

// "hotline.table/1"
bool is_capability(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_name(text.substr(0, slash)) &&
         number(text.substr(slash + 1), 1, 9999).has_value();
}

std::optional<Stanza::Kind> parse_kind(std::string_view word) {
  for (const Stanza::Kind kind :
       {Stanza::Kind::message, Stanza::Kind::presence, Stanza::Kind::iq, Stanza::Kind::nonza})
    if (word == name_of(kind)) return kind;
  return std::nullopt;
}

std::optional<AddressClass> parse_address(std::string_view word) {
  for (const AddressClass address : {AddressClass::none, AddressClass::self, AddressClass::domain,
                                     AddressClass::bare, AddressClass::full, AddressClass::any})
    if (word == name_of(address)) return address;
  return std::nullopt;
}

// Well-formed UTF-8 (RFC 3629): the text is shown to people and sent to clients.
bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || size > text.size() - at) return false;
    std::uint32_t code = size == 1 ? lead : lead & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if ((next & 0xc0) != 0x80) return false;
      code = (code << 6) | (next & 0x3f);
    }
    const bool is_overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    if (is_overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    at += size;
  }
  return true;
}

class ManifestParser {
 public:
  Result<Manifest> run(std::string_view text);

 private:
  using LineRule = Complaint (ManifestParser::*)(Words);
  struct Word {
    std::string_view word;
    std::size_t arguments_min;
    std::size_t arguments_max;
    LineRule rule;
  };
  static const std::array<Word, 19> grammar;

  Complaint line(std::string_view text);
  Complaint once(bool& seen, std::string_view word);
  // Adds `entry` unless it is there already or there are too many.
  static Complaint add(std::vector<std::string>& list, std::string_view entry);
  Complaint capability(std::vector<std::string>& list, std::string_view name);

  Complaint name(Words words);
  Complaint version(Words words);
  Complaint abi(Words words);
  Complaint about(Words words);
  Complaint needs(Words words) { return capability(manifest_.needs, words[0]); }
  Complaint wants(Words words) { return capability(manifest_.wants, words[0]); }
  Complaint table(Words words);
  Complaint reads_table(Words words);
  Complaint route(Words words);
  Complaint stream(Words) { return once(manifest_.wants_stream, "stream"); }
  Complaint sessions(Words) { return once(manifest_.wants_sessions, "sessions"); }
  Complaint drain(Words) { return once(manifest_.drains, "drain"); }
  Complaint line_listener(Words words);
  Complaint service(Words words);
  Complaint http(Words words);
  Complaint command(Words words);
  Complaint accepts_posts(Words words);
  Complaint feature(Words words);
  Complaint budget(Words words);

  Manifest manifest_;
  bool has_name_ = false;
  bool has_version_ = false;
  bool has_abi_ = false;
  bool has_about_ = false;
  bool has_budget_ = false;
  bool has_hard_budget_ = false;
};

const std::array<ManifestParser::Word, 19> ManifestParser::grammar{{
    {"name", 1, 1, &ManifestParser::name},
    {"version", 1, 1, &ManifestParser::version},
    {"abi", 1, 1, &ManifestParser::abi},
    {"about", 1, words_max, &ManifestParser::about},
    {"needs", 1, 1, &ManifestParser::needs},
    {"wants", 1, 1, &ManifestParser::wants},
    {"table", 6, words_max, &ManifestParser::table},
    {"reads-table", 1, 1, &ManifestParser::reads_table},
    {"route", 2, 4, &ManifestParser::route},
    {"stream", 0, 0, &ManifestParser::stream},
    {"sessions", 0, 0, &ManifestParser::sessions},
    {"drain", 0, 0, &ManifestParser::drain},
    {"line", 1, 1, &ManifestParser::line_listener},
    {"service", 1, 1, &ManifestParser::service},
    {"http", 2, 3, &ManifestParser::http},
    {"command", 2, 2, &ManifestParser::command},
    {"accepts-posts", 1, 1, &ManifestParser::accepts_posts},
    {"feature", 1, 1, &ManifestParser::feature},
    {"budget", 2, 2, &ManifestParser::budget},
}};

Result<Manifest> ManifestParser::run(std::string_view text) {
  if (text.size() > Manifest::text_bytes_max)
    return Error{"the manifest has " + std::to_string(text.size()) + " bytes, more than the " +
                 std::to_string(Manifest::text_bytes_max) + " it may have"};
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    ++number;
    const std::size_t end = rest.find('\n');
    const Complaint fault = line(rest.substr(0, end));
    if (!fault.empty()) return Error{"manifest line " + std::to_string(number) + ": " + fault};
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  if (!has_name_ || !has_version_ || !has_abi_)
    return Error{std::string("the manifest has no `") +
                 (!has_name_      ? "name"
                  : !has_version_ ? "version"
                                  : "abi") +
                 "` line: build with hotline_add_module and HL_MANIFEST, which add it"};
  manifest_.text = text;
  return std::move(manifest_);
}

Complaint ManifestParser::line(std::string_view text) {
  if (text.size() > line_bytes_max) return "longer than " + std::to_string(line_bytes_max) + " bytes";
  if (std::ranges::any_of(text, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; }))
    return "it has a control character";
  if (!is_utf8(text)) return "it is not UTF-8";
  std::array<std::string_view, words_max + 1> words;
  std::size_t count = 0;
  for (std::size_t at = text.find_first_not_of(" \t"); at != std::string_view::npos;) {
    if (count == words.size()) return "more than " + std::to_string(words_max) + " words";
    const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
    words[count++] = text.substr(at, end - at);
    at = text.find_first_not_of(" \t", end);
  }
  if (count == 0) return {};  // A blank line, as raw string literals have at their start.

  const auto rule = std::ranges::find_if(grammar, [&](const Word& word) { return word.word == words[0]; });
  if (rule == grammar.end())
    return "unknown word " + in_quotes(words[0]) + ": hotline/manifest.h lists the known ones";
  const std::size_t arguments = count - 1;
  if (arguments < rule->arguments_min || arguments > rule->arguments_max)
    return in_quotes(words[0]) + " has " + std::to_string(arguments) +
           " words behind it; hotline/manifest.h shows its form";
  return (this->*rule->rule)(Words(words).subspan(1, arguments));
}

Complaint ManifestParser::once(bool& seen, std::string_view word) {
  if (seen) return in_quotes(word) + " is there twice";
  seen = true;
  return {};
}

Complaint ManifestParser::add(std::vector<std::string>& list, std::string_view entry) {
  if (std::ranges::find(list, entry) != list.end()) return in_quotes(entry) + " is there twice";
  if (list.size() == entries_max) return "more than " + std::to_string(entries_max) + " of its kind";
  list.emplace_back(entry);
  return {};
}

Complaint ManifestParser::capability(std::vector<std::string>& list, std::string_view name) {
  if (!is_capability(name)) return in_quotes(name) + " is not a capability's name, like `hotline.table/1`";
  if (manifest_.names_capability(name)) return in_quotes(name) + " is there twice";
  return add(list, name);
}

Complaint ManifestParser::name(Words words) {
  if (!is_module_name(words[0]))
    return in_quotes(words[0]) + " is not a module's name: a lower-case letter, then up to " +
           std::to_string(module_name_bytes_max - 1) + " of a-z, 0-9 and _";
  manifest_.name = words[0];
  return once(has_name_, "name");
}

Complaint ManifestParser::version(Words words) {
  const Result<Version> version = Version::parse(words[0]);
  if (!version) return version.error().message;
  manifest_.version = *version;
  return once(has_version_, "version");
}

Complaint ManifestParser::abi(Words words) {
  const std::size_t dot = words[0].find('.');
  const std::uint32_t max = std::numeric_limits<std::uint16_t>::max();
  const auto major = number(words[0].substr(0, dot), 0, max);
  const auto minor = dot == std::string_view::npos ? std::nullopt : number(words[0].substr(dot + 1), 0, max);
  if (!major || !minor) return in_quotes(words[0]) + " is not an ABI's number, like `1.0`";
  manifest_.abi_major = static_cast<std::uint16_t>(*major);
  manifest_.abi_minor = static_cast<std::uint16_t>(*minor);
  return once(has_abi_, "abi");
}

Complaint ManifestParser::about(Words words) {
  const char* begin = words.front().data();
  const char* end = words.back().data() + words.back().size();
  manifest_.about.assign(begin, end);
  if (manifest_.about.size() > about_bytes_max)
    return "`about` is longer than " + std::to_string(about_bytes_max) + " bytes";
  return once(has_about_, "about");
}

// NAME durable|volatile writes N reads N...
Complaint ManifestParser::table(Words words) {
  if (!is_name(words[0])) return in_quotes(words[0]) + " is not a table's name";
  if (manifest_.table(words[0]) != nullptr) return "table " + in_quotes(words[0]) + " is there twice";
  if (manifest_.tables.size() == entries_max) return "more than " + std::to_string(entries_max) + " tables";
  if (words[1] != "durable" && words[1] != "volatile")
    return in_quotes(words[1]) + " is neither `durable` nor `volatile`";
  if (words[2] != "writes" || words[4] != "reads")
    return "a table is said as `table NAME durable|volatile writes N reads N...`";
  TableClaim claim{.name = std::string(words[0]), .is_durable = words[1] == "durable"};
  const auto writes = number(words[3], 1, schema_max);
  if (!writes) return in_quotes(words[3]) + " is not a schema's number: 1 to " + std::to_string(schema_max);
  claim.writes = *writes;
  for (const std::string_view word : words.subspan(5)) {
    const auto schema = number(word, 1, schema_max);
    if (!schema) return in_quotes(word) + " is not a schema's number: 1 to " + std::to_string(schema_max);
    if (claim.reads_schema(*schema)) return "schema " + in_quotes(word) + " is there twice";
    claim.reads.push_back(*schema);
  }
  if (!claim.reads_schema(claim.writes))
    return "it writes schema " + std::to_string(claim.writes) + " and does not read it: add it to `reads`";
  std::ranges::sort(claim.reads);
  manifest_.tables.push_back(std::move(claim));
  return {};
}

Complaint ManifestParser::reads_table(Words words) {
  if (!is_name(words[0])) return in_quotes(words[0]) + " is not a table's name";
  return add(manifest_.reads_tables, words[0]);
}

// KIND [NAMESPACE] ADDRESS [before-login|before-bind]
Complaint ManifestParser::route(Words words) {
  Route route;
  const auto kind = parse_kind(words[0]);
  if (!kind) return in_quotes(words[0]) + " is not a kind of stanza: message, presence, iq or nonza";
  route.kind = *kind;
  words = words.subspan(1);
  if (*kind == Stanza::Kind::iq || *kind == Stanza::Kind::nonza) {
    if (words[0].size() > namespace_bytes_max)
      return "a namespace of more than " + std::to_string(namespace_bytes_max) + " bytes";
    route.ns = words[0];
    words = words.subspan(1);
  }
  const auto address = words.empty() ? std::nullopt : parse_address(words[0]);
  if (!address)
    return (words.empty() ? "the address is missing" : in_quotes(words[0]) + " is not an address") +
           std::string(": none, self, domain, bare, full or any");
  route.address = *address;
  words = words.subspan(1);
  if (!words.empty()) {
    if (words.size() > 1 || (words[0] != "before-login" && words[0] != "before-bind"))
      return in_quotes(words[0]) + " is neither `before-login` nor `before-bind`";
    route.when = words[0] == "before-login" ? When::before_login : When::before_bind;
  }
  if (std::ranges::find(manifest_.routes, route) != manifest_.routes.end())
    return "route " + in_quotes(route.text()) + " is there twice";
  if (manifest_.routes.size() == entries_max) return "more than " + std::to_string(entries_max) + " routes";
  manifest_.routes.push_back(std::move(route));
  return {};
}

Complaint ManifestParser::line_listener(Words words) {
  if (!is_name(words[0])) return in_quotes(words[0]) + " is not a listener's name";
  return add(manifest_.lines, words[0]);
}

Complaint ManifestParser::service(Words words) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  const bool is_label = words[0].size() <= 63 &&
                        words[0].find_first_not_of(letters) == std::string_view::npos &&
                        words[0].front() != '-' && words[0].back() != '-';
  if (!is_label)
    return in_quotes(words[0]) + " is not a domain's label: up to 63 of a-z, 0-9 and -, without - at an end";
  return add(manifest_.services, words[0]);
}

Complaint ManifestParser::http(Words words) {
  constexpr std::array methods = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  if (std::ranges::find(methods, words[0]) == methods.end())
    return in_quotes(words[0]) + " is not a method: GET, POST, PUT, PATCH, DELETE or OPTIONS";
  const bool is_path = words[1].starts_with('/') && words[1].find("//") == std::string_view::npos &&
                       words[1].size() <= namespace_bytes_max &&
                       (words[1] == "/" || !words[1].ends_with('/')) &&
                       std::ranges::all_of(words[1], [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                std::string_view("/-_.~").find(c) != std::string_view::npos;
                       });
  if (!is_path)
    return in_quotes(words[1]) +
           " is not a path: `/` and segments of letters, digits and -_.~, no `/` behind";
  if (words.size() == 3 && words[2] != "head")
    return in_quotes(words[2]) + " is not `head`, which is all that may follow a path";
  const HttpClaim claim{std::string(words[0]), std::string(words[1]), words.size() == 3};
  if (std::ranges::any_of(manifest_.http, [&](const HttpClaim& each) { return each.is_same_route(claim); }))
    return in_quotes(claim.text()) + " is there twice";
  if (manifest_.http.size() == entries_max)
    return "more than " + std::to_string(entries_max) + " of its kind";
  manifest_.http.push_back(claim);
  return {};
}

Complaint ManifestParser::command(Words words) {
  if (!is_name(words[0])) return in_quotes(words[0]) + " is not a command's name, like `user.add`";
  if (words[1] != "account" && words[1] != "everywhere")
    return in_quotes(words[1]) + " is neither `account` nor `everywhere`";
  const auto same_name = [&](const CommandClaim& claim) { return claim.name == words[0]; };
  if (std::ranges::any_of(manifest_.commands, same_name))
    return "command " + in_quotes(words[0]) + " is there twice";
  if (manifest_.commands.size() == entries_max)
    return "more than " + std::to_string(entries_max) + " commands";
  manifest_.commands.push_back({std::string(words[0]), words[1] == "everywhere"});
  return {};
}

Complaint ManifestParser::accepts_posts(Words words) {
  if (!is_module_name(words[0])) return in_quotes(words[0]) + " is not a module's name";
  return add(manifest_.accepts_posts, words[0]);
}

Complaint ManifestParser::feature(Words words) {
  if (words[0].size() > namespace_bytes_max)
    return "a feature of more than " + std::to_string(namespace_bytes_max) + " bytes";
  return add(manifest_.features, words[0]);
}

Complaint ManifestParser::budget(Words words) {
  const bool is_hard = words[0] == "hard_us";
  if (!is_hard && words[0] != "call_us")
    return "unknown budget " + in_quotes(words[0]) + ": there are `call_us` and `hard_us`";
  const auto limit_us = number(words[1], budget_us_min, budget_us_max);
  if (!limit_us)
    return in_quotes(words[1]) + " is not a budget: " + std::to_string(budget_us_min) + " to " +
           std::to_string(budget_us_max) + " us";
  (is_hard ? manifest_.budget_hard_us : manifest_.budget_call_us) = *limit_us;
  return is_hard ? once(has_hard_budget_, "budget hard_us") : once(has_budget_, "budget call_us");
}

}  // namespace

Result<Version> Version::parse(std::string_view text) {
  Version version;
  std::string_view rest = text;
  for (std::uint32_t* part : {&version.major, &version.minor, &version.patch}) {
    const std::size_t end = part == &version.patch ? rest.size() : rest.find('.');
    const auto value = end == std::string_view::npos ? std::nullopt : number(rest.substr(0, end), 0, 999'999);
    if (!value) return Error{in_quotes(text) + " is not a version: x.y.z, three numbers"};
    *part = *value;
    rest = rest.substr(std::min(end + 1, rest.size()));
  }
  return version;
}

std::string Version::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::string Route::text() const {
  std::string text(name_of(kind));
  if (!ns.empty()) text += " " + ns;
  text += " ";
  text += name_of(address);
  if (when == When::before_login) text += " before-login";
  if (when == When::before_bind) text += " before-bind";
  return text;
}

bool TableClaim::reads_schema(std::uint32_t schema) const {
  return std::ranges::find(reads, schema) != reads.end();
}

Result<Manifest> Manifest::parse(std::string_view text) {
  return ManifestParser().run(text);
}

bool Manifest::names_capability(std::string_view capability) const {
  return std::ranges::find(needs, capability) != needs.end() ||
         std::ranges::find(wants, capability) != wants.end();
}

bool Manifest::writes_newer_than(const Manifest& other) const {
  return std::ranges::any_of(tables, [&other](const TableClaim& claim) {
    const TableClaim* its = other.table(claim.name);
    return its != nullptr && its->writes < claim.writes;
  });
}

const TableClaim* Manifest::table(std::string_view table_name) const {
  const auto found =
      std::ranges::find_if(tables, [&](const TableClaim& claim) { return claim.name == table_name; });
  return found == tables.end() ? nullptr : &*found;
}

std::vector<std::string> Manifest::claims() const {
  std::vector<std::string> claims;
  for (const Route& route : routes) claims.push_back(route.text());
  for (const TableClaim& claim : tables) claims.push_back("table " + claim.name);
  for (const CommandClaim& claim : commands) claims.push_back("command " + claim.name);
  for (const std::string& listener : lines) claims.push_back("line " + listener);
  for (const std::string& service : services) claims.push_back("service " + service);
  for (const HttpClaim& claim : http) claims.push_back(claim.text());
  if (wants_stream) claims.emplace_back("stream");
  return claims;
}

std::string_view name_of(Stanza::Kind kind) {
  switch (kind) {
    case Stanza::Kind::message: return "message";
    case Stanza::Kind::presence: return "presence";
    case Stanza::Kind::iq: return "iq";
    case Stanza::Kind::nonza: return "nonza";
  }
  return "?";
}

std::string_view name_of(AddressClass address) {
  switch (address) {
    case AddressClass::none: return "none";
    case AddressClass::self: return "self";
    case AddressClass::domain: return "domain";
    case AddressClass::bare: return "bare";
    case AddressClass::full: return "full";
    case AddressClass::any: return "any";
  }
  return "?";
}

}  // namespace hotline

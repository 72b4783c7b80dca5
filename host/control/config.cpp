#include "control/config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "base/ip_network.h"
#include "control/config_gateway.h"
#include "control/config_keys.h"
#include "control/config_node.h"
#include "control/edit_distance.h"
#include "control/json_text.h"

namespace hotline {
namespace {

using nlohmann::json;

constexpr std::size_t config_bytes_max = 1'048'576;

bool is_ip_address(const std::string& text) {
  in6_addr parsed{};
  return inet_pton(AF_INET, text.c_str(), &parsed) == 1 || inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

bool is_loopback_address(const std::string& text) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

// Lower-case labels of letters, digits, hyphens; or whatever is not ASCII: the modules prepare that.
bool is_domain(std::string_view text) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':' || c == '[' ||
           c == ']' || (static_cast<unsigned char>(c) & 0x80) != 0;
  };
  return !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos && std::all_of(text.begin(), text.end(), is_allowed);
}

// Reads one document into a Config, and collects what is wrong with it.
class Reader {
 public:
  Reader(const JsonDocument& document, std::string_view file) : document_(document), file_(file) {}

  Result<Config> read() {
    if (!document_.value.is_object()) {
      refuse("", "a configuration is a JSON object: { \"domain\": \"example.org\" }");
    } else {
      read_object(document_.value, "");
      check_together();
    }
    if (problems_.empty()) return std::move(config_);
    std::stable_sort(problems_.begin(), problems_.end(),
                     [](const Problem& a, const Problem& b) { return a.line < b.line; });
    std::string message;
    for (const Problem& problem : problems_) {
      if (!message.empty()) message += '\n';
      message += std::string(file_) + ":" + std::to_string(problem.line) + ": " + problem.text;
    }
    return Error{message};
  }

 private:
  struct Problem {
    int line;
    std::string text;
  };

  void refuse(std::string_view path, std::string text) {
    problems_.push_back({document_.line(path), std::move(text)});
  }

  static const ConfigKey* find_key(std::string_view path) {
    const auto keys = config_keys();
    const auto found =
        std::find_if(keys.begin(), keys.end(), [path](const ConfigKey& key) { return key.path == path; });
    return found == keys.end() ? nullptr : &*found;
  }

  static bool is_section(std::string_view path) {
    const std::string prefix = std::string(path) + ".";
    return std::any_of(config_keys().begin(), config_keys().end(),
                       [&prefix](const ConfigKey& key) { return key.path.starts_with(prefix); });
  }

  // The keys that may stand directly in a section.
  static std::set<std::string> names_in(std::string_view prefix) {
    std::set<std::string> names;
    for (const ConfigKey& key : config_keys()) {
      if (!key.path.starts_with(prefix)) continue;
      const std::string_view rest = key.path.substr(prefix.size());
      const std::string_view name = rest.substr(0, rest.find_first_of(".["));
      if (!name.empty()) names.emplace(name);
    }
    return names;
  }

  // `prefix` is what the section's keys begin with in the table: "limits.", "listen[].".
  void refuse_unknown(const std::string& path, const std::string& name, std::string_view prefix) {
    const std::set<std::string> known = names_in(prefix);
    std::string text = "unknown key `" + name + "`";
    if (const std::optional<std::string> near = nearest_word(name, known)) {
      return refuse(path, text + ": did you mean `" + *near + "`?");
    }
    for (const ConfigKey& key : config_keys()) {
      if (key.path.ends_with("." + name)) {
        return refuse(path, text + " here: did you mean `" + std::string(key.path) + "`?");
      }
    }
    text += prefix.empty() ? ": the keys are"
                           : " in `" + std::string(prefix.substr(0, prefix.size() - 1)) + "`: its keys are";
    for (const std::string& word : known) text += (word == *known.begin() ? " `" : ", `") + word + "`";
    refuse(path, std::move(text));
  }

  void read_object(const json& object, const std::string& section) {
    for (const auto& [name, value] : object.items()) {
      const std::string path = json_member_path(section, name);
      const bool is_plain = name.find_first_of(".[]") == std::string::npos;
      if (const ConfigKey* key = is_plain ? find_key(path) : nullptr) {
        read_key(*key, key->field(config_), value, path);
      } else if (is_plain && is_section(path)) {
        if (value.is_object()) {
          read_object(value, path);
        } else {
          refuse(path, "`" + path + "` must be an object with keys of its own");
        }
      } else {
        refuse_unknown(path, name, section.empty() ? "" : section + ".");
      }
    }
  }

  void read_key(const ConfigKey& key, const ConfigField& field, const json& value, const std::string& path) {
    if (const Result<void> set = set_config_field(key, field, value); !set) {
      return refuse(path, "`" + path + "` " + set.error().message);
    }
    if (key.path == "listen") read_listen(value);
    if (key.path == "modules") read_values(value, "modules", config_.modules);
    if (key.path == "outbox") {
      read_values(value, "outbox", config_.outbox);
      read_outbox();
    }
    if (key.path == "nodes") {
      read_values(value, "nodes", config_.nodes);
      read_nodes();
    }
  }

  void read_listen(const json& list) {
    config_.listen.clear();
    for (std::size_t index = 0; index < list.size(); ++index) {
      const std::string path = json_element_path("listen", index);
      if (!list[index].is_object()) {
        refuse(path, "`" + path + R"(` must be an object: { "kind": "xmpp", "port": 5222 })");
        continue;
      }
      ListenAddress& address = config_.listen.emplace_back();
      const std::size_t problems_before = problems_.size();
      for (const auto& [name, value] : list[index].items()) {
        const std::string member = json_member_path(path, name);
        if (const ConfigKey* key = find_key("listen[]." + name)) {
          read_key(*key, key->element(address), value, member);
        } else {
          refuse_unknown(member, name, "listen[].");
        }
      }
      if (problems_.size() == problems_before) check_address(address, list[index], path);
      if (address.kind != ListenAddress::Kind::xmpp) address.starttls = ListenAddress::StartTls::off;
    }
  }

  void check_address(const ListenAddress& address, const json& item, const std::string& path) {
    using Kind = ListenAddress::Kind;
    if (!item.contains("kind")) {
      return refuse(path, "`" + path + "` lacks `kind`, " + config_type_text(*find_key("listen[].kind")));
    }
    const std::string kind(ListenAddress::kind_name(address.kind));
    if (!item.contains("port")) {
      return refuse(path, "`" + path + "` lacks `port` (0: the system chooses one)");
    }
    if (!is_ip_address(address.address)) {
      return refuse(
          path + ".address",
          "`" + address.address + "` is no IPv4 or IPv6 address: write 127.0.0.1, ::1, 0.0.0.0 or ::");
    }
    if ((address.kind == Kind::xmpp_ws || address.kind == Kind::http) &&
        !is_loopback_address(address.address)) {
      refuse(path, "`" + kind + "` without TLS is for loopback addresses only, and " + address.address +
                       " is not: use `" + (address.kind == Kind::http ? "https" : "xmpp-wss") +
                       "`, or 127.0.0.1 behind a proxy that speaks TLS");
    }
    if (address.kind == Kind::lines && address.name.empty()) {
      refuse(path, "`" + path + "` lacks `name`: modules find a `lines` address by it");
    }
    if (address.kind != Kind::lines && item.contains("name")) {
      refuse(path + ".name", "`name` is for `lines` only, and this is `" + kind + "`: leave it out");
    }
    if (address.kind != Kind::xmpp && item.contains("starttls")) {
      refuse(path + ".starttls", "`starttls` is for `xmpp` only, and this is `" + kind + "`: leave it out");
    }
    for (const std::string& text : address.proxy)
      if (const Result<IpNetwork> network = IpNetwork::parse(text); !network)
        refuse(path + ".proxy", network.error().message);
    for (std::size_t other = 0; other + 1 < config_.listen.size(); ++other) {
      const ListenAddress& before = config_.listen[other];
      if (address.port != 0 && before.port == address.port && before.address == address.address) {
        refuse(path + ".port",
               address.address + " port " + std::to_string(address.port) + " stands in the list twice");
      }
    }
  }

  void read_outbox() {
    for (const auto& [name, values] : config_.outbox) {
      Result<ConfiguredGateway> gateway = read_gateway(name, values);
      if (gateway) {
        config_.gateways.push_back(std::move(*gateway));
      } else {
        refuse(json_member_path("outbox", name), gateway.error().message);
      }
    }
  }

  void read_nodes() {
    for (const auto& [name, values] : config_.nodes) {
      Result<ConfiguredNode> node = read_node(name, values);
      if (node) {
        config_.other_nodes.push_back(std::move(*node));
      } else {
        refuse(json_member_path("nodes", name), node.error().message);
      }
    }
  }

  void read_values(const json& sections, const std::string& section, Config::ModuleValues& into) {
    for (const auto& [module, values] : sections.items()) {
      const std::string path = json_member_path(section, module);
      if (!values.is_object()) {
        refuse(path, "`" + path + "` must be an object with the " +
                         std::string(config_section_member(section)) + "'s values");
        continue;
      }
      auto& slots = into[module];  // Also of one that has none: a gateway without a kind is told so.
      for (const auto& [name, value] : values.items()) {
        Config::ModuleValue& slot = slots[name];
        if (value.is_string()) {
          slot = value.get<std::string>();
        } else if (value.is_boolean()) {
          slot = std::int64_t{value.get<bool>()};
        } else if (value.is_number_integer() &&
                   !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)) {
          slot = value.get<std::int64_t>();
        } else {
          const std::string member = json_member_path(path, name);
          refuse(member, "`" + member + "` must be a string, a whole number, true or false");
        }
      }
    }
  }

  // What no single key can tell.
  void check_together() {
    if (!is_domain(config_.domain)) {
      refuse("domain",
             "`domain` must be a domain in lower case, as in `example.org`, not `" + config_.domain + "`");
    }
    if (config_.tls.certificate.empty() != config_.tls.key.empty()) {
      const bool lacks_key = config_.tls.key.empty();
      refuse(lacks_key ? "tls.certificate" : "tls.key",
             std::string("`tls.certificate` and `tls.key` go together: ") +
                 (lacks_key ? "`tls.key`" : "`tls.certificate`") + " is missing");
    }
    const auto& limits = config_.limits;
    if (limits.before_login.stanza_bytes_max > limits.after_login.stanza_bytes_max) {
      refuse("limits.before_login.stanza_bytes_max",
             "`limits.before_login.stanza_bytes_max` (" +
                 std::to_string(limits.before_login.stanza_bytes_max) +
                 ") must not be above `limits.after_login.stanza_bytes_max` (" +
                 std::to_string(limits.after_login.stanza_bytes_max) + ")");
    }
    if (limits.output_bytes_max < limits.after_login.stanza_bytes_max) {
      refuse("limits.output_bytes_max",
             "`limits.output_bytes_max` (" + std::to_string(limits.output_bytes_max) +
                 ") must hold at least one stanza of `limits.after_login.stanza_bytes_max` (" +
                 std::to_string(limits.after_login.stanza_bytes_max) + ")");
    }
  }

  const JsonDocument& document_;
  std::string_view file_;
  Config config_;
  std::vector<Problem> problems_;
};

}  // namespace

std::string_view ListenAddress::kind_name(Kind kind) {
  switch (kind) {
    case Kind::xmpp: return "xmpp";
    case Kind::xmpps: return "xmpps";
    case Kind::xmpp_ws: return "xmpp-ws";
    case Kind::xmpp_wss: return "xmpp-wss";
    case Kind::lines: return "lines";
    case Kind::http: return "http";
    case Kind::https: return "https";
  }
  return "";
}

Result<Config> Config::parse(std::string_view text, std::string_view file) {
  const Result<JsonDocument> document = parse_json_file(text, file);
  if (!document) return document.error();
  return Reader(*document, file).read();
}

Result<Config> Config::read(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    return Error{"cannot read the configuration " + file + ": check that it is there and readable"};
  std::string text(config_bytes_max + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (stream.bad()) return Error{"cannot read the configuration " + file + ": it is no ordinary file"};
  if (text.size() > config_bytes_max) {
    return Error{file + " is larger than " + std::to_string(config_bytes_max) +
                 " bytes: is it a configuration?"};
  }
  return parse(text, file);
}

}  // namespace hotline

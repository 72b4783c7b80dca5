#include "control/config_gateway.h"

#include <algorithm>
#include <array>
#include <optional>

namespace hotline {

namespace {

using Values = std::map<std::string, Config::ModuleValue>;

std::optional<std::string> text_of(const Values& values, const std::string& key) {
  const auto found = values.find(key);
  if (found == values.end() || !std::holds_alternative<std::string>(found->second)) return std::nullopt;
  return std::get<std::string>(found->second);
}

bool is_gateway_name(const std::string& name) {
  constexpr std::size_t bytes_max = 64;
  return !name.empty() && name.size() <= bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

struct Form {
  std::string_view word;
  ConfiguredGateway::Kind kind;
  const char* target;  // The key of what it goes to.
};
constexpr std::array<Form, 3> forms = {{{"webhook", ConfiguredGateway::Kind::webhook, "url"},
                                        {"command", ConfiguredGateway::Kind::command, "program"},
                                        {"file", ConfiguredGateway::Kind::file, "file"}}};

std::string unknown_key(std::string path, const std::string& key, const Form& form) {
  path.append(" has an unknown key `").append(key).append("`: a `").append(form.word).append("` has `");
  path.append(form.target).append("`, ");
  if (form.kind == ConfiguredGateway::Kind::webhook) path.append("`secret_file`, ");
  return path.append("`attempts`, `timeout_seconds`, `waiting_max`");
}

}  // namespace

bool is_safe_url(const std::string& url) {
  if (url.starts_with("https://")) return true;
  constexpr std::array<std::string_view, 3> loopback = {"http://127.0.0.1", "http://localhost",
                                                        "http://[::1]"};
  return std::any_of(loopback.begin(), loopback.end(), [&url](std::string_view start) {
    return url.starts_with(start) &&
           (url.size() == start.size() || url[start.size()] == ':' || url[start.size()] == '/');
  });
}

Result<ConfiguredGateway> read_gateway(const std::string& name, const Values& values) {
  const std::string path = "`outbox." + name + "`";
  if (!is_gateway_name(name)) return Error{path + " is not a gateway's name: up to 64 of a-z, 0-9, _ and -"};
  ConfiguredGateway gateway;
  gateway.name = name;
  const std::string kind = text_of(values, "kind").value_or("");
  const auto form =
      std::find_if(forms.begin(), forms.end(), [&kind](const Form& each) { return each.word == kind; });
  if (form == forms.end()) return Error{path + " lacks `kind`: `webhook`, `command` or `file`"};
  gateway.kind = form->kind;
  gateway.target = text_of(values, form->target).value_or("");
  if (gateway.target.empty())
    return Error{path + " lacks `" + form->target + "`, which a `" + kind + "` goes to"};
  if (gateway.kind == ConfiguredGateway::Kind::webhook && !is_safe_url(gateway.target))
    return Error{path + ".url must begin with https://, or http:// and an address of this machine"};
  if (gateway.kind == ConfiguredGateway::Kind::command && !gateway.target.starts_with('/'))
    return Error{path + ".program must be the whole path of a program: no shell looks for it"};

  const struct {
    const char* key;
    std::uint32_t* value;
    std::int64_t max;
  } numbers[] = {{"attempts", &gateway.attempts, 20},
                 {"timeout_seconds", &gateway.timeout_seconds, 300},
                 {"waiting_max", &gateway.waiting_max, 1'000'000}};
  for (const auto& [key, value] : values) {
    if (key == "kind" || key == form->target) continue;
    if (key == "secret_file" && gateway.kind == ConfiguredGateway::Kind::webhook) {
      gateway.secret_file = text_of(values, key).value_or("");
      continue;
    }
    const auto number = std::find_if(std::begin(numbers), std::end(numbers),
                                     [&name_of = key](const auto& each) { return name_of == each.key; });
    if (number == std::end(numbers)) return Error{unknown_key(path, key, *form)};
    const auto* given = std::get_if<std::int64_t>(&value);
    if (given == nullptr || *given < 1 || *given > number->max)
      return Error{path + "." + std::string(key).append(" must be a whole number from 1 to ") +
                   std::to_string(number->max)};
    *number->value = static_cast<std::uint32_t>(*given);
  }
  return gateway;
}

}  // namespace hotline

#include "control/config_keys.h"

namespace hotline {
namespace {

std::string_view type_name(const nlohmann::json& value) {
  if (value.is_string()) return "a string";
  if (value.is_boolean()) return "true or false";
  if (value.is_number_integer()) return "a whole number";
  if (value.is_number()) return "a fraction";
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  return "null";
}

// Sets a field of one type, or leaves what is wrong in `problem`.
struct Setter {
  const ConfigKey& key;
  const nlohmann::json& value;
  std::string problem;

  void refuse() {
    problem = "must be " + config_type_text(key) + ", not " +
              (value.is_primitive() ? "`" + value.dump() + "`" : std::string(type_name(value)));
  }

  template <typename Number>
  void set_number(Number& field) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < key.min ||
        value.get<std::uint64_t>() > key.max) {
      return refuse();
    }
    field = static_cast<Number>(value.get<std::uint64_t>());
  }

  void operator()(bool* field) {
    if (!value.is_boolean()) return refuse();
    *field = value.get<bool>();
  }
  void operator()(std::uint32_t* field) { set_number(*field); }
  void operator()(std::uint64_t* field) { set_number(*field); }
  void operator()(std::string* field) {
    if (!value.is_string()) return refuse();
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() < key.min || text.size() > key.max) return refuse();
    if (text.find('\0') != std::string::npos) return refuse();
    *field = text;
  }
  void operator()(const Choice& choice) {
    if (!value.is_string()) return refuse();
    for (std::size_t index = 0; index < choice.words.size(); ++index) {
      if (choice.words[index] == value.get_ref<const std::string&>()) return choice.set(index);
    }
    refuse();
  }
  void operator()(std::vector<std::string>* field) {
    if (!value.is_array() || value.size() > key.max) return refuse();
    std::vector<std::string> texts;
    for (const nlohmann::json& item : value) {
      if (!item.is_string() || item.get_ref<const std::string&>().empty()) return refuse();
      texts.push_back(item.get<std::string>());
    }
    *field = std::move(texts);
  }
  // Their members have keys or rules of their own: config.cpp reads them.
  void operator()(std::vector<ListenAddress>*) {
    if (!value.is_array() || value.size() > key.max) refuse();
  }
  void operator()(Config::ModuleValues*) {
    if (!value.is_object() || value.size() > key.max) refuse();
  }
};

std::string_view starttls_name(ListenAddress::StartTls starttls) {
  switch (starttls) {
    case ListenAddress::StartTls::required: return "required";
    case ListenAddress::StartTls::optional: return "optional";
    case ListenAddress::StartTls::off: return "off";
  }
  return "";
}

struct ValueOf {
  nlohmann::json operator()(const bool* field) const { return *field; }
  nlohmann::json operator()(const std::uint32_t* field) const { return *field; }
  nlohmann::json operator()(const std::uint64_t* field) const { return *field; }
  nlohmann::json operator()(const std::string* field) const { return *field; }
  nlohmann::json operator()(const Choice& choice) const { return choice.words[choice.get()]; }
  nlohmann::json operator()(const std::vector<std::string>* field) const { return *field; }
  nlohmann::json operator()(const std::vector<ListenAddress>* field) const {
    nlohmann::json list = nlohmann::json::array();
    for (const ListenAddress& address : *field) {
      nlohmann::json item = {{"kind", ListenAddress::kind_name(address.kind)},
                             {"address", address.address},
                             {"port", address.port}};
      if (address.kind == ListenAddress::Kind::lines) item["name"] = address.name;
      if (address.kind == ListenAddress::Kind::xmpp) {
        item["starttls"] = starttls_name(address.starttls);
      }
      if (!address.proxy.empty()) item["proxy"] = address.proxy;
      list.push_back(std::move(item));
    }
    return list;
  }
  nlohmann::json operator()(const Config::ModuleValues* field) const {
    nlohmann::json object = nlohmann::json::object();
    for (const auto& [module, values] : *field) {
      for (const auto& [name, value] : values) {
        std::visit([&, &key = name, &of = module](const auto& held) { object[of][key] = held; }, value);
      }
    }
    return object;
  }
};

struct TypeText {
  const ConfigKey& key;

  std::string range(std::string_view what) const {
    return std::string(what) + " from " + std::to_string(key.min) + " to " + std::to_string(key.max);
  }
  std::string number() const {
    std::string text = range("a whole number");
    if (!key.unit.empty()) text.append(" (").append(key.unit).append(")");
    return text;
  }
  std::string operator()(const bool*) const { return "true or false"; }
  std::string operator()(const std::uint32_t*) const { return number(); }
  std::string operator()(const std::uint64_t*) const { return number(); }
  std::string operator()(const std::string*) const {
    return key.min == 0 ? "a string of at most " + std::to_string(key.max) + " bytes"
                        : range("a string") + " bytes";
  }
  std::string operator()(const Choice& choice) const {
    std::string text = "one of";
    for (const std::string_view word : choice.words) {
      text.append(text.size() == 6 ? " `" : ", `").append(word).append("`");
    }
    return text;
  }
  std::string operator()(const std::vector<std::string>*) const {
    return "a list of " + std::string(key.unit.empty() ? "names" : key.unit);
  }
  std::string operator()(const std::vector<ListenAddress>*) const {
    return "a list of at most " + std::to_string(key.max) + " addresses";
  }
  std::string operator()(const Config::ModuleValues*) const {
    return "an object with an object for each " + std::string(config_section_member(key.path));
  }
};

// The field of a key in defaults, for its type and value.
template <typename Use>
auto with_default_field(const ConfigKey& key, const Use& use) {
  Config config;
  ListenAddress address;
  return use(key.field != nullptr ? key.field(config) : key.element(address));
}

}  // namespace

std::string_view config_section_member(std::string_view section) {
  if (section == "outbox") return "gateway";
  return section == "nodes" ? "node" : "module";
}

std::string config_type_text(const ConfigKey& key) {
  return with_default_field(key,
                            [&key](const ConfigField& field) { return std::visit(TypeText{key}, field); });
}

nlohmann::json config_field_value(const ConfigField& field) {
  return std::visit(ValueOf{}, field);
}

Result<void> set_config_field(const ConfigKey& key, const ConfigField& field, const nlohmann::json& value) {
  Setter setter{key, value, {}};
  std::visit(setter, field);
  if (!setter.problem.empty()) return Error{setter.problem};
  return {};
}

nlohmann::json config_default(const ConfigKey& key) {
  if (key.path == "listen[].kind" || key.path == "listen[].port") return nullptr;
  return with_default_field(key, [](const ConfigField& field) { return config_field_value(field); });
}

nlohmann::json config_report(const Config& config) {
  Config copy = config;
  nlohmann::json keys = nlohmann::json::array();
  for (const ConfigKey& key : config_keys()) {
    if (key.field == nullptr) continue;
    keys.push_back({{"path", key.path},
                    {"value", config_field_value(key.field(copy))},
                    {"default", config_default(key)},
                    {"unit", key.unit},
                    {"applies", key.applies == ConfigKey::Applies::live ? "live" : "restart"},
                    {"about", key.about}});
  }
  return {{"keys", std::move(keys)}};
}

}  // namespace hotline

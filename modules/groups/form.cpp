#include "form.h"

#include <array>
#include <charconv>
#include <set>

#include "words.h"

namespace hotline::groups {

namespace {

constexpr std::size_t name_size_max = 256;
constexpr std::size_t description_size_max = 1024;
constexpr std::size_t password_size_max = 256;
constexpr int fields_max = 50;

struct Switch {
  std::string_view var, label;
  bool Settings::*flag;
};
constexpr std::array<Switch, 7> switches{{
    {"muc#roomconfig_persistentroom", "It stays when nobody is in it", &Settings::is_persistent},
    {"muc#roomconfig_publicroom", "Everybody can find it", &Settings::is_public},
    {"muc#roomconfig_moderatedroom", "Only who was given a voice speaks", &Settings::is_moderated},
    {"muc#roomconfig_membersonly", "Only members enter", &Settings::is_members_only},
    {"muc#roomconfig_changesubject", "Everybody may set the subject", &Settings::lets_all_set_subject},
    {"muc#roomconfig_allowinvites", "Everybody may invite, and so make members", &Settings::lets_all_invite},
    {"muc#roomconfig_passwordprotectedroom", "A password is asked for", nullptr},
}};

struct Line {
  std::string_view var, label, type;
  std::string Settings::*text;
  std::size_t size_max;
};
constexpr std::array<Line, 3> lines{{
    {"muc#roomconfig_roomname", "Name", "text-single", &Settings::name, name_size_max},
    {"muc#roomconfig_roomdesc", "What it is about", "text-single", &Settings::description,
     description_size_max},
    {"muc#roomconfig_roomsecret", "The password", "text-private", &Settings::password, password_size_max},
}};

constexpr std::string_view var_whois = "muc#roomconfig_whois";
constexpr std::string_view var_occupants_max = "muc#roomconfig_maxusers";

void append_field(sdk::Xml& xml, std::string_view type, std::string_view var, std::string_view label,
                  std::string_view value) {
  xml.open("field").attr("type", type).attr("var", var);
  if (!label.empty()) xml.attr("label", label);
  xml.leaf("value", value);
}

void append_option(sdk::Xml& xml, std::string_view label, std::string_view value) {
  xml.open("option").attr("label", label).leaf("value", value).close();
}

std::optional<bool> truth_of(std::string_view value) {
  if (value == "1" || value == "true") return true;
  if (value == "0" || value == "false") return false;
  return std::nullopt;
}

Refusal not_acceptable(std::string_view var, std::string_view why) {
  return {"modify", "not-acceptable", std::string(var).append(" ").append(why)};
}

enum class Password { unsaid, none, asked_for };

struct Reading {
  Settings& settings;
  std::int64_t occupants_max;
  Password password = Password::unsaid;
};

std::optional<Refusal> read_field(std::string_view var, std::string_view value, Reading& reading) {
  Settings& settings = reading.settings;
  for (const Switch& each : switches) {
    if (var != each.var) continue;
    const std::optional<bool> truth = truth_of(value);
    if (!truth) return not_acceptable(var, "is 0 or 1");
    if (each.flag != nullptr)
      settings.*each.flag = *truth;
    else
      reading.password = *truth ? Password::asked_for : Password::none;
    return std::nullopt;
  }
  for (const Line& each : lines) {
    if (var != each.var) continue;
    if (value.size() > each.size_max)
      return not_acceptable(var, "has at most " + std::to_string(each.size_max) + " bytes");
    settings.*each.text = value;
    return std::nullopt;
  }
  if (var == var_whois) {
    if (value != "anyone" && value != "moderators") return not_acceptable(var, "is anyone or moderators");
    settings.shows_addresses = value == "anyone";
  } else if (var == var_occupants_max) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size() || number < 1 ||
        number > reading.occupants_max)
      return not_acceptable(var, "is a number from 1 to " + std::to_string(reading.occupants_max));
    settings.occupants_max = static_cast<std::uint32_t>(number);
  }
  return std::nullopt;
}

}  // namespace

std::string form_of(const Settings& settings, std::int64_t occupants_max) {
  sdk::Xml xml;
  xml.open("x", ns::form).attr("type", "form").leaf("title", "Settings of the room");
  append_field(xml, "hidden", "FORM_TYPE", {}, ns::room_config);
  xml.close();
  for (const Line& each : lines) {
    append_field(xml, each.type, each.var, each.label, settings.*each.text);
    xml.close();
  }
  for (const Switch& each : switches) {
    const bool is_on = each.flag != nullptr ? settings.*each.flag : !settings.password.empty();
    append_field(xml, "boolean", each.var, each.label, is_on ? "1" : "0");
    xml.close();
  }
  append_field(xml, "list-single", var_whois, "Who sees real addresses",
               settings.shows_addresses ? "anyone" : "moderators");
  append_option(xml, "Moderators", "moderators");
  append_option(xml, "Everybody", "anyone");
  xml.close();
  append_field(xml, "list-single", var_occupants_max, "How many may be in it at once",
               std::to_string(settings.occupants_max));
  for (const std::int64_t choice : std::set<std::int64_t>{10, 50, 100, settings.occupants_max, occupants_max})
    if (choice <= occupants_max) append_option(xml, std::to_string(choice), std::to_string(choice));
  return xml.take();
}

std::optional<Refusal> read_form(const sdk::Element& form, std::int64_t occupants_max, Settings& settings) {
  Reading reading{settings, occupants_max};
  int count = 0;
  for (sdk::Element field = form.first(); field; field = field.next()) {
    if (!field.is("field", ns::form)) continue;
    if (++count > fields_max) return Refusal{"modify", "not-acceptable", "a form has at most 50 fields"};
    const std::string_view value = field.child("value", ns::form).text();
    const std::string_view var = field.attr("var");
    if (var == "FORM_TYPE" && value != ns::room_config)
      return Refusal{"modify", "bad-request", "that is the form of something else"};
    if (std::optional<Refusal> why = read_field(var, value, reading)) return why;
  }
  if (reading.password == Password::none) settings.password.clear();
  if (reading.password == Password::asked_for && settings.password.empty())
    return not_acceptable("muc#roomconfig_roomsecret", "is missing: a password is to be asked for");
  return std::nullopt;
}

}  // namespace hotline::groups

// A module that makes use of much of the host in one call: for tests of what becomes of a candidate's calls
// in a shadow run.
//
//     shadowed.do      draws random bytes and the time, changes rows, counts, logs, sets a timer, posts to
//                      bert@localhost, and answers what it drew
//     shadowed.told    the rows of the account, without the schema they are written in
//
// 1.1.0 does the same as 1.0.0. 1.2.0 does each of these in another way. 1.3.0 throws at each call. 2.0.0
// writes another schema.
#include <hotline/sdk.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#ifndef SHADOWED_SCHEMA
#define SHADOWED_SCHEMA 1
#endif

namespace {

using namespace hotline::sdk;

constexpr std::string_view version = HL_MODULE_VERSION;
constexpr bool is_other = version == "1.2.0";
constexpr std::string_view schema = HL_STRINGIFY(SHADOWED_SCHEMA) "|";

class Shadowed {
 public:
  explicit Shadowed(const hl_host* host)
      : clock_(host),
        control_(host),
        log_(host),
        posts_(host),
        random_(host),
        done_(Stats(host).counter("done")),
        timers_(host),
        rows_(Tables(host).open("shadowed")) {}

  Status on_command(const hl_command_event& event) {
    if (version == "1.3.0") throw std::runtime_error("cannot");
    const std::string account(view(event.account));
    if (view(event.name) == "shadowed.told") return control_.reply(event.command, told(account));
    const std::string drawn = random_.hex(8) + " " + std::to_string(clock_.wall_ms());
    static_cast<void>(rows_.put(account, "drawn", std::string(schema) + drawn));
    add_one(account, "done");
    if (!rows_.get(account, "old")) {
      static_cast<void>(rows_.put(account, "old", std::string(schema) + "old"));
    } else if (is_other) {
      static_cast<void>(rows_.put(account, "extra", std::string(schema) + "extra"));
    } else {
      rows_.erase(account, "old");
    }
    if (!is_other) done_.add();
    is_other ? log_.warning("done") : log_.debug("done");
    static_cast<void>(timers_.set(account, "later", is_other ? 3'600'000 : 1'800'000));
    static_cast<void>(posts_.bytes("bert@localhost", is_other ? 2 : 1, "done"));
    if (is_other) static_cast<void>(posts_.bytes("bert@localhost", 3, "more"));
    return control_.reply(event.command, (is_other ? "other " : "") + drawn);
  }
  Status on_post(const hl_post_event& event) {
    add_one(std::string(view(event.account)), "posts of topic " + std::to_string(event.topic));
    return HL_OK;
  }
  static std::optional<std::string> convert(std::string_view /*table*/, std::uint32_t from, std::uint32_t to,
                                            std::string_view row) {
    if (!row.starts_with(std::to_string(from) + "|")) return std::nullopt;
    return std::to_string(to) + std::string(row.substr(row.find('|')));
  }

 private:
  void add_one(const std::string& account, const std::string& key) {
    const std::string before(
        rows_.get(account, key).value_or(std::string(schema) + "0").substr(schema.size()));
    static_cast<void>(rows_.put(account, key, std::string(schema) + std::to_string(std::stoi(before) + 1)));
  }
  std::string told(const std::string& account) const {
    std::string text;
    std::string key;
    for (auto row = rows_.next(account, {}); row; row = rows_.next(account, key)) {
      key = row->key;
      if (key != "drawn") text += key + "=" + std::string(row->value.substr(schema.size())) + ";";
    }
    return text;
  }

  Clock clock_;
  Control control_;
  Log log_;
  Posts posts_;
  Random random_;
  Counter done_;
  Timers timers_;
  Table rows_;
};

}  // namespace

HL_MANIFEST(
    "about Makes use of much of the host in one call\n"
    "needs hotline.clock/1\n"
    "needs hotline.control/1\n"
    "needs hotline.log/1\n"
    "needs hotline.post/1\n"
    "needs hotline.random/1\n"
    "needs hotline.stats/1\n"
    "needs hotline.table/1\n"
    "needs hotline.timer/1\n"
    "table shadowed durable writes " HL_STRINGIFY(SHADOWED_SCHEMA) " reads " HL_STRINGIFY(SHADOWED_SCHEMA) "\n"
    "command shadowed.do account\n"
    "command shadowed.told account\n");

HL_MODULE = entry<Shadowed>(hl_manifest_text);

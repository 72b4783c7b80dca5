// A module that says which version of it serves: for tests of who is called while two of them serve side by
// side.
//
//     served.who      the version that is asked
//     served.chain    posts its version to bert@localhost
//     served.seen     what came to this account: "<version that posted>><version that was called>"
//     served.note     writes a row of the account, "<schema>|<version>"
//     served.noted    that row, as it is read
//     served.peek     has bert@localhost's row read by post, for served.seen
//
// Version 1.2.0 fails each call. Version 2.0.0 has another schema for those rows.
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#ifndef SERVED_SCHEMA
#define SERVED_SCHEMA 1
#endif

namespace {

using namespace hotline::sdk;

constexpr bool fails = std::string_view(HL_MODULE_VERSION) == "1.2.0";

class Served {
 public:
  explicit Served(const hl_host* host)
      : control_(host),
        posts_(host),
        rows_(Tables(host).open("served")),
        notes_(Tables(host).open("notes")) {}

  Status on_command(const hl_command_event& event) {
    if (fails) return HL_E_FAULT;
    const std::string_view name = view(event.name);
    if (name == "served.chain") {
      static_cast<void>(posts_.bytes("bert@localhost", 1, HL_MODULE_VERSION));
      return answer(event.command, "posted");
    }
    if (name == "served.peek") {
      static_cast<void>(posts_.bytes("bert@localhost", 2, ""));
      return answer(event.command, "posted");
    }
    if (name == "served.note") {
      const Status put =
          notes_.put(view(event.account), "note", HL_STRINGIFY(SERVED_SCHEMA) "|" HL_MODULE_VERSION);
      return put == HL_OK ? answer(event.command, "noted") : put;
    }
    if (name == "served.noted")
      return answer(event.command, notes_.get(view(event.account), "note").value_or("-"));
    if (name == "served.seen")
      return answer(event.command, rows_.get(view(event.account), "seen").value_or("-"));
    return answer(event.command, HL_MODULE_VERSION);
  }
  Status on_post(const hl_post_event& event) {
    if (event.topic == 2)
      return rows_.put(view(event.account), "seen", notes_.get(view(event.account), "note").value_or("-"));
    const std::string way = std::string(view(event.bytes)) + ">" HL_MODULE_VERSION;
    return rows_.put(view(event.account), "seen", way);
  }
  static std::optional<std::string> convert(std::string_view /*table*/, std::uint32_t from, std::uint32_t to,
                                            std::string_view row) {
    if (!row.starts_with(std::to_string(from) + "|")) return std::nullopt;
    return std::to_string(to) + std::string(row.substr(row.find('|')));
  }

 private:
  Status answer(std::uint64_t command, std::string_view text) { return control_.reply(command, text); }

  Control control_;
  Posts posts_;
  Table rows_, notes_;
};

}  // namespace

HL_MANIFEST(
    "about Says which version serves\n"
    "needs hotline.control/1\n"
    "needs hotline.post/1\n"
    "needs hotline.table/1\n"
    "table served volatile writes 1 reads 1\n"
    "table notes durable writes " HL_STRINGIFY(SERVED_SCHEMA) " reads " HL_STRINGIFY(SERVED_SCHEMA) "\n"
    "command served.who account\n"
    "command served.note account\n"
    "command served.noted account\n"
    "command served.peek account\n"
    "command served.chain account\n"
    "command served.seen account\n");

HL_MODULE = entry<Served>(hl_manifest_text);

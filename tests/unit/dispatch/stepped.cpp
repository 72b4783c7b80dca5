// A module whose rows have another schema in each major version: for tests of rows across versions.
//
//     put ACCOUNT KEY WORD     the row "SCHEMA|WORD"
//     spoil ACCOUNT KEY WORD   the same after reading it, and then the call fails
//     get ACCOUNT KEY          the row, or "-"
//     drop ACCOUNT KEY         "dropped", or "-"
//
// A word that begins with "stuck" cannot be converted across 2 to 3, either way, but by a build that helps.
#include <charconv>
#include <hotline/sdk.hpp>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using namespace hotline::sdk;

class Stepped {
 public:
  explicit Stepped(const hl_host* host) : streams_(host), rows_(Tables(host).open("stepped")) {}

  Status on_line(const hl_line_event& event) {
    std::istringstream line{std::string(view(event.line))};
    std::string verb, account, key, word;
    line >> verb >> account >> key >> word;
    if (verb == "get") {
      streams_.send(event.stream, rows_.get(account, key).value_or("-"));
    } else if (verb == "drop") {
      streams_.send(event.stream, rows_.erase(account, key) ? "dropped" : "-");
    } else {
      if (verb == "spoil") static_cast<void>(rows_.get(account, key));
      if (rows_.put(account, key, HL_STRINGIFY(STEPPED_SCHEMA) "|" + word) != HL_OK) return HL_E_FULL;
      if (verb == "spoil") return HL_E_FAULT;
      streams_.send(event.stream, "put");
    }
    return HL_OK;
  }

  static std::optional<std::string> convert(std::string_view /*table*/, std::uint32_t from, std::uint32_t to,
                                            std::string_view row) {
    const std::size_t bar = row.find('|');
    if (bar == std::string_view::npos || row.substr(0, bar) != std::to_string(from)) return std::nullopt;
    const std::string_view word = row.substr(bar + 1);
#ifndef STEPPED_HELPS
    if (word.starts_with("stuck") && from + to == 5) return std::nullopt;
#endif
    return std::to_string(to) + "|" + std::string(word);
  }

 private:
  Streams streams_;
  Table rows_;
};

}  // namespace

HL_MANIFEST(
    "about Rows of another schema in each version\n"
    "needs hotline.stream/1\n"
    "needs hotline.table/1\n"
    "wants hotline.log/1\n"
    "table stepped durable writes " HL_STRINGIFY(STEPPED_SCHEMA) " reads " HL_STRINGIFY(STEPPED_SCHEMA) "\n"
    "line stepped\n");

HL_MODULE = entry<Stepped>(hl_manifest_text);

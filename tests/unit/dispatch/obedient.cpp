// A module that does what a line says, and then ends the call as the line says: for tests of what a call is.
//
//     ok WORD      a row, a line, a timer, a post; HL_OK
//     fail WORD    the same; HL_E_FAULT
//     throw WORD   the same; an exception
//     none WORD    the same; HL_E_NONE: not mine, and still done
//     home WORD    moves to the home of the row first, then as `ok`
//     get          the row, and how many timers and posts came
#include <hotline/sdk.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace hotline::sdk;

constexpr std::string_view account = "somebody";

class Obedient {
 public:
  explicit Obedient(const hl_host* host)
      : streams_(host), timers_(host), posts_(host), rows_(Tables(host).open("obedient")) {}

  Status on_line(const hl_line_event& event) {
    const std::string_view line = view(event.line);
    if (line == "get") return tell(event.stream, get("word") + " " + get("timers") + " " + get("posts"));
    const std::string_view how = line.substr(0, line.find(' '));
    const std::string_view word = line.substr(how.size() + 1);
    if (how == "home" && streams_.move_home(event.stream, account) == HL_OK) return HL_OK;
    static_cast<void>(rows_.put(account, "word", word));
    if (get("word") != word) return HL_E_INVALID;  // A call sees what it has changed itself.
    tell(event.stream, std::string(how) + "!");
    static_cast<void>(timers_.set(account, word, 1'000, HL_MODULE_VERSION));
    static_cast<void>(posts_.bytes(account, 1, word));
    if (how == "fail") return HL_E_FAULT;
    if (how == "throw") throw std::runtime_error("as asked");
    return how == "none" ? HL_E_NONE : HL_OK;
  }
  Status on_timer(const hl_timer_event& event) {
    return add("timers", std::string(view(event.bytes)) + ">" HL_MODULE_VERSION);
  }
  Status on_post(const hl_post_event& event) { return add("posts", view(event.bytes)); }

 private:
  std::string get(std::string_view key) const { return std::string(rows_.get(account, key).value_or("-")); }
  Status add(std::string_view key, std::string_view word) {
    const std::string before = get(key);
    return rows_.put(account, key, before == "-" ? std::string(word) : before + "," + std::string(word));
  }
  Status tell(hl_stream stream, std::string_view line) {
    streams_.send(stream, line);
    return HL_OK;
  }

  Streams streams_;
  Timers timers_;
  Posts posts_;
  Table rows_;
};

}  // namespace

HL_MANIFEST(
    "about Does what a line says\n"
    "needs hotline.stream/1\n"
    "needs hotline.timer/1\n"
    "needs hotline.post/1\n"
    "needs hotline.table/1\n"
    "wants hotline.log/1\n"
    "table obedient durable writes 1 reads 1\n"
    "line obedient\n");

HL_MODULE = entry<Obedient>(hl_manifest_text);

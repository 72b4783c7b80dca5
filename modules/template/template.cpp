// template: a module to copy. It answers who asks how often he has asked.
//
//     <iq type='get' to='localhost' id='1'><asked xmlns='urn:example:asked'/></iq>
//     <iq type='result' from='localhost' id='1'><asked xmlns='urn:example:asked' times='3'/></iq>
//
// It shows what most modules are made of: capabilities fetched once, a table with a second schema, a
// route, an answer. Nothing of it lives in the instance: the rows are the host's, so this code can be
// replaced between two questions and nobody is asked to begin again.
#include <charconv>
#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace hotline::sdk;

constexpr std::string_view asked_ns = "urn:example:asked";

// A row of table "asked", schema 2: "<times> <when last asked, wall milliseconds>". Schema 1 had the
// number alone.
struct Row {
  std::uint64_t times = 0;
  std::uint64_t last_wall_ms = 0;

  static std::optional<Row> parse(std::string_view text) {
    Row row;
    const char* end = text.data() + text.size();
    const auto times = std::from_chars(text.data(), end, row.times);
    if (times.ec != std::errc{} || times.ptr == end || *times.ptr != ' ') return std::nullopt;
    const auto last = std::from_chars(times.ptr + 1, end, row.last_wall_ms);
    if (last.ec != std::errc{} || last.ptr != end) return std::nullopt;
    return row;
  }
  std::string text() const { return std::to_string(times) + " " + std::to_string(last_wall_ms); }
};

class Asked {
 public:
  // Fetches what it needs. A capability that the host does not have, or that the manifest below does not
  // name, throws: the host then refuses to push this module and says so.
  explicit Asked(const hl_host* host)
      : sessions_(host),
        clock_(host),
        rows_(Tables(host).open("asked")),
        questions_(Stats(host).counter("questions")) {}

  // One call is one transaction: the row and the answer take effect together when it returns HL_OK, or not at
  // all. HL_E_NONE would mean "not mine"; anything else, or an exception, is a fault of this module.
  Status on_stanza(const hl_stanza_event& event) {
    const hl_stanza& iq = *event.stanza;
    if (view(iq.type) != "get") {  // Answers are not answered.
      if (is_answerable(iq)) sessions_.send(event.session, stanza_error(iq, "modify", "bad-request"));
      return HL_OK;
    }
    // Rows are of an account and live at its home, which is the shard this runs on: a stanza is handled at
    // its sender's home. For another account's rows, post there (hotline/cap/post.h).
    const std::string_view account = view(event.account);
    Row row;
    if (const auto bytes = rows_.get(account, "count")) row = Row::parse(*bytes).value_or(Row{});
    ++row.times;
    row.last_wall_ms = clock_.wall_ms();
    if (rows_.put(account, "count", row.text()) != HL_OK) {
      sessions_.send(event.session, stanza_error(iq, "wait", "resource-constraint"));
      return HL_OK;
    }
    questions_.add();
    Xml answer;
    answer.open("asked", asked_ns).attr("times", row.times).close();
    sessions_.send(event.session, iq_result(iq, answer.written()));
    return HL_OK;
  }

  // A row between two neighbouring schemas, up and down in one function. Pure: the same bytes in, the same
  // bytes out, no capability called. Going down loses what the older schema has no place for; so that up and
  // down come back equal, what is new must have a value that means "unknown" (here 0).
  static std::optional<std::string> convert(std::string_view, std::uint32_t from, std::uint32_t to,
                                            std::string_view row) {
    const bool is_up = from == 1 && to == 2;
    if (!is_up && !(from == 2 && to == 1)) return std::nullopt;
    const std::string newer = is_up ? std::string(row) + " 0" : std::string(row);
    const std::optional<Row> parsed = Row::parse(newer);
    if (!parsed) return std::nullopt;
    return is_up ? newer : std::to_string(parsed->times);
  }

 private:
  Sessions sessions_;
  Clock clock_;
  Table rows_;
  Counter questions_;
};

}  // namespace

// What the host reads without running anything: hotline/manifest.h has every line's meaning.
HL_MANIFEST(
    "about Counts how often it was asked; a module to copy\n"
    "needs hotline.session/1\n"
    "needs hotline.clock/1\n"
    "needs hotline.table/1\n"
    "needs hotline.stats/1\n"
    "wants hotline.log/1\n"  // So that what() of an exception reaches the host's log.
    "table asked durable writes 2 reads 2\n"
    "route iq urn:example:asked domain\n"
    "feature urn:example:asked\n");

HL_MODULE = entry<Asked>(hl_manifest_text);

// tally: adds TALLY_STEP each time it is asked, and says the sum. The sum is the host's: a push keeps it.
#include <cstdint>
#include <hotline/sdk.hpp>
#include <string>

namespace {

using namespace hotline::sdk;

constexpr std::string_view tally_ns = "urn:example:tally";

class Tally {
 public:
  explicit Tally(const hl_host* host) : sessions_(host), rows_(Tables(host).open("tally")) {}

  Status on_stanza(const hl_stanza_event& event) {
    const hl_stanza& iq = *event.stanza;
    if (!is_answerable(iq)) return HL_OK;
    const auto kept = rows_.get(view(event.account), "sum");
    const std::string sum = std::to_string((kept ? std::stoull(std::string(*kept)) : 0) + TALLY_STEP);
    if (const Status status = rows_.put(view(event.account), "sum", sum); status != HL_OK) return status;
    Xml answer;
    answer.open("tally", tally_ns).attr("sum", sum).close();
    sessions_.send(event.session, iq_result(iq, answer.written()));
    return HL_OK;
  }

 private:
  Sessions sessions_;
  Table rows_;
};

}  // namespace

HL_MANIFEST(
    "about Counts by a step\n"
    "needs hotline.session/1\n"
    "needs hotline.table/1\n"
    "table tally durable writes 1 reads 1\n"
    "route iq urn:example:tally domain\n");

HL_MODULE = entry<Tally>(hl_manifest_text);

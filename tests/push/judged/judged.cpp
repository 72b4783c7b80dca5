// A module of which each version is good or bad in one way: for pushes that a gate judges.
//
//     1.0.0, 1.1.0   answers       1.2.0   answers with errors
//     1.3.0          is slow       1.4.0   fails its calls
//     1.5.0          lets its memory grow
#include <chrono>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace hotline::sdk;

constexpr std::string_view version = HL_MODULE_VERSION;

class Judged {
 public:
  explicit Judged(const hl_host* host) : sessions_(host) {}

  Status on_stanza(const hl_stanza_event& event) {
    const hl_stanza& iq = *event.stanza;
    if (version == "1.4.0") return HL_E_FAULT;
    if (version == "1.2.0")
      return sessions_.send(event.session, stanza_error(iq, "wait", "internal-server-error"));
    if (version == "1.3.0") {
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
      while (std::chrono::steady_clock::now() < until) {
      }
    }
    if (version == "1.5.0") kept_.emplace_back(256 << 10, 'x');
    return sessions_.send(event.session,
                          iq_result(iq, "<judged xmlns='urn:example:judged' by='" HL_MODULE_VERSION "'/>"));
  }

 private:
  Sessions sessions_;
  std::vector<std::string> kept_;
};

}  // namespace

HL_MANIFEST(
    "about Says by whom it was served\n"
    "needs hotline.session/1\n"
    "route iq urn:example:judged self\n");

HL_MODULE = entry<Judged>(hl_manifest_text);

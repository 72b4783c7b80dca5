// A module that answers for `hall.<domain>`: whatever comes in for an address there goes to everybody, as one
// stanza for all of them. For tests of services and of one stanza in many mailboxes.
#include <array>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace {

using namespace hotline::sdk;

constexpr std::array everybody{std::string_view("anna@localhost"), std::string_view("bert@localhost"),
                               std::string_view("carl@localhost"), std::string_view("dora@localhost")};
constexpr std::uint32_t topic_copy = 1;

class Hall {
 public:
  explicit Hall(const hl_host* host) : sessions_(host), stanzas_(host), mailboxes_(host), posts_(host) {}

  Status on_stanza(const hl_stanza_event& event) {
    if (event.stanza->kind != HL_STANZA_MESSAGE) return HL_E_NONE;
    const std::string xml = "<message id='" + std::string(view(event.stanza->id)) + "' from='" +
                            std::string(view(event.stanza->to)) + "'>" +
                            std::string(view(event.stanza->inner)) + "</message>";
    std::array<hl_str, everybody.size()> accounts{};
    for (std::size_t i = 0; i < everybody.size(); ++i) accounts[i] = str(everybody[i]);
    return posts_.fan_out(accounts, topic_copy, *stanzas_.parse(xml));
  }
  Status on_post(const hl_post_event& event) {
    const auto entry = mailboxes_.put(view(event.account), *event.stanza, 0, HL_ENTRY_TO);
    if (!entry) return HL_OK;
    sessions_.for_each(view(event.account),
                       [&](hl_session session) { sessions_.send_entry(session, *entry); });
    return HL_OK;
  }
  Status on_drain(const hl_drain_event& event) {
    sessions_.send_entry(event.session, event.entry);
    return HL_OK;
  }

 private:
  Sessions sessions_;
  Stanzas stanzas_;
  Mailboxes mailboxes_;
  Posts posts_;
};

}  // namespace

HL_MANIFEST(
    "about Says to everybody what anybody says\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.mailbox/1\n"
    "needs hotline.post/1\n"
    "service hall\n"
    "drain\n");

HL_MODULE = entry<Hall>(hl_manifest_text);

#include "carbons.h"

#include "compose.h"
#include "presence/session_fields.h"

namespace hotline::routing {

Carbons::Carbons(const hl_host* host) : sessions_(host), on_(sessions_.field(session_fields::carbons)) {}

sdk::Status Carbons::on_iq(const hl_stanza_event& event) const {
  const hl_stanza& iq = *event.stanza;
  const std::string_view wish = sdk::view(iq.payload_name);
  if (sdk::view(iq.type) != "set" || (wish != "enable" && wish != "disable")) return HL_E_NONE;
  on_.set(event.session, wish == "enable" ? 1 : 0);
  sessions_.send(event.session, sdk::iq_result(iq));
  return HL_OK;
}

bool Carbons::is_eligible(MessageType type, const Content& content) {
  if (content.is_private || content.has_carbon) return false;
  switch (type) {
    case MessageType::chat: return true;
    // What an error answers is not known here, but it carries its message back as a rule.
    case MessageType::normal:
    case MessageType::error: return content.is_conversation();
    case MessageType::groupchat:
    case MessageType::headline: return false;
  }
  return false;
}

void Carbons::copy_sent(std::string_view account, hl_session sender, const hl_stanza& message,
                        MessageType type, const Content& content, std::string_view more) const {
  if (!is_eligible(type, content)) return;
  sessions_.for_each(account, [&](hl_session session) {
    if (session == sender || on_.get(session) == 0) return;
    const std::optional<hl_session_info> info = sessions_.info(session);
    if (!info) return;
    sessions_.send(session,
                   carbon(CarbonKind::sent, account, sdk::view(info->address), sdk::view(message.type),
                          more.empty() ? std::string(sdk::view(message.xml))
                                       : with_child(sdk::view(message.xml), more)));
  });
}

void Carbons::send_received(std::string_view account, hl_session session, const hl_stanza& message) const {
  const std::optional<hl_session_info> info = sessions_.info(session);
  // Who sends to the own account knows what was sent.
  if (!info || sdk::view(info->address) == sdk::view(message.from)) return;
  sessions_.send(session, carbon(CarbonKind::received, account, sdk::view(info->address),
                                 sdk::view(message.type), sdk::view(message.xml)));
}

}  // namespace hotline::routing

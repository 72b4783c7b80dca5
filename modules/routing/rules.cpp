#include "rules.h"

namespace hotline::routing {

namespace {

Rule bare_rule(MessageType type, bool has_available) {
  switch (type) {
    case MessageType::normal:
    case MessageType::chat: return has_available ? Rule::most_available : Rule::later;
    case MessageType::headline:
      return has_available ? Rule::all_available : Rule::ignore;  // 8.5.2.1.1, 8.5.2.2.1
    case MessageType::groupchat: return Rule::refuse;             // 8.5.2.1.1: there is no room here.
    case MessageType::error: return Rule::ignore;
  }
  return Rule::ignore;
}

}  // namespace

MessageType message_type(std::string_view type) {
  if (type == "chat") return MessageType::chat;
  if (type == "groupchat") return MessageType::groupchat;
  if (type == "headline") return MessageType::headline;
  if (type == "error") return MessageType::error;
  return MessageType::normal;
}

Rule rule_for(MessageType type, const Situation& situation) {
  if (!situation.is_full) return bare_rule(type, situation.has_available);
  if (situation.matches) return Rule::matched;  // 8.5.3.1: whatever its priority.
  // 8.5.3.2.1: the resource has gone.
  switch (type) {
    case MessageType::chat: return bare_rule(type, situation.has_available);
    case MessageType::normal:
      // Clients answer the full address a message came from, often without a type. Receipts and
      // markers are for the person, and dropping them makes delivered messages look lost.
      return situation.answers_only ? bare_rule(type, situation.has_available) : Rule::refuse;
    case MessageType::groupchat: return Rule::refuse;
    case MessageType::headline:
    case MessageType::error: return Rule::ignore;
  }
  return Rule::ignore;
}

}  // namespace hotline::routing

// The delivery rules for messages of RFC 6121 8.5, as a pure function. Where the RFC leaves a choice, ours is
// in the comments of rules.cpp.
#pragma once

#include <string_view>

namespace hotline::routing {

enum class MessageType { normal, chat, groupchat, headline, error };

// Absent or unknown is normal (RFC 6121 5.2.2).
MessageType message_type(std::string_view type);

enum class Rule {
  matched,         // To the session that has the resource.
  most_available,  // To the most available sessions: those of the highest priority.
  all_available,   // To every session with a priority that is not negative.
  later,           // No session now: it waits in the mailbox.
  refuse,          // <service-unavailable/> to the sender.
  ignore,
};

struct Situation {
  bool is_full = false;        // Addressed to a full address.
  bool matches = false;        // A session has that resource, available or merely connected.
  bool has_available = false;  // A session takes messages to the bare address.
  bool answers_only = false;   // A receipt or marker without a body: it has no use for the resource.
};

Rule rule_for(MessageType type, const Situation& situation);

// Whether the mailbox keeps messages of this type at all (XEP-0160 3).
constexpr bool is_kept_type(MessageType type) {
  return type == MessageType::normal || type == MessageType::chat;
}

}  // namespace hotline::routing

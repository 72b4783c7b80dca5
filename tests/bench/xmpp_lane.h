// XmppLane: two accounts, the first of which writes to the second.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "client.h"
#include "lane.h"
#include "target.h"

namespace hotline::bench {

enum class Address { bare, full };

struct XmppLanePlan {
  ClientPlan client;
  std::size_t body_size = 100;
  Address to = Address::bare;
  std::int64_t reconnect_ns_max = 0;  // 0: a cut connection stays cut.
};

// The whole stanza of one message; the id repeats the stamp, as a client's resend would.
std::string message_stanza(const std::string& to, const Stamp& stamp, std::size_t body_size);
// Nothing when the stanza is not a benchmark message delivered.
std::optional<Stamp> read_message(std::string_view stanza);

class XmppLaneMaker final : public LaneMaker {
 public:
  // Lane i is the accounts 2i and 2i + 1.
  XmppLaneMaker(const Target& target, XmppLanePlan plan) : target_(target), plan_(std::move(plan)) {}
  std::unique_ptr<Lane> make(Loop& loop, LaneEvents& events, std::uint32_t lane) override;

 private:
  const Target& target_;
  XmppLanePlan plan_;
};

}  // namespace hotline::bench

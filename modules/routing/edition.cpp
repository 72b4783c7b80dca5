#include "edition.h"

namespace hotline::routing {

Edition::Edition(const hl_host* host, EditionKind kind) {
  if (kind == EditionKind::plain) return;
  annotation_ = "<hotline xmlns='urn:hotline:0' version='" HL_MODULE_VERSION "'/>";
  const std::optional<sdk::Stats> stats = sdk::Stats::wanted(host);
  if (!stats) return;
  for (const char* name :
       {"messages_normal", "messages_chat", "messages_groupchat", "messages_headline", "messages_error"})
    counters_.push_back(stats->counter(name));
}

}  // namespace hotline::routing

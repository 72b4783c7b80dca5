// hotline.outbox/1: words to gateways outside, and what became of them.
#include "hotline/cap/outbox.h"

#include "arena/block_owner.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/shard.h"
#include "dispatch/work_owner.h"
#include "outbox/outbox.h"

namespace hotline {
namespace {

constexpr std::size_t token_bytes_max = 256;

hl_status status_of(OutboxOutcome::Kind kind) {
  switch (kind) {
    case OutboxOutcome::Kind::taken: return HL_OK;
    case OutboxOutcome::Kind::refused: return HL_E_DENIED;
    case OutboxOutcome::Kind::failed: break;
  }
  return HL_E_GONE;
}

hl_status send(const hl_host* host, hl_str gateway, hl_str account, hl_str token, hl_str body) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  if (body.size > HL_OUTBOX_BODY_MAX || token.size > token_bytes_max) return HL_E_INVALID;
  ShardWorld& world = context.shard.world;
  const std::string name(from_str(gateway));
  const Outbox::Answer room = world.outbox == nullptr ? Outbox::Answer::unknown : world.outbox->room(name);
  if (room != Outbox::Answer::waits) return room == Outbox::Answer::full ? HL_E_FULL : HL_E_NONE;
  const WorkOwner sender{std::string(from_str(account)), std::string(from_str(token)), context.module,
                         context.shard.calls.serving().number};
  transaction->add_work([&world, name, sender, text = std::string(from_str(body))] {
    const auto done = [&world, sender](const OutboxOutcome& outcome) {
      sender.tell(world, status_of(outcome.kind), std::to_string(outcome.status) + "\n" + outcome.words);
    };
    // Its queue may have filled up within this turn.
    if (world.outbox->send({name, text, done}) != Outbox::Answer::waits)
      done({OutboxOutcome::Kind::failed, 0, "too much waits for " + name});
  });
  return HL_OK;
}

constexpr hl_cap_outbox outbox_table{sizeof(hl_cap_outbox), 0, host_side<send>};

}  // namespace

const Capability outbox_capability{HL_CAP_OUTBOX, &outbox_table};

}  // namespace hotline

#include "control/serve/partition_methods.h"

#include <chrono>
#include <future>
#include <memory>

#include "base/log.h"
#include "control/protocol.h"

namespace hotline {

namespace {

constexpr auto patience = std::chrono::seconds(10);

void list(const MethodParts& parts, const RpcReply& reply) {
  parts.threads->host().partitions().list([reply](const std::vector<Partitions::Figures>& all) {
    PartitionsReport report;
    for (const Partitions::Figures& one : all)
      report.partitions.push_back(
          {one.partition, one.shard, one.accounts, one.sessions, one.connections, one.mailbox_entries});
    reply.result(report);
  });
}

void tell(std::uint32_t partition, const Result<Partitions::Moved>& moved, const RpcReply& reply) {
  if (!moved) return reply.refuse(moved.error().message);
  const PartitionMoveReport report{partition,
                                   moved->from,
                                   moved->to,
                                   moved->accounts,
                                   moved->sessions,
                                   moved->connections,
                                   moved->mailbox_entries,
                                   moved->pause_us,
                                   moved->whole_us};
  log::info("partition.moved", {{"partition", partition},
                                {"from", report.from},
                                {"to", report.to},
                                {"sessions", report.sessions},
                                {"pause_us", report.pause_us}});
  reply.result(report);
}

// In the pushes' queue: while a partition moves, the modules stay what they are.
void move(const MethodParts& parts, const RpcCall& call, const RpcReply& reply) {
  const auto partition = call.params.at("partition").get<std::uint32_t>();
  const auto shard = call.params.at("shard").get<std::uint32_t>();
  const bool queued = parts.pushes->submit([parts, partition, shard, reply] {
    auto ended = std::make_shared<std::promise<void>>();
    parts.threads->host().partitions().move(
        partition, shard, [partition, reply, ended](const Result<Partitions::Moved>& moved) {
          tell(partition, moved, reply);
          ended->set_value();
        });
    // A host that ends meanwhile never answers.
    ended->get_future().wait_for(patience);
  });
  if (!queued) reply.refuse("pushes are under way and more are waiting; try again when they have ended");
}

}  // namespace

void add_partition_methods(RpcServer& server, const MethodParts& parts) {
  server.add("partitions", [parts](const RpcCall&, const RpcReply& reply) { list(parts, reply); });
  server.add("partition.move",
             [parts](const RpcCall& call, const RpcReply& reply) { move(parts, call, reply); });
}

}  // namespace hotline

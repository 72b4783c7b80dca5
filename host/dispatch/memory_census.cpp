#include "dispatch/memory_census.h"

#include <algorithm>

namespace hotline {
namespace {

using Part = MemoryCensus::Part;
using Figures = MemoryCensus::Figures;

constexpr std::size_t objects_per_look = 64;  // Between two looks at the clock.

void add_stream(const Stream& stream, Figures& figures) {
  figures.part(Part::streams).add(Stream::cell_bytes() + heap_bytes(stream.account));
  if (const BeforeSession* before = stream.has_before())
    figures.part(Part::in_flight)
        .add(heap_bytes(before) + heap_bytes(before->from.get()) + heap_bytes(before->lang) +
                 heap_bytes(before->scratch) + heap_bytes(before->home_account) +
                 heap_bytes(before->resuming.get()),
             0);
  Connection& connection = *stream.connection;
  std::size_t in_flight = 0;
  const auto add = [&](Part part, const HeldBytes& held) {
    figures.part(part).add(held.idle);
    in_flight += held.in_flight;
  };
  add(Part::connections, connection.held());
  add(Part::framers, connection.framer().held());
  if (const Tls* tls = connection.tls()) add(Part::tls, tls->held());
  figures.part(Part::links).add(connection.link().held_bytes());
  figures.part(Part::in_flight).add(in_flight, in_flight > 0 ? 1 : 0);
}

void add_session(const Session& session, Figures& figures) {
  figures.part(Part::sessions)
      .add(Session::cell_bytes() + heap_bytes(session.address) + session.fields.held_bytes());
  const StreamManagement& sm = session.sm;
  figures.part(Part::stream_management)
      .add(heap_bytes(session.unacknowledged.block()) + sm.safe.held_bytes(), sm.is_on ? 1 : 0);
}

void add_account(const Account& account, Figures& figures) {
  figures.part(Part::accounts)
      .add(Account::cell_bytes() + heap_bytes(account.address) + heap_bytes(account.sessions) +
           account.rows.index_bytes());
  for (const MailboxEntry* entry = account.mailbox.first(); entry != nullptr; entry = entry->newer)
    figures.part(Part::mailboxes).add(heap_bytes(entry) + heap_bytes(entry->body.get()));
  account.rows.each([&](std::uint32_t table, const TableRows& rows) {
    const std::size_t node_bytes = heap_node_bytes(4 * sizeof(void*) + sizeof(TableRows::value_type));
    MemoryCensus::Figure& figure = figures.rows[table];
    figure.add(heap_bytes(&rows), 0);
    for (const auto& [key, row] : rows) figure.add(node_bytes + heap_bytes(key) + heap_bytes(row.value));
  });
}

}  // namespace

std::string_view MemoryCensus::name_of(Part part) {
  switch (part) {
    case Part::streams: return "streams";
    case Part::connections: return "connections";
    case Part::links: return "links (sockets)";
    case Part::tls: return "tls";
    case Part::framers: return "framers";
    case Part::in_flight: return "in flight";
    case Part::sessions: return "sessions";
    case Part::stream_management: return "stream management";
    case Part::accounts: return "accounts";
    case Part::mailboxes: return "mailboxes";
    case Part::timers: return "timers";
    case Part::count: break;
  }
  return "";
}

void MemoryCensus::Figures::add(const Figures& other) {
  for (std::size_t i = 0; i < parts; ++i) of[i].add(other.of[i].bytes, other.of[i].count);
  for (const auto& [table, figure] : other.rows) rows[table].add(figure.bytes, figure.count);
}

std::uint64_t MemoryCensus::Figures::bytes() const {
  std::uint64_t all = 0;
  for (const Figure& figure : of) all += figure.bytes;
  for (const auto& [table, figure] : rows) all += figure.bytes;
  return all;
}

class MemoryCensus::Walk : public std::enable_shared_from_this<Walk> {
 public:
  Walk(Shard& shard, std::shared_ptr<Round> round) : shard_(shard), round_(std::move(round)) {}

  // The next slice, as an event of its own.
  void go_on() {
    Post post;
    post.kind = Post::Kind::call;
    post.extra = std::make_unique<Post::Extra>();
    post.extra->call = [self = shared_from_this()] { self->slice(); };
    shard_.inbox().push_one(std::move(post));
  }

 private:
  void slice() {
    const std::uint64_t until_us = shard_.now_us() + shard_.world.limits.sweep_slice_us;
    do {
      if (!look()) return finish();
    } while (shard_.now_us() < until_us);
    go_on();
  }

  // Some of what is left. False: nothing is.
  bool look() {
    for (std::size_t i = 0; i < objects_per_look; ++i) {
      if (stream_ < shard_.streams.places()) {
        if (const Stream* stream = shard_.streams.at(stream_++)) add_stream(*stream, figures_);
      } else if (session_ < shard_.sessions.places()) {
        if (const Session* session = shard_.sessions.at(session_++)) add_session(*session, figures_);
      } else {
        if (accounts_.has_ended()) return false;
        if (const Account* account = shard_.accounts.next(accounts_)) add_account(*account, figures_);
      }
    }
    return true;
  }

  void finish() {
    figures_.part(Part::streams).add(shard_.streams.index_bytes(), 0);
    figures_.part(Part::sessions).add(shard_.sessions.index_bytes() + shard_.watch.held_bytes(), 0);
    figures_.part(Part::accounts).add(shard_.accounts.index_bytes(), 0);
    figures_.part(Part::timers)
        .add(shard_.timers.index_bytes() + shard_.module_timers.index_bytes(), shard_.timers.size());
    {
      const std::lock_guard lock(round_->mutex);
      round_->whole.add(figures_);
      if (--round_->missing > 0) return;
    }
    round_->done(round_->whole);
  }

  Shard& shard_;
  const std::shared_ptr<Round> round_;
  Figures figures_;
  std::size_t stream_ = 0, session_ = 0;
  Accounts::Walk accounts_;
};

void MemoryCensus::take(Host& host, std::function<void(const Figures&)> done) {
  auto round = std::make_shared<Round>();
  round->missing = host.shard_count();
  round->done = std::move(done);
  for (std::uint32_t shard = 0; shard < host.shard_count(); ++shard)
    std::make_shared<Walk>(host.shard(shard), round)->go_on();
}

}  // namespace hotline

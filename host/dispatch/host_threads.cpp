#include "dispatch/host_threads.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>

#include "base/check.h"
#include "base/log.h"
#include "push/guarded_thread.h"

namespace hotline {

HostThreads::HostThreads(const Host::Settings& settings, const Host::Parts& parts, const Limits& limits)
    : limits_(limits),
      clock_(*parts.clock),
      safepoint_(settings.shards, *parts.clock),
      busy_(settings.shards) {
  for (std::uint32_t number = 0; number < settings.shards; ++number) {
    loops_.push_back(std::make_unique<Loop>(number, clock_, safepoint_));
    link_loops_.push_back(std::make_unique<LinkLoop>());
    link_loops_.back()->uv = loops_.back()->uv();
  }
  const auto loops = [this](std::uint32_t number) {
    Loop* loop = loops_[number].get();
    return Shard::Loops{
        .wake = [loop] { loop->wake(); },
        .begin_turn = [loop] { loop->begin_turn(); },
        .put_on_loop = [this, number](Link& link) { static_cast<UvLink&>(link).adopt(*link_loops_[number]); },
        .poll_safepoint = [this, number] { safepoint_.poll(number); }};
  };
  host_ = std::make_unique<Host>(
      settings, parts, loops, [this](const std::function<void()>& swap, LiveTarget::Haste haste) {
        return safepoint_.run(swap, haste == LiveTarget::Haste::urgent ? limits_.rollback : limits_.push);
      });
  host_->world().connection_closed = [this](std::string_view peer) { connection_closed(peer); };
  host_->world().connection_came = [this](std::string_view peer) { connection_came(peer); };
  host_->world().link_of = [](int socket, const PeerAddress& peer) {
    return std::make_unique<UvLink>(socket, peer);
  };
  host_->world().listener = [this](std::string_view name) { return facts_of(name); };
  listeners_.resize(settings.shards);
  waits_.resize(settings.shards);
}

HostThreads::~HostThreads() {
  stop({}, {});
}

Result<void> HostThreads::start() {
  for (std::uint32_t number = 0; number < loops_.size(); ++number) {
    Post post;
    post.kind = Post::Kind::call;
    post.extra = std::make_unique<Post::Extra>();
    // The first thing each thread does: it alone can reach what the guard knows of it.
    post.extra->call = [number] { guarded_thread().arena_part = number; };
    host_->shard(number).inbox().push_one(std::move(post));
  }
  for (std::uint32_t number = 0; number < loops_.size(); ++number)
    if (Result<void> started = loops_[number]->start(host_->shard(number)); !started) return started;
  is_started_ = true;
  return {};
}

Result<std::uint16_t> HostThreads::listen(const std::string& address, std::uint16_t port,
                                          ListenerFacts facts) {
  Result<std::vector<std::unique_ptr<Listener>>> opened = Listener::open(address, port, loops_.size());
  if (!opened) return opened.error();
  return add_listeners(std::move(*opened), std::move(facts));
}

Result<std::uint16_t> HostThreads::listen_on(std::vector<int> sockets, ListenerFacts facts) {
  check(sockets.size() == loops_.size(), "each shard has a socket of its own");
  std::vector<std::unique_ptr<Listener>> opened;
  for (int& socket : sockets) {
    Result<std::unique_ptr<Listener>> adopted = Listener::adopt(std::exchange(socket, -1));
    if (adopted) {
      opened.push_back(std::move(*adopted));
      continue;
    }
    for (const int rest : sockets)
      if (rest >= 0) ::close(rest);
    return adopted.error();
  }
  return add_listeners(std::move(opened), std::move(facts));
}

std::uint16_t HostThreads::add_listeners(std::vector<std::unique_ptr<Listener>> opened, ListenerFacts facts) {
  const std::uint16_t bound = opened.front()->port();
  auto its = std::make_unique<ListenerFacts>(std::move(facts));
  const ListenerFacts* kept = its.get();
  {
    const std::lock_guard lock(addresses_mutex_);
    facts_.push_back(std::move(its));
  }
  for (std::uint32_t number = 0; number < loops_.size(); ++number) {
    listeners_[number].push_back(std::move(opened[number]));
    Listener* listener = listeners_[number].back().get();
    Post post;
    post.kind = Post::Kind::call;
    post.extra = std::make_unique<Post::Extra>();
    post.extra->call = [this, number, listener, kept] { start_listener(number, *listener, *kept); };
    host_->shard(number).inbox().push_one(std::move(post));
  }
  return bound;
}

void HostThreads::start_listener(std::uint32_t shard, Listener& listener, const ListenerFacts& facts) {
  listener.start(loops_[shard]->uv(), [this, shard, &facts](int socket, const PeerAddress& peer) {
    accepted(shard, socket, peer, facts);
  });
}

void HostThreads::rest_listeners(std::function<void()> done) {
  host_->ask(
      [this](Shard& shard) {
        for (const std::unique_ptr<Listener>& listener : listeners_[shard.number]) listener->rest_for_now();
      },
      std::move(done));
}

void HostThreads::start_listeners() {
  host_->ask(
      [this](Shard& shard) {
        for (std::size_t i = 0; i < facts_.size(); ++i)
          start_listener(shard.number, *listeners_[shard.number][i], *facts_[i]);
      },
      [] {});
}

std::vector<int> HostThreads::listening_sockets() const {
  std::vector<int> sockets;
  for (std::size_t i = 0; i < facts_.size(); ++i)
    for (const std::vector<std::unique_ptr<Listener>>& of_shard : listeners_)
      sockets.push_back(of_shard[i]->socket());
  return sockets;
}

void HostThreads::accepted(std::uint32_t shard, int socket, const PeerAddress& peer,
                           const ListenerFacts& facts) {
  loops_[shard]->begin_turn();
  if (!count_connection(peer)) {
    host_->shard(shard).counters.refused_connections.add();
    ::close(socket);
    return;
  }
  const bool is_proxy = std::ranges::any_of(
      facts.proxies, [&](const IpNetwork& network) { return network.contains(peer.bytes()); });
  if (is_proxy)
    await_header(shard, socket, peer, facts);
  else
    serve(shard, socket, peer, facts);
}

// Meanwhile it counts as its own: so many may be begun, and not more.
void HostThreads::await_header(std::uint32_t shard, int socket, const PeerAddress& proxy,
                               const ListenerFacts& facts) {
  const ShardLimits& limits = host_->world().limits;
  const std::uint64_t seconds = facts.framer == FramerKind::http ? limits.http_head_s : limits.login_s;
  auto wait = std::make_unique<ProxyWait>(socket, proxy, loops_[shard]->uv(), seconds * 1'000,
                                          [this, shard, &facts](ProxyWait& ended, ProxyWait::End end) {
                                            header_ended(shard, ended, end, facts);
                                          });
  const ProxyWait* const key = wait.get();
  waits_[shard].emplace(key, std::move(wait));
}

void HostThreads::header_ended(std::uint32_t shard, ProxyWait& wait, ProxyWait::End end,
                               const ListenerFacts& facts) {
  loops_[shard]->begin_turn();
  const auto kept = waits_[shard].extract(&wait);
  ShardCounters& counters = host_->shard(shard).counters;
  if (end == ProxyWait::End::wrong) {
    counters.refused_proxy_headers.add();
    log::debug("connection.proxy-header-refused",
               {{"peer", wait.proxy().text()}, {"listener", facts.name}, {"reason", wait.reason()}});
  }
  if (end == ProxyWait::End::whole && wait.peer() == wait.proxy())
    return serve(shard, wait.release(), wait.proxy(), facts);
  connection_closed(wait.proxy().text());
  if (end != ProxyWait::End::whole) return;
  if (count_connection(wait.peer())) return serve(shard, wait.release(), wait.peer(), facts);
  counters.refused_connections.add();
}

void HostThreads::serve(std::uint32_t shard, int socket, const PeerAddress& peer,
                        const ListenerFacts& facts) {
  host_->shard(shard).streams.accept(std::make_unique<UvLink>(socket, peer, *link_loops_[shard]), facts);
}

const ListenerFacts* HostThreads::facts_of(std::string_view name) {
  const std::lock_guard lock(addresses_mutex_);
  for (const std::unique_ptr<ListenerFacts>& facts : facts_)
    if (facts->name == name) return facts.get();
  return nullptr;
}

bool HostThreads::count_connection(const PeerAddress& peer) {
  const std::uint32_t max =
      peer.is_loopback() ? limits_.connections_per_loopback_address_max : limits_.connections_per_address_max;
  const std::lock_guard lock(addresses_mutex_);
  std::uint32_t& count = addresses_[peer.network()];
  if (count >= max) {
    log::debug("connection.refused", {{"peer", peer.text()}, {"connections_max", max}});
    return false;
  }
  ++count;
  return true;
}

// It was accepted by another process, so it is counted, and not refused.
void HostThreads::connection_came(std::string_view peer) {
  const std::lock_guard lock(addresses_mutex_);
  ++addresses_[PeerAddress::read(std::string(peer), false).network()];
}

void HostThreads::connection_closed(std::string_view peer) {
  const std::lock_guard lock(addresses_mutex_);
  const auto found = addresses_.find(PeerAddress::read(std::string(peer), false).network());
  if (found != addresses_.end() && --found->second == 0) addresses_.erase(found);
}

void HostThreads::stop(const std::string& condition, const std::string& text) {
  if (!is_started_) return;
  is_started_ = false;
  // Everyone says goodbye before anyone's loop ends: goodbyes cause posts between shards.
  std::mutex mutex;
  std::condition_variable done;
  bool is_done = false;
  const auto round = [&](const std::function<void(Shard&)>& act) {
    is_done = false;
    host_->ask(act, [&] {
      const std::lock_guard lock(mutex);
      is_done = true;
      done.notify_all();
    });
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return is_done; });
  };
  round([this](Shard& shard) {
    for (const std::unique_ptr<Listener>& listener : listeners_[shard.number]) listener->close();
    waits_[shard.number].clear();
  });
  round([&](Shard& shard) { shard.close(condition, text); });
  round([](Shard& shard) { shard.end_turn(); });
  for (std::uint32_t number = 0; number < loops_.size(); ++number)
    loops_[number]->stop([this, number] {
      Shard& shard = host_->shard(number);
      shard.take_inbox();
      shard.end_turn();
      shard.window.submit_all();
      shard.streams.drop_all();
      listeners_[number].clear();
      waits_[number].clear();
    });
}

double HostThreads::loop_busy(std::uint32_t shard) {
  Busy& before = busy_[shard];
  const Busy now{clock_.mono_us(), loops_[shard]->busy_us()};
  const double share = now.at_us <= before.at_us ? 0
                                                 : static_cast<double>(now.busy_us - before.busy_us) /
                                                       static_cast<double>(now.at_us - before.at_us);
  before = now;
  return share;
}

}  // namespace hotline

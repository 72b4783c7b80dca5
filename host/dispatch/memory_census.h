// MemoryCensus: what the accounts, sessions and connections of a host hold, part by part.
//
// Every object is asked, and the allocator is asked for the blocks it holds; of containers that do not tell
// their nodes, these are computed. That costs some hundred nanoseconds an object, so it goes in slices, each
// an event of its shard among others: objects that come or go meanwhile may be counted or not.
//
// Threads: take() any; the rest is the shards'.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/heap_size.h"
#include "dispatch/host.h"

namespace hotline {

class MemoryCensus {
 public:
  enum class Part : std::uint8_t {
    streams,
    connections,
    links,
    tls,
    framers,
    in_flight,
    sessions,
    stream_management,
    accounts,
    mailboxes,
    timers,
    count,
  };
  static constexpr std::size_t parts = static_cast<std::size_t>(Part::count);
  static std::string_view name_of(Part part);

  struct Figure {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;

    void add(std::uint64_t more_bytes, std::uint64_t more = 1) {
      count += more;
      bytes += more_bytes;
    }
  };
  struct Figures {
    std::array<Figure, parts> of{};
    std::map<std::uint32_t, Figure> rows;  // By table number; counted in rows.

    Figure& part(Part which) { return of[static_cast<std::size_t>(which)]; }
    void add(const Figures& other);
    std::uint64_t bytes() const;
  };
  // `done` is called on the thread of the shard that ends last.
  static void take(Host& host, std::function<void(const Figures&)> done);

 private:
  struct Round {
    std::mutex mutex;
    Figures whole;
    std::size_t missing = 0;
    std::function<void(const Figures&)> done;
  };
  // One shard's walk.
  class Walk;
};

}  // namespace hotline

// Timers: a shard's deadlines, in a heap. Cancelling is lazy: a cancelled timer is dropped when it comes up,
// and the heap is rebuilt when more than half of it is cancelled.
//
// Threads: its shard's. Times are Clock::mono_us.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace hotline {

class Timers {
 public:
  using Id = std::uint64_t;  // 0 is none.
  using Call = std::function<void()>;

  Id set(std::uint64_t at_us, Call call);
  void cancel(Id id);  // One that has run or does not exist is ignored.
  // When it is due; UINT64_MAX for one that has run or does not exist.
  std::uint64_t due_us(Id id) const;
  // Runs what is due, in order of deadline. A call may set and cancel timers.
  void run(std::uint64_t now_us);
  // When run() has something to do next; UINT64_MAX: never.
  std::uint64_t next_us();
  std::size_t size() const { return calls_.size(); }

 private:
  struct Due {
    std::uint64_t at_us;
    Id id;
    bool operator<(const Due& other) const {  // std::push_heap makes a max-heap: the soonest is greatest.
      return at_us != other.at_us ? at_us > other.at_us : id > other.id;
    }
  };
  void drop_cancelled();

  std::vector<Due> heap_;
  struct Waiting {
    std::uint64_t at_us;
    Call call;
  };
  std::unordered_map<Id, Waiting> calls_;
  Id last_id_ = 0;
};

}  // namespace hotline

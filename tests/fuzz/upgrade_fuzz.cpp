// What one process of an upgrade hears from the other: frames, and both machines that act on them.
//
// What must hold: a message that was read is written the same again, no partition is used by two machines'
// worth of one process (resumed or put in twice), and whatever is said, a machine ends nowhere but in one of
// its phases.
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "base/check.h"
#include "upgrade/giving.h"
#include "upgrade/taking.h"

namespace {

using namespace hotline;
using namespace hotline::upgrade;

// The deeds of one machine, done at once.
template <typename Machine>
class Runner {
 public:
  Runner(Machine& machine, bool has_all) : machine_(machine) {
    if (has_all) lives_.set();
  }
  void run(Deeds deeds) {
    std::deque<Deed> todo(deeds.begin(), deeds.end());
    while (!todo.empty()) {
      const Deed deed = std::move(todo.front());
      todo.pop_front();
      if (!act(deed)) continue;
      for (Deed& more : machine_.did(deed.act, deed.partition)) todo.push_back(std::move(more));
    }
  }

 private:
  bool act(const Deed& deed) {  // Whether it is answered.
    switch (deed.act) {
      case Act::freeze:
        check(lives_[deed.partition], "what is frozen was used here");
        lives_[deed.partition] = false;
        return true;
      case Act::put_in:
      case Act::resume:
      case Act::load:
        check(!lives_[deed.partition], "what comes was not here");
        lives_[deed.partition] = true;
        return deed.act != Act::load;
      case Act::expect:
      case Act::unpack:
      case Act::prepare:
      case Act::open_doors:
      case Act::open_store:
      case Act::close_store: return true;
      default: return false;
    }
  }
  Machine& machine_;
  std::bitset<partition_count> lives_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Giving giving{Offer{}};
  Taking taking{Hello{}};
  Runner<Giving> a(giving, true);
  Runner<Taking> b(taking, false);
  a.run(giving.begin());
  while (rest.size() >= header_bytes) {
    const Result<Header> header = read_header(rest);
    if (!header) break;
    rest.remove_prefix(header_bytes);
    const std::string_view body = rest.substr(0, header->body_bytes);
    rest.remove_prefix(body.size());
    const Result<Message> message = read_body(*header, body);
    if (!message) {
      a.run(giving.died(message.error().message));
      continue;
    }
    const std::string written = to_frame(*message, header->descriptors);
    check(std::string_view(written).substr(header_bytes) == body, "a message is written as it was read");
    a.run(giving.heard(*message));
    b.run(taking.heard(*message));
  }
  b.run(taking.died("the input has ended"));
  return 0;
}

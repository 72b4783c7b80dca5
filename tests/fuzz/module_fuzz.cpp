// One module on the fake host, and whatever strangers, users and time may do to it: any elements out of the
// words that it knows, HTTP requests, posts' and timers' consequences, cut connections, new generations in
// between. It neither throws nor fails a call, and all that it writes is XML. Built once for each module
// (CMakeLists.txt).
#include <cstdio>
#include <cstdlib>
#include <hotline/fake_host.hpp>
#include <hotline/sdk.hpp>
#include <set>

#include "event_maker.h"

extern "C" const hl_module_entry hl_module;

namespace {

using hotline::fuzz::Bytes;
using hotline::fuzz::EventMaker;
using hotline::sdk::FakeHost;
namespace fake = hotline::sdk::fake;

constexpr int events_max = 40;

void must(bool claim, const char* what, const std::string& about) {
  if (claim) return;
  std::fprintf(stderr, "%s: %s\n", what, about.c_str());
  std::abort();
}

class Trial {
 public:
  explicit Trial(Bytes& bytes) : bytes_(bytes), maker_(bytes) {
    host_.texts["url"] = "https://localhost:8443";
    host_.load(hl_module);
    alice_ = host_.login("alice@localhost", "phone");
    bob_ = host_.login("bob@localhost", "desk");
    stranger_ = host_.connect();
  }

  void run() {
    for (int i = 0; i < events_max && !bytes_.are_over(); ++i) {
      one_event();
      host_.run();
      for (const auto& [id, stream] : host_.state().streams) all_is_xml(id);
    }
    // Refusals are answers; a call that fails is a fault, unless it says that there is no room.
    for (const auto status : host_.failed) must(status == HL_E_FULL, "a call failed", std::to_string(status));
  }

 private:
  void one_event() {
    switch (bytes_.byte() % 10) {
      case 0: host_.advance(bytes_.byte() * std::uint64_t{1000}); break;
      case 1: host_.renew(); break;
      case 2: request(); break;
      case 3:
        if (is_open(stranger_)) host_.disconnect(stranger_);
        stranger_ = host_.connect();
        break;
      case 4: receive(stranger_); break;
      case 5: receive(stream_of(bob_)); break;
      default: receive(stream_of(alice_)); break;
    }
  }
  void receive(hl_stream stream) {
    if (is_open(stream)) host_.receive(stream, maker_.element());
  }
  void request() {
    FakeHost::HttpAsk ask;
    ask.method = maker_.method();
    ask.path = maker_.path();
    ask.body = maker_.body();
    ask.fields = {
        {"Content-Type", maker_.value()}, {"Content-Range", maker_.value()}, {"Range", maker_.value()}};
    host_.request(ask);
  }
  bool is_open(hl_stream stream) {
    const auto found = host_.state().streams.find(stream);
    return found != host_.state().streams.end() && found->second.is_open;
  }
  hl_stream stream_of(hl_session session) {
    const auto found = host_.state().sessions.find(session);
    return found == host_.state().sessions.end() ? 0 : found->second.stream;
  }
  void all_is_xml(hl_stream stream) {
    for (const std::string& written : host_.stream_sent(stream)) {
      const std::string in_a_stream =
          "<s xmlns:stream='http://etherx.jabber.org/streams'>" + written + "</s>";
      must(fake::Stanza::parse(in_a_stream) != nullptr, "this is no XML", written);
    }
  }

  Bytes& bytes_;
  EventMaker maker_;
  FakeHost host_;
  hl_session alice_ = 0, bob_ = 0;
  hl_stream stranger_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  Trial(bytes).run();
  return 0;
}

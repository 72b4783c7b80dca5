// million_bench: what logged-in sessions cost in one process, by how many there are. No sockets.
//
//   million_bench [--json] [--modules NAMES] [--messages N] [SESSIONS ...]     default: 10000 100000 1000000
//
// A whole host (tests/unit/dispatch/sim_world: real modules, sessions, XEP-0198, mailboxes and rows;
// simulated time and disk) with one shard, in a process of its own for each size. Each session logs in over
// TLS 1.3 records, whose state is real and is thawed rather than shaken hands for, binds, turns stream
// management on and is available. Then: resident bytes, CPU a login, CPU a message that is sent, delivered,
// acknowledged by its recipient and to its sender (the cheapest tenth of them; without what all sessions cost
// at rest in the same simulated time), and CPU of a second in which nobody says anything. CPU is this
// thread's inside the host, without the clients'. Bytes are without what the clients take.
//
// Exit status: 0; 1 when a message was lost or doubled; 2 when it could not be measured.
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/heap.h"
#include "base/resident_bytes.h"
#include "dispatch/memory_census.h"
#include "unit/dispatch/sim_world.h"
#include "unit/net/tls_record_peer.h"

extern char** environ;

namespace {

using namespace hotline;
using nlohmann::json;

struct Options {
  bool wants_json = false;
  std::string modules = "session,routing,presence,registration,privacy,profile";
  std::uint64_t messages = 200'000;
  std::vector<std::uint64_t> sizes;
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "million_bench: %s\n", why.c_str());
  std::exit(2);
}

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// The newest build of each module.
std::vector<std::string> module_files(std::string names) {
  std::vector<std::string> files;
  for (names += ','; !names.empty(); names.erase(0, names.find(',') + 1)) {
    const std::string name = names.substr(0, names.find(','));
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator(HOTLINE_MODULE_DIR)) {
      const std::string file = entry.path().filename().string();
      if (file.starts_with(name + "-") && file.ends_with(".so") && file > newest) newest = file;
    }
    if (newest.empty()) give_up("no module " + name + " in " HOTLINE_MODULE_DIR ": build it first");
    files.push_back(sim::module_file(newest));
  }
  return files;
}

// One client: as little as it takes to go on talking.
struct Client {
  LinkEvents* events = nullptr;          // The host's end.
  std::uint64_t sealed = 0, opened = 0;  // Records.
  std::string input;                     // What the host wrote and was not read.
  std::uint32_t handled = 0;             // Stanzas, since stream management is on.
  bool counts = false;
  bool owes_answer = false;
};

// What the host wrote, in that order: as little as a socket takes, so that no memory of a client's is
// touched while the host is measured.
struct Outbox {
  std::string bytes;
  std::vector<std::pair<Client*, std::size_t>> pieces;

  void hand_out() {
    std::size_t at = 0;
    for (const auto& [client, size] : pieces) client->input.append(bytes, std::exchange(at, at + size), size);
    bytes.clear();
    pieces.clear();
  }
};

class ClientLink final : public Link {
 public:
  ClientLink(Client& client, Outbox& outbox) : client_(client), outbox_(outbox) {}
  ~ClientLink() override { client_.events = nullptr; }

  void attach(LinkEvents* events) override { client_.events = events; }
  std::size_t send(std::string_view bytes) override {
    outbox_.bytes.append(bytes);
    outbox_.pieces.emplace_back(&client_, bytes.size());
    return bytes.size();
  }
  std::size_t unacknowledged() const override { return 0; }
  void pause_reading(bool /*paused*/) override {}
  std::string peer() const override { return "127.0.0.1"; }
  bool is_loopback() const override { return true; }
  void detach() override {}
  std::size_t held_bytes() const override { return heap_bytes(this); }

 private:
  Client& client_;
  Outbox& outbox_;
};

// Each connection's TLS as it is behind a handshake, all with the same keys.
class ThawingContext final : public TlsContext {
 public:
  ThawingContext(std::unique_ptr<TlsContext> real, std::string frozen)
      : real_(std::move(real)), frozen_(std::move(frozen)) {}

  Result<void> reload() override { return real_->reload(); }
  std::unique_ptr<Tls> accept(std::string_view /*alpn*/) override {
    Result<std::unique_ptr<Tls>> thawed = real_->thaw(frozen_);
    if (!thawed) give_up(thawed.error().message);
    return std::move(*thawed);
  }
  Result<std::unique_ptr<Tls>> thaw(std::string_view frozen) override { return real_->thaw(frozen); }
  std::string fingerprint() const override { return real_->fingerprint(); }
  bool is_development() const override { return true; }
  std::string certificate_path() const override { return {}; }
  Memory memory() const override { return real_->memory(); }

 private:
  const std::unique_ptr<TlsContext> real_;
  const std::string frozen_;
};

std::string name_of(std::uint64_t number) {
  char name[24];
  std::snprintf(name, sizeof name, "u%07llu", static_cast<unsigned long long>(number));
  return name;
}

std::size_t occurrences(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size()))
    ++count;
  return count;
}

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                      reinterpret_cast<const unsigned char*>(text.data()),
                                                      static_cast<int>(text.size()))));
  return out;
}

class Million {
 public:
  Million(std::uint64_t sessions, const Options& options)
      : options_(options), peer_(TlsSuite::aes_128_gcm), clients_(sessions) {
    Result<std::unique_ptr<TlsContext>> real = TlsContext::open(
        {.certificate_file = {}, .key_file = {}, .state_dir = dir_.path(), .domain = "localhost"});
    if (!real) give_up(real.error().message);
    tls_ = std::make_unique<ThawingContext>(std::move(*real), peer_.frozen_host());
    sim::SimWorld::Settings settings{.shards = 1, .modules = module_files(options.modules), .limits = {}};
    settings.tls = tls_.get();
    settings.listener = {.name = "xmpps", .is_tls = true, .alpn = "xmpp-client"};
    listener_ = settings.listener;
    settings.accounts.reserve(sessions);
    for (std::uint64_t i = 0; i < sessions; ++i) settings.accounts.push_back(name_of(i) + "@localhost");
    world_ = std::make_unique<sim::SimWorld>(std::move(settings));
    trim_heap();
    resident_before_ = resident_bytes();
  }

  json measure() {
    json figures = {{"sessions", clients_.size()}};
    for (std::size_t first = 0; first < clients_.size(); first += batch)
      log_in(first, std::min(clients_.size(), first + batch));
    figures["cpu_us_per_login"] = in_host_us_ / static_cast<double>(clients_.size());
    figures["parts"] = parts();
    trim_heap();
    const auto bytes = static_cast<double>(resident_bytes()) - static_cast<double>(resident_before_);
    figures["bytes_per_session"] = bytes / static_cast<double>(clients_.size());
    figures["resident_bytes"] = resident_bytes();
    rest_us_per_s_ = rest();
    figures["cpu_us_per_message"] = exchange();
    figures["messages"] = options_.messages;
    figures["lost"] = static_cast<std::int64_t>(options_.messages) - static_cast<std::int64_t>(arrived_);
    figures["cpu_ns_per_idle_session_second"] = rest_us_per_s_ * 1e3 / static_cast<double>(clients_.size());
    return figures;
  }

 private:
  static constexpr std::size_t batch = 1'000;
  static constexpr int idle_seconds = 20, exchanges = 10;

  // Bytes of the host's, whatever it does with them: this is what is measured.
  template <typename Do>
  void in_host(Do&& act) {
    const double before = cpu_us();
    act();
    in_host_us_ += cpu_us() - before;
  }
  void settle() {
    in_host([this] { world_->settle(); });
    world_->store.commit_all();
    pass_us(1'000);
    in_host([this] { world_->settle(); });
    outbox_.hand_out();
  }

  void pass_us(std::uint64_t us) {
    world_->clock.advance_us(us);
    passed_us_ += us;
  }

  std::string sealed(Client& client, std::string_view text) {
    peer_.state().out.sequence = client.sealed;
    std::string record = peer_.data(text);
    client.sealed = peer_.state().out.sequence;
    return record;
  }
  // What has come for it since.
  const std::string& read(Client& client) {
    peer_.plain.clear();
    peer_.state().in.sequence = client.opened;
    if (!client.input.empty() && !peer_.receive(client.input)) give_up("a record cannot be opened");
    client.opened = peer_.state().in.sequence;
    std::string().swap(client.input);
    const std::string& text = peer_.plain;
    if (client.counts)
      client.handled += static_cast<std::uint32_t>(
          occurrences(text, "<message ") + occurrences(text, "<presence ") + occurrences(text, "<iq "));
    if (text.find("<enabled ") != std::string::npos) client.counts = true;
    if (text.find("type='error'") != std::string::npos) give_up("an error came: " + text);
    if (text.find("<r xmlns") != std::string::npos) client.owes_answer = true;
    return text;
  }
  void deliver(std::size_t number, std::string_view text) {
    Client& client = clients_[number];
    if (client.events == nullptr)
      give_up("the host closed a session: more messages than a client may be quiet for");
    const std::string record = sealed(client, text);
    in_host([&] { client.events->on_bytes(record); });
  }

  // All of a batch say `text(number)` and get an answer with `expected` in it.
  template <typename Text>
  void step(std::size_t first, std::size_t end, const char* expected, Text&& text) {
    for (std::size_t i = first; i < end; ++i) deliver(i, text(i));
    settle();
    for (std::size_t i = first; i < end; ++i) {
      const std::string& answer = read(clients_[i]);
      if (answer.find(expected) == std::string::npos)
        give_up("no " + std::string(expected) + " in: " + answer);
    }
  }

  void log_in(std::size_t first, std::size_t end) {
    constexpr const char* open =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' "
        "version='1.0'>";
    const auto always = [](std::string text) {
      return [text = std::move(text)](std::size_t) { return text; };
    };
    for (std::size_t i = first; i < end; ++i)
      in_host([&] {
        world_->host().shard(0).streams.accept(std::make_unique<ClientLink>(clients_[i], outbox_), listener_);
      });
    step(first, end, "</stream:features>", always(open));
    step(first, end, "<success", [](std::size_t i) {
      return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" +
             base64(std::string("\0", 1) + name_of(i) + std::string("\0", 1) +
                    std::string(sim::SimWorld::password)) +
             "</auth>";
    });
    step(first, end, "</stream:features>", always(open));
    step(first, end, "type='result'",
         always("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                "<resource>phone</resource></bind></iq>"));
    step(first, end, "<enabled", always("<enable xmlns='urn:xmpp:sm:3' resume='true'/>"));
    step(first, end, "<a ", always("<presence/><r xmlns='urn:xmpp:sm:3'/>"));
    answer(first, end);
  }

  void answer(std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) answer_one(i);
    settle();
    for (std::size_t i = first; i < end; ++i) read(clients_[i]);
  }
  void answer_one(std::size_t number) {
    Client& client = clients_[number];
    if (!std::exchange(client.owes_answer, false)) return;
    deliver(number, "<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(client.handled) + "'/>");
  }

  // CPU µs a message: anybody to anybody, a batch of them under way at a time. Of ten equal parts the
  // cheapest: what else the machine does takes caches away and gives none.
  double exchange() {
    SeededRandom random(7);
    double least_us = 0;
    const std::uint64_t share = options_.messages / exchanges;
    for (int part = 0; part < exchanges; ++part) {
      const double before_us = in_host_us_;
      passed_us_ = 0;
      exchange(share, random);
      const double at_rest_us = rest_us_per_s_ * static_cast<double>(passed_us_) / 1e6;
      const double each_us = (in_host_us_ - before_us - at_rest_us) / static_cast<double>(share);
      least_us = part == 0 ? each_us : std::min(least_us, each_us);
    }
    return least_us;
  }
  void exchange(std::uint64_t messages, SeededRandom& random) {
    const std::string body(100, 'x');
    std::vector<std::size_t> touched;
    for (std::uint64_t sent = 0; sent < messages; sent += batch) {
      touched.clear();
      for (std::size_t i = 0; i < batch; ++i) {
        const std::size_t from = random.next_u64() % clients_.size(),
                          to = random.next_u64() % clients_.size();
        touched.push_back(from);
        touched.push_back(to);
        deliver(from, "<message type='chat' to='" + name_of(to) + "@localhost' id='m'><body>" + body +
                          "</body></message><r xmlns='urn:xmpp:sm:3'/>");
      }
      settle();
      for (int round = 0; round < 3; ++round) {
        for (const std::size_t number : touched) arrived_ += occurrences(read(clients_[number]), "<message ");
        for (const std::size_t number : touched) answer_one(number);
        settle();
        pass_us(100'000);  // Past the gap between two requests for acknowledgement.
        settle();
      }
    }
  }

  // CPU µs of a second.
  double rest() {
    const double before_us = in_host_us_;
    for (int second = 0; second < idle_seconds; ++second) {
      world_->clock.advance_us(1'000'000);
      in_host([this] { world_->settle(); });
    }
    return (in_host_us_ - before_us) / idle_seconds;
  }

  json parts() {
    json all = json::object();
    MemoryCensus::take(world_->host(), [&](const MemoryCensus::Figures& figures) {
      const auto each = [&](std::uint64_t bytes) {
        return static_cast<double>(bytes) / static_cast<double>(clients_.size());
      };
      for (std::size_t i = 0; i < MemoryCensus::parts; ++i)
        all[std::string(MemoryCensus::name_of(static_cast<MemoryCensus::Part>(i)))] =
            each(figures.of[i].bytes);
      for (const auto& [table, figure] : figures.rows)
        all["rows of " + world_->host().world().tables->table(table).name] = each(figure.bytes);
      all["tls record states"] = each(tls_->memory().bytes);
    });
    world_->settle();
    return all;
  }

  const Options& options_;
  const sim::TempDir dir_;
  test::RecordPeer peer_;
  std::vector<Client> clients_;  // Before the world, whose links know them.
  Outbox outbox_;
  std::unique_ptr<ThawingContext> tls_;
  ListenerFacts listener_;
  std::unique_ptr<sim::SimWorld> world_;
  std::uint64_t resident_before_ = 0;
  double in_host_us_ = 0, rest_us_per_s_ = 0;
  std::uint64_t passed_us_ = 0;  // Simulated, since exchange() began a part.
  std::uint64_t arrived_ = 0;
};

// One size in a process of its own, so that none finds the memory of another.
json measured_apart(const char* program, std::uint64_t sessions, const Options& options) {
  int ends[2];
  if (pipe(ends) != 0) give_up("no pipe");
  std::string size = std::to_string(sessions), messages = std::to_string(options.messages);
  std::string modules = options.modules;
  std::string words[] = {program, "--one", "--messages", messages, "--modules", modules, size};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  pid_t child = 0;
  if (posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ) != 0)
    give_up("cannot start itself");
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string text;
  char piece[4096];
  for (ssize_t size_read = 0; (size_read = ::read(ends[0], piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(size_read));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  const json figures = json::parse(text, nullptr, false);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || figures.is_discarded())
    give_up(size + " sessions could not be measured");
  return figures;
}

double ratio(const json& sizes, const char* figure) {
  return sizes.back().at(figure).get<double>() / std::max(1e-9, sizes.front().at(figure).get<double>());
}

void print(const json& report) {
  std::printf("%12s %14s %12s %14s %22s\n", "sessions", "bytes each", "us a login", "us a message",
              "ns an idle session s");
  for (const json& size : report.at("sizes"))
    std::printf("%12llu %14.0f %12.1f %14.2f %22.1f\n", size.at("sessions").get<unsigned long long>(),
                size.at("bytes_per_session").get<double>(), size.at("cpu_us_per_login").get<double>(),
                size.at("cpu_us_per_message").get<double>(),
                size.at("cpu_ns_per_idle_session_second").get<double>());
  std::printf("%12s %14.2f %12.2f %14.2f %22.2f\n", "last / first",
              ratio(report["sizes"], "bytes_per_session"), ratio(report["sizes"], "cpu_us_per_login"),
              ratio(report["sizes"], "cpu_us_per_message"),
              ratio(report["sizes"], "cpu_ns_per_idle_session_second"));
  std::printf("\nbytes a session, by part (%llu sessions):\n",
              report["sizes"].back().at("sessions").get<unsigned long long>());
  for (const auto& [name, bytes] : report["sizes"].back().at("parts").items())
    if (bytes.get<double>() >= 0.5) std::printf("  %-28s %8.0f\n", name.c_str(), bytes.get<double>());
}

std::uint64_t number_in(const std::string& text) {
  const std::uint64_t number = std::strtoull(text.c_str(), nullptr, 10);
  if (number == 0) give_up("not a number of at least 1: " + text);
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  bool is_one = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool takes_value = word == "--modules" || word == "--messages";
    if (takes_value && i + 1 == argc) give_up(word + " needs a value");
    if (word == "--json")
      options.wants_json = true;
    else if (word == "--one")
      is_one = true;
    else if (word == "--modules")
      options.modules = argv[++i];
    else if (word == "--messages")
      options.messages = number_in(argv[++i]);
    else
      options.sizes.push_back(number_in(word));
  }
  if (is_one) {
    std::printf("%s\n", Million(options.sizes.at(0), options).measure().dump().c_str());
    std::fflush(stdout);
    _exit(0);  // Taking a million sessions down is nobody's figure.
  }
  if (options.sizes.empty()) options.sizes = {10'000, 100'000, 1'000'000};
  options.messages = std::max<std::uint64_t>(10'000, options.messages / 10'000 * 10'000);
  json report = {{"modules", options.modules}, {"sizes", json::array()}};
  std::int64_t lost = 0;
  for (const std::uint64_t size : options.sizes) {
    report["sizes"].push_back(measured_apart(argv[0], size, options));
    lost += std::abs(report["sizes"].back().at("lost").get<std::int64_t>());
  }
  report["largest"] = report["sizes"].back();
  report["lost"] = lost;
  for (const char* figure : {"bytes_per_session", "cpu_us_per_login", "cpu_us_per_message"})
    report["ratio"][figure] = ratio(report["sizes"], figure);
  if (options.wants_json) {
    std::printf("%s\n", report.dump().c_str());
  } else {
    print(report);
  }
  return lost == 0 ? 0 : 1;
}

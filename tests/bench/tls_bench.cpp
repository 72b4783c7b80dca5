// tls_bench: what a TLS record costs, with own records and with OpenSSL's SSL object. No sockets.
//
//   tls_bench [CONNECTIONS [BYTES [ROUNDS]]]       default: 64 200 9
//
// Both contexts serve as many connections, in turn; rounds of the two are interleaved. CPU nanoseconds a
// message on this thread: median, least in brackets. `login`: a whole handshake, the client's share included.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "unit/net/tls_client.h"

namespace {

using namespace hotline;
using namespace hotline::test;

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct Figures {
  std::vector<double> seal, open, login;
};

void print(const char* what, std::vector<double> own, std::vector<double> object) {
  std::sort(own.begin(), own.end());
  std::sort(object.begin(), object.end());
  const double a = own[own.size() / 2];
  const double b = object[object.size() / 2];
  std::printf("%-6s own %8.0f (%.0f)   SSL object %8.0f (%.0f)   ratio %.2f (%.2f)\n", what, a, own[0], b,
              object[0], a / b, own[0] / object[0]);
}

class Side {
 public:
  Side(Records records, std::size_t connections) : context_(open_context(folder_, records)) {
    for (std::size_t i = 0; i < connections; ++i) add();
  }

  void round(const std::string& message, int times, Figures& figures) {
    std::string out;
    std::string plain;
    double sealing = 0;
    double opening = 0;
    for (int time = 0; time < times; ++time) {
      for (auto& client : clients_) client->write(message);
      std::vector<std::string> records;
      for (auto& client : clients_) records.push_back(client->take_output());
      double before = cpu_ns();
      for (std::size_t i = 0; i < servers_.size(); ++i) {
        plain.clear();
        servers_[i]->feed(records[i], plain, out);
      }
      opening += cpu_ns() - before;
      before = cpu_ns();
      for (auto& server : servers_) {
        out.clear();
        server->seal(message, out);
      }
      sealing += cpu_ns() - before;
    }
    const double messages = static_cast<double>(times) * static_cast<double>(servers_.size());
    figures.seal.push_back(sealing / messages);
    figures.open.push_back(opening / messages);
  }

  void logins(int times, Figures& figures) {
    const double before = cpu_ns();
    for (int i = 0; i < times; ++i) {
      add();
      clients_.pop_back();
      servers_.pop_back();
    }
    figures.login.push_back((cpu_ns() - before) / times);
  }

 private:
  void add() {
    clients_.push_back(std::make_unique<TlsClient>(TlsClientSettings{}));
    servers_.push_back(context_->accept(""));
    std::string plain;
    converse(*clients_.back(), *servers_.back(), plain);
    if (servers_.back()->state() != Tls::State::open) std::abort();
  }

  TemporaryFolder folder_;
  std::unique_ptr<TlsContext> context_;
  std::vector<std::unique_ptr<TlsClient>> clients_;
  std::vector<std::unique_ptr<Tls>> servers_;
};

std::size_t argument(int argc, char** argv, int at, std::size_t otherwise) {
  return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t connections = argument(argc, argv, 1, 64);
  const std::size_t bytes = argument(argc, argv, 2, 200);
  const std::size_t rounds = argument(argc, argv, 3, 9);
  const int times = static_cast<int>(std::max<std::size_t>(1, 20'000 / connections));
  Side own(Records::own, connections);
  Side object(Records::openssl, connections);
  Figures of_own;
  Figures of_object;
  const std::string message(bytes, 'm');
  for (std::size_t round = 0; round < rounds; ++round) {
    own.round(message, times, of_own);
    object.round(message, times, of_object);
    own.logins(50, of_own);
    object.logins(50, of_object);
  }
  std::printf("%zu connections, %zu bytes, %zu rounds; CPU ns a message\n", connections, bytes, rounds);
  print("seal", of_own.seal, of_object.seal);
  print("open", of_own.open, of_object.open);
  print("login", of_own.login, of_object.login);
  return 0;
}

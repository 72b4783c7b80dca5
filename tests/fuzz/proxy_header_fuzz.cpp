// Any bytes as a header of the PROXY protocol. The first byte chooses how they are cut: however that is, as
// much is taken, with the same outcome.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/proxy_header.h"

using namespace hotline;

namespace {

struct Outcome {
  ProxyHeader::State state;
  std::size_t taken;
  std::string client;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome(std::string_view bytes, std::size_t step) {
  ProxyHeader header;
  std::size_t taken = 0;
  while (taken < bytes.size() && header.state() == ProxyHeader::State::more) {
    std::string_view part = bytes.substr(taken, step);
    const std::size_t size = part.size();
    header.take(part);
    taken += size - part.size();
    if (header.state() == ProxyHeader::State::more && !part.empty()) std::abort();  // It left what it needs.
  }
  if ((header.state() == ProxyHeader::State::wrong) == header.reason().empty()) std::abort();
  if (header.client() && (header.state() != ProxyHeader::State::whole || header.client()->is_loopback()))
    std::abort();
  return {header.state(), taken, header.client() ? header.client()->text() : ""};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Outcome whole = outcome(bytes, std::max<std::size_t>(bytes.size(), 1));
  if (whole != outcome(bytes, data[0] % 32 + 1)) std::abort();
  if (whole.taken > 16 + ProxyHeader::rest_bytes_max) std::abort();
  if (whole.state == ProxyHeader::State::more && whole.taken != bytes.size()) std::abort();
  return 0;
}

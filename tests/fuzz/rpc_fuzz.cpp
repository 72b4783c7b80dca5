// The control socket's requests: lines cut out of a stream in any pieces, each parsed.
//
// What must hold: no line is longer than the bound, a request that was taken reads the same after being
// written and read again, and a refusal can be written.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "control/rpc_line_reader.h"
#include "control/rpc_message.h"

namespace {

constexpr std::size_t line_bytes_max = 4'096;  // Small, so that the bound is reached.

void parse(std::string_view line) {
  auto parsed = hotline::parse_rpc_request(line);
  if (const auto* refusal = std::get_if<hotline::RpcRefusal>(&parsed)) {
    const std::string answer = hotline::rpc_error_line(refusal->id, refusal->error);
    hotline::check(answer.find('\n') == answer.size() - 1, "an error is one line");
    return;
  }
  const auto& request = std::get<hotline::RpcRequest>(parsed);
  if (!request.wants_answer()) return;
  const std::string written = hotline::rpc_request_line(request.id, request.method, request.params);
  auto again = hotline::parse_rpc_request(std::string_view(written).substr(0, written.size() - 1));
  const auto* same = std::get_if<hotline::RpcRequest>(&again);
  hotline::check(same != nullptr && same->id == request.id && same->method == request.method &&
                     same->params == request.params,
                 "a request reads the same after being written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece_bytes = 1 + data[0];
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  hotline::RpcLineReader reader(line_bytes_max);
  while (!rest.empty()) {
    reader.append(rest.substr(0, piece_bytes));
    rest.remove_prefix(std::min(piece_bytes, rest.size()));
    while (const auto line = reader.next()) {
      hotline::check(line->size() <= line_bytes_max, "a line within its bound");
      parse(*line);
    }
  }
  (void)hotline::parse_rpc_incoming({reinterpret_cast<const char*>(data), size});
  return 0;
}

// JSON-RPC 2.0 messages, as the control socket carries them: one JSON object a line.
//
//     -> {"jsonrpc":"2.0","id":7,"method":"push","params":{"files":["/tmp/routing-2.so"]}}
//     <- {"jsonrpc":"2.0","method":"progress","params":{"id":7,"step":"verify","ms":3.1}}
//     <- {"jsonrpc":"2.0","id":7,"result":{…}}          or "error":{"code":…,"message":"…"}
//
// Parameters go by name (an object). Requests without an id are not answered. Batches are not taken:
// lines can be sent without waiting for answers, which may come in any order. Pure functions, any thread.
// Source: https://www.jsonrpc.org/specification.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace hotline {

constexpr std::size_t rpc_request_bytes_max = 1'048'576;  // One line, without its end.

struct RpcError {
  static constexpr int parse_error = -32700;
  static constexpr int invalid_request = -32600;
  static constexpr int method_not_found = -32601;
  static constexpr int invalid_params = -32602;
  static constexpr int internal_error = -32603;
  static constexpr int refused = -32000;  // Understood, and not done: the message says why.

  int code = refused;
  std::string message;
  nlohmann::json data;  // Null when there is none.
};

struct RpcRequest {
  nlohmann::json id;  // A string or a whole number; null: a notification, which wants no answer.
  std::string method;
  nlohmann::json params = nlohmann::json::object();

  bool wants_answer() const { return !id.is_null(); }
};

// A line that is no request, and the id to answer under (null when it cannot be told).
struct RpcRefusal {
  nlohmann::json id;
  RpcError error;
};

std::variant<RpcRequest, RpcRefusal> parse_rpc_request(std::string_view line);

// What a client receives.
struct RpcIncoming {
  enum class Kind { result, error, notification };
  Kind kind = Kind::result;
  nlohmann::json id;     // Null for a notification, and for an error about a line that was not understood.
  std::string method;    // Of a notification.
  nlohmann::json value;  // The result, or the notification's parameters.
  RpcError error;
};

Result<RpcIncoming> parse_rpc_incoming(std::string_view line);

// Lines to send, with their ends.
std::string rpc_request_line(const nlohmann::json& id, std::string_view method, const nlohmann::json& params);
std::string rpc_result_line(const nlohmann::json& id, const nlohmann::json& result);
std::string rpc_error_line(const nlohmann::json& id, const RpcError& error);
// A notification about the request `id`; `event` is an object.
std::string rpc_progress_line(const nlohmann::json& id, nlohmann::json event);

}  // namespace hotline

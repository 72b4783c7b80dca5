#include "control/rpc_message.h"

#include "control/json_text.h"

namespace hotline {
namespace {

using nlohmann::json;

bool is_id(const json& id) {
  return id.is_string() || id.is_number_integer();
}

RpcRefusal refusal(json id, int code, std::string message) {
  return {std::move(id), {code, std::move(message), nullptr}};
}

}  // namespace

std::variant<RpcRequest, RpcRefusal> parse_rpc_request(std::string_view line) {
  Result<json> parsed = parse_json_message(line);
  if (!parsed) return refusal(nullptr, RpcError::parse_error, "not JSON: " + parsed.error().message);
  json& message = *parsed;
  if (message.is_array()) {
    return refusal(nullptr, RpcError::invalid_request,
                   "batches are not taken: send one request a line, without waiting for answers");
  }
  if (!message.is_object()) {
    return refusal(nullptr, RpcError::invalid_request, "a request is a JSON object");
  }

  RpcRequest request;
  if (const auto id = message.find("id"); id != message.end()) {
    if (!is_id(*id)) {
      return refusal(nullptr, RpcError::invalid_request, "`id` must be a string or a whole number");
    }
    request.id = std::move(*id);
  }
  if (const auto version = message.find("jsonrpc"); version == message.end() || *version != "2.0") {
    return refusal(std::move(request.id), RpcError::invalid_request, "`jsonrpc` must be \"2.0\"");
  }
  const auto method = message.find("method");
  if (method == message.end() || !method->is_string()) {
    return refusal(std::move(request.id), RpcError::invalid_request, "`method` must be a string");
  }
  request.method = method->get<std::string>();
  if (const auto params = message.find("params"); params != message.end()) {
    if (!params->is_object()) {
      return refusal(std::move(request.id), RpcError::invalid_params,
                     "`params` must be an object: parameters go by name");
    }
    request.params = std::move(*params);
  }
  return request;
}

Result<RpcIncoming> parse_rpc_incoming(std::string_view line) {
  Result<json> parsed = parse_json_message(line);
  if (!parsed) return parsed.error();
  json& message = *parsed;
  if (!message.is_object()) return Error{"an answer must be a JSON object"};

  RpcIncoming incoming;
  if (const auto id = message.find("id"); id != message.end()) incoming.id = std::move(*id);
  if (const auto result = message.find("result"); result != message.end()) {
    incoming.value = std::move(*result);
    return incoming;
  }
  if (const auto error = message.find("error"); error != message.end() && error->is_object()) {
    incoming.kind = RpcIncoming::Kind::error;
    const auto code = error->find("code");
    const auto text = error->find("message");
    if (code == error->end() || !code->is_number_integer() || text == error->end() || !text->is_string()) {
      return Error{"an error must have a whole number `code` and a string `message`"};
    }
    incoming.error.code = code->get<int>();
    incoming.error.message = text->get<std::string>();
    if (const auto data = error->find("data"); data != error->end()) incoming.error.data = std::move(*data);
    return incoming;
  }
  if (const auto method = message.find("method"); method != message.end() && method->is_string()) {
    incoming.kind = RpcIncoming::Kind::notification;
    incoming.method = method->get<std::string>();
    if (const auto params = message.find("params"); params != message.end())
      incoming.value = std::move(*params);
    return incoming;
  }
  return Error{"an answer must have `result`, `error` or `method`"};
}

std::string rpc_request_line(const json& id, std::string_view method, const json& params) {
  return json_line({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}) + "\n";
}

std::string rpc_result_line(const json& id, const json& result) {
  return json_line({{"jsonrpc", "2.0"}, {"id", id}, {"result", result}}) + "\n";
}

std::string rpc_error_line(const json& id, const RpcError& error) {
  json body = {{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) body["data"] = error.data;
  return json_line({{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(body)}}) + "\n";
}

std::string rpc_progress_line(const json& id, json event) {
  event["id"] = id;
  return json_line({{"jsonrpc", "2.0"}, {"method", "progress"}, {"params", std::move(event)}}) + "\n";
}

}  // namespace hotline

#include "cli/context.h"

#include "cli/table.h"
#include "control/json_text.h"
#include "control/protocol.h"

namespace hotline::cli {

Exit Context::fail(Exit how, const std::string& message, const std::string& verbs) const {
  if (wants_json) print_json({{"error", {{"message", message}}}});
  err << "hotline" << verbs << ": " << printable(message) << '\n';
  return how;
}

Exit Context::fail(const RpcFailure& failure) const {
  if (failure.kind != RpcFailure::Kind::refused) return fail(Exit::unreachable, failure.error.message);
  if (failure.error.code == RpcError::method_not_found) {
    return fail(Exit::failed,
                failure.error.message +
                    " on this host: it is of another version, or the module that has it is not loaded "
                    "(`hotline modules`)");
  }
  return fail(Exit::failed, failure.error.message);
}

std::optional<RpcClient> Context::connect(Exit& exit) {
  if (!socket.empty()) {
    place_ = {socket, "", "", 0};
  } else {
    const std::string state_dir = choose_state_dir(state);
    if (state_dir.empty()) {
      exit =
          fail(Exit::usage,
               "which host? Give --state DIR, the directory `hotlined --state DIR` was started with, or set "
               "HOTLINE_STATE to it");
      return std::nullopt;
    }
    Result<HostPlace> found = read_run_file(state_dir);
    if (!found) {
      exit = fail(Exit::unreachable, found.error().message);
      return std::nullopt;
    }
    place_ = std::move(*found);
  }
  RpcResult<RpcClient> connected = RpcClient::connect(place_.socket);
  if (std::holds_alternative<RpcFailure>(connected)) {
    exit = fail(Exit::unreachable, unreachable_text(place_));
    return std::nullopt;
  }
  return std::get<RpcClient>(std::move(connected));
}

std::optional<std::string> Context::account(RpcClient& client, const std::string& name, Exit& exit) {
  if (name.find('@') != std::string::npos) return name;
  if (place_.domain.empty()) {
    RpcResult<nlohmann::json> answer = client.call("status", nlohmann::json::object(), silence_s_max);
    if (const auto* failure = std::get_if<RpcFailure>(&answer)) {
      exit = fail(*failure);
      return std::nullopt;
    }
    const nlohmann::json& status = std::get<nlohmann::json>(answer);
    if (status.is_object() && status.contains("domain") && status["domain"].is_string()) {
      place_.domain = status["domain"].get<std::string>();
    }
  }
  return name + "@" + place_.domain;
}

std::optional<nlohmann::json> Context::call(std::string_view method, const nlohmann::json& params,
                                            Exit& exit) {
  std::optional<RpcClient> client = connect(exit);
  if (!client) return std::nullopt;
  RpcResult<nlohmann::json> answer = client->call(method, params, silence_s_max);
  if (const auto* failure = std::get_if<RpcFailure>(&answer)) {
    exit = fail(*failure);
    return std::nullopt;
  }
  return std::get<nlohmann::json>(std::move(answer));
}

void Context::print_json(const nlohmann::json& value) const {
  out << json_line(value) << '\n';
}

}  // namespace hotline::cli

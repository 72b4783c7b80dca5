#include "control/rpc_message.h"

#include <doctest/doctest.h>

#include <string>

using hotline::RpcError;
using hotline::RpcRefusal;
using hotline::RpcRequest;
using nlohmann::json;

namespace {

RpcRequest request(std::string_view line) {
  auto parsed = hotline::parse_rpc_request(line);
  REQUIRE(std::holds_alternative<RpcRequest>(parsed));
  return std::get<RpcRequest>(parsed);
}

RpcRefusal refusal(std::string_view line) {
  auto parsed = hotline::parse_rpc_request(line);
  REQUIRE(std::holds_alternative<RpcRefusal>(parsed));
  return std::get<RpcRefusal>(parsed);
}

}  // namespace

TEST_CASE("rpc message: a request has its id, method and parameters") {
  const RpcRequest full = request(R"({"jsonrpc":"2.0","id":7,"method":"push","params":{"files":["a"]}})");
  CHECK(full.id == 7);
  CHECK(full.method == "push");
  CHECK(full.params == json{{"files", {"a"}}});
  CHECK(request(R"({"jsonrpc":"2.0","id":"x","method":"status"})").id == "x");
  CHECK(request(R"({"jsonrpc":"2.0","id":1,"method":"status"})").params == json::object());
  CHECK(!request(R"({"jsonrpc":"2.0","method":"status"})").wants_answer());
}

TEST_CASE("rpc message: what is no request is refused with the code of the specification") {
  CHECK(refusal("{").error.code == RpcError::parse_error);
  CHECK(refusal("").error.code == RpcError::parse_error);
  CHECK(refusal("\xff").error.code == RpcError::parse_error);
  CHECK(refusal("[]").error.code == RpcError::invalid_request);
  CHECK(refusal("1").error.code == RpcError::invalid_request);
  CHECK(refusal("{}").error.code == RpcError::invalid_request);
  CHECK(refusal(R"({"jsonrpc":"1.0","id":1,"method":"a"})").error.code == RpcError::invalid_request);
  CHECK(refusal(R"({"jsonrpc":"2.0","id":1,"method":5})").error.code == RpcError::invalid_request);
  CHECK(refusal(R"({"jsonrpc":"2.0","id":null,"method":"a"})").error.code == RpcError::invalid_request);
  CHECK(refusal(R"({"jsonrpc":"2.0","id":1.5,"method":"a"})").error.code == RpcError::invalid_request);
  CHECK(refusal(R"({"jsonrpc":"2.0","id":1,"method":"a","params":[1]})").error.code ==
        RpcError::invalid_params);
}

TEST_CASE("rpc message: a refusal is answered under the id, where there is one") {
  CHECK(refusal(R"({"jsonrpc":"2.0","id":3,"method":5})").id == 3);
  CHECK(refusal(R"({"jsonrpc":"2.0","id":[],"method":"a"})").id.is_null());
}

TEST_CASE("rpc message: what is written can be read") {
  const auto round = [](const std::string& line) {
    REQUIRE(line.back() == '\n');
    REQUIRE(line.find('\n') == line.size() - 1);
    auto incoming = hotline::parse_rpc_incoming(std::string_view(line).substr(0, line.size() - 1));
    REQUIRE(incoming.has_value());
    return *incoming;
  };
  const auto result = round(hotline::rpc_result_line(4, {{"text", "two\nlines"}}));
  CHECK(result.kind == hotline::RpcIncoming::Kind::result);
  CHECK(result.id == 4);
  CHECK(result.value == json{{"text", "two\nlines"}});

  const auto error = round(hotline::rpc_error_line("a", {RpcError::refused, "no", {{"why", 1}}}));
  CHECK(error.kind == hotline::RpcIncoming::Kind::error);
  CHECK(error.error.code == RpcError::refused);
  CHECK(error.error.message == "no");
  CHECK(error.error.data == json{{"why", 1}});

  const auto progress = round(hotline::rpc_progress_line(9, {{"step", "verify"}}));
  CHECK(progress.kind == hotline::RpcIncoming::Kind::notification);
  CHECK(progress.method == "progress");
  CHECK(progress.value == json{{"id", 9}, {"step", "verify"}});
}

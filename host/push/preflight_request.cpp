#include "push/preflight_request.h"

#include <nlohmann/json.hpp>

namespace hotline {

namespace {

using nlohmann::json;

json bytes_json(const std::string& bytes) {
  return json::binary({bytes.begin(), bytes.end()});
}
std::string bytes_from(const json& value) {
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string bytes_of(const PreflightRequest& request) {
  json rows = json::array();
  for (const SampleRow& row : request.rows)
    rows.push_back({{"table", row.table}, {"schema", row.schema}, {"value", bytes_json(row.value)}});
  json settings = json::object();
  for (const auto& [key, value] : request.facts.settings) settings[key] = bytes_json(value);
  const json value = {{"format", request.format},
                      {"clause", request.clause},
                      {"manifest", request.manifest},
                      {"build_id", request.build_id},
                      {"digest", request.digest},
                      {"convert_reason", request.convert_reason},
                      {"unique_symbols", request.pins.unique_symbols},
                      {"thread_destructors", request.pins.thread_destructors},
                      {"is_nodelete", request.pins.is_nodelete},
                      {"domain", request.facts.domain},
                      {"settings", std::move(settings)},
                      {"rows", std::move(rows)},
                      {"seconds", request.seconds},
                      {"call_us", request.call_us},
                      {"hard_us", request.hard_us},
                      {"output_bytes", request.output_bytes}};
  std::string bytes;
  json::to_cbor(value, bytes);
  return bytes;
}

Result<PreflightRequest> preflight_request_of(const std::string& bytes) {
  try {
    const json value = json::from_cbor(bytes);
    PreflightRequest request;
    value.at("format").get_to(request.format);
    if (request.format != preflight_format)
      return Error{"the host speaks " + request.format + ", this program " + std::string(preflight_format)};
    value.at("clause").get_to(request.clause);
    value.at("manifest").get_to(request.manifest);
    value.at("build_id").get_to(request.build_id);
    value.at("digest").get_to(request.digest);
    value.at("convert_reason").get_to(request.convert_reason);
    value.at("unique_symbols").get_to(request.pins.unique_symbols);
    value.at("thread_destructors").get_to(request.pins.thread_destructors);
    value.at("is_nodelete").get_to(request.pins.is_nodelete);
    value.at("domain").get_to(request.facts.domain);
    for (const auto& [key, setting] : value.at("settings").items())
      request.facts.settings[key] = bytes_from(setting);
    for (const json& row : value.at("rows"))
      request.rows.push_back({row.at("table").get<std::string>(), row.at("schema").get<std::uint32_t>(),
                              bytes_from(row.at("value"))});
    value.at("seconds").get_to(request.seconds);
    value.at("call_us").get_to(request.call_us);
    value.at("hard_us").get_to(request.hard_us);
    value.at("output_bytes").get_to(request.output_bytes);
    return request;
  } catch (const json::exception& error) {
    return Error{std::string("this is no preflight request: ") + error.what()};
  }
}

std::string line_of(const PreflightVerdict& verdict) {
  json schemas = json::array();
  for (const RehearsedSchema& each : verdict.schemas)
    schemas.push_back({{"table", each.table},
                       {"schema", each.schema},
                       {"rows", each.rows},
                       {"proved", each.proved},
                       {"parked", each.parked}});
  const json value = {{"refusal", verdict.refusal},
                      {"notes", verdict.notes},
                      {"config_read", verdict.config_read},
                      {"has_convert", verdict.has_convert},
                      {"events", verdict.events},
                      {"rows", verdict.rows},
                      {"schemas", std::move(schemas)},
                      {"call_us_max", verdict.call_us_max},
                      {"instance_bytes", verdict.instance_bytes}};
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

Result<PreflightVerdict> preflight_verdict_of(std::string_view line) {
  try {
    const json value = json::parse(line);
    PreflightVerdict verdict;
    value.at("refusal").get_to(verdict.refusal);
    value.at("notes").get_to(verdict.notes);
    value.at("config_read").get_to(verdict.config_read);
    value.at("has_convert").get_to(verdict.has_convert);
    value.at("events").get_to(verdict.events);
    value.at("rows").get_to(verdict.rows);
    for (const json& each : value.at("schemas"))
      verdict.schemas.push_back({each.at("table").get<std::string>(), each.at("schema").get<std::uint32_t>(),
                                 each.at("rows").get<std::uint64_t>(), each.at("proved").get<std::uint64_t>(),
                                 each.at("parked").get<std::uint64_t>()});
    value.at("call_us_max").get_to(verdict.call_us_max);
    value.at("instance_bytes").get_to(verdict.instance_bytes);
    return verdict;
  } catch (const json::exception& error) {
    return Error{std::string("this is no preflight verdict: ") + error.what()};
  }
}

}  // namespace hotline

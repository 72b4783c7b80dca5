#include "control/protocol.h"

namespace hotline {

// By hand for its optional members: nlohmann/json 3.11.2 does not know std::optional.
void to_json(nlohmann::json& out, const ModuleReport& report) {
  out = {{"name", report.name},
         {"version", report.version},
         {"build_id", report.build_id},
         {"state", report.state},
         {"calls", report.calls},
         {"faults", report.faults},
         {"counters", report.counters},
         {"live_wall_ms", report.live_wall_ms},
         {"slow_calls", report.slow_calls},
         {"signals", report.signals},
         {"exceptions", report.exceptions},
         {"overruns", report.overruns},
         {"newest_fault", report.newest_fault},
         {"note", report.note},
         {"signer", report.signer}};
  if (report.call_us_p50) out["call_us_p50"] = *report.call_us_p50;
  if (report.call_us_p99) out["call_us_p99"] = *report.call_us_p99;
}

void from_json(const nlohmann::json& in, ModuleReport& report) {
  const auto read = [&in](const char* name, auto& member) {
    if (const auto found = in.find(name); found != in.end()) found->get_to(member);
  };
  const auto read_optional = [&in](const char* name, std::optional<double>& member) {
    member.reset();
    if (const auto found = in.find(name); found != in.end() && !found->is_null())
      member = found->get<double>();
  };
  report = {};
  read("name", report.name);
  read("version", report.version);
  read("build_id", report.build_id);
  read("state", report.state);
  read("live_wall_ms", report.live_wall_ms);
  read("calls", report.calls);
  read("faults", report.faults);
  read("slow_calls", report.slow_calls);
  read("signals", report.signals);
  read("exceptions", report.exceptions);
  read("overruns", report.overruns);
  read("newest_fault", report.newest_fault);
  read("counters", report.counters);
  read("note", report.note);
  read("signer", report.signer);
  read_optional("call_us_p50", report.call_us_p50);
  read_optional("call_us_p99", report.call_us_p99);
}

void to_json(nlohmann::json& out, const PushProgress& progress) {
  out = {{"step", progress.step}, {"detail", progress.detail}, {"ms", progress.ms}};
  if (progress.plan) out["plan"] = *progress.plan;
}

void from_json(const nlohmann::json& in, PushProgress& progress) {
  progress = {};
  progress.step = in.value("step", std::string());
  progress.detail = in.value("detail", std::string());
  progress.ms = in.value("ms", 0.0);
  if (const auto found = in.find("plan"); found != in.end()) progress.plan = found->get<PlanReport>();
}

}  // namespace hotline

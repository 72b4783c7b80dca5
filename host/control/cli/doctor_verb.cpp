// hotline doctor: whether this machine can hold so many sessions, and what to set where it can not. No host
// is asked; of one that runs on the state directory the process's own limits are read.
#include <filesystem>

#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"
#include "control/config.h"
#include "doctor/examination.h"
#include "doctor/linux_machine.h"
#include "doctor/sysctl_needs.h"

namespace hotline::cli {
namespace {

constexpr const char* system_config = "/etc/hotline/hotline.json";

// As the host reads it: of the state directory where it is there; else the service's.
Result<Config> config_of(const DoctorWish& wish, const std::string& state_dir) {
  if (!wish.config.empty()) return Config::read(wish.config);
  std::error_code ignored;
  const std::string its_own = state_dir + "/hotline.json";
  if (!state_dir.empty() && std::filesystem::exists(its_own, ignored)) return Config::read(its_own);
  if (!std::filesystem::exists(system_config, ignored)) return Config{};
  return Config::read(system_config);
}

doctor::Plan plan_of(const Context& context, const Config& config) {
  doctor::Plan plan;
  plan.state_dir = choose_state_dir(context.state);
  plan.certificate = config.tls.certificate;
  plan.mailbox_memory_bytes = config.mailbox.memory_bytes_max;
  for (const ListenAddress& listen : config.listen) plan.ports.push_back(listen.port);
  if (plan.state_dir.empty()) return plan;
  plan.is_hidden = !forbidden_text(plan.state_dir).empty();
  const Result<HostPlace> host = read_run_file(plan.state_dir);
  std::error_code ignored;
  if (host && std::filesystem::exists("/proc/" + std::to_string(host->process), ignored))
    plan.process = host->process;
  return plan;
}

nlohmann::json json_of(const doctor::Plan& plan, const std::vector<doctor::Finding>& findings) {
  nlohmann::json checks = nlohmann::json::array();
  for (const doctor::Finding& finding : findings)
    checks.push_back({{"name", finding.name},
                      {"verdict", name_of(finding.verdict)},
                      {"found", finding.found},
                      {"wanted", finding.wanted},
                      {"why", finding.why},
                      {"fix", finding.fix}});
  return {{"sessions", plan.sessions},
          {"process", plan.process},
          {"fit", doctor::is_fit(findings)},
          {"checks", std::move(checks)}};
}

void print(std::ostream& out, const doctor::Plan& plan, const std::vector<doctor::Finding>& findings) {
  out << "for " << count_text(plan.sessions) << " sessions:\n";
  Table table({{"check", left}, {"", left}, {"found", left}, {"wanted", left}});
  std::size_t bad = 0;
  for (const doctor::Finding& finding : findings) {
    if (finding.verdict == doctor::Verdict::bad) ++bad;
    table.add({finding.name, finding.verdict == doctor::Verdict::bad ? "BAD" : name_of(finding.verdict),
               finding.found, finding.wanted});
  }
  table.print(out);
  for (const doctor::Finding& finding : findings) {
    if (finding.verdict == doctor::Verdict::good) continue;
    out << '\n'
        << printable(finding.name) << ": " << printable(finding.why) << "\n    " << printable(finding.fix)
        << '\n';
  }
  out << '\n'
      << (bad == 0 ? "fit for so many"
                   : counted(bad, "check") + " of " + std::to_string(findings.size()) + " failed")
      << '\n';
}

}  // namespace

Exit examine_machine(Context& context, const DoctorWish& wish) {
  const Result<Config> config = config_of(wish, choose_state_dir(context.state));
  if (!config) return context.fail(Exit::failed, config.error().message);
  const doctor::LinuxMachine machine;
  doctor::Plan plan = plan_of(context, *config);
  plan.sessions = wish.sessions != 0 ? wish.sessions : doctor::sessions_allowed(machine, plan);
  if (wish.as_sysctl) {
    context.out << doctor::sysctl_file(plan);
    return Exit::done;
  }
  const std::vector<doctor::Finding> findings = doctor::examine(machine, plan);
  if (context.wants_json) {
    context.print_json(json_of(plan, findings));
  } else {
    print(context.out, plan, findings);
  }
  return doctor::is_fit(findings) ? Exit::done : Exit::failed;
}

}  // namespace hotline::cli

#include "doctor/examination.h"

namespace hotline::doctor {
namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t days_wanted = 21, days_needed = 3;

}  // namespace

void check_certificate(const Machine& machine, const Plan& plan, Findings& findings) {
  Finding finding{"tls.certificate",
                  Verdict::good,
                  "",
                  "good for at least " + std::to_string(days_wanted) + " days more",
                  "clients refuse one that is over, all of them at once",
                  "renew " + plan.certificate + ", then hotline tls-reload"};
  if (plan.certificate.empty()) {
    finding.verdict = Verdict::advice;
    finding.found = "the development certificate, which the host makes for itself";
    finding.wanted = "one that clients trust";
    finding.why = "unmodified clients refuse it";
    finding.fix = R"("tls": { "certificate": "…", "key": "…" } in the configuration)";
  } else if (const Result<CertificateDates> dates = machine.certificate(plan.certificate); !dates) {
    finding.verdict = Verdict::bad;
    finding.found = dates.error().message;
    finding.fix = "a PEM file that the host's user may read; run this as that user";
  } else {
    const std::int64_t now_s = machine.now_s();
    const std::int64_t days = (dates->ends_s - now_s) / day_s;
    if (now_s < dates->begins_s) {
      finding.verdict = Verdict::bad;
      finding.found = "begins in " + std::to_string((dates->begins_s - now_s) / day_s + 1) + " days";
      finding.wanted = "one that has begun";
      finding.fix = "set the clock (timedatectl set-ntp true), or use another certificate";
    } else if (now_s >= dates->ends_s) {
      finding.verdict = Verdict::bad;
      finding.found = "over since " + std::to_string((now_s - dates->ends_s) / day_s) + " days";
    } else {
      finding.found = std::to_string(days) + " days left";
      if (days < days_needed) {
        finding.verdict = Verdict::bad;
      } else if (days < days_wanted) {
        finding.verdict = Verdict::advice;
      }
    }
  }
  findings.push_back(std::move(finding));
}

}  // namespace hotline::doctor

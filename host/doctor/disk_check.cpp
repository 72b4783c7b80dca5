#include "doctor/examination.h"

namespace hotline::doctor {

void check_disk(const Machine& machine, const Plan& plan, Findings& findings) {
  if (plan.state_dir.empty()) {
    findings.push_back({"disk.state", Verdict::advice, "no state directory was given", "one to look at",
                        "the store must have room, and a disk that keeps what it was told to",
                        "hotline --state DIR doctor"});
    return;
  }
  const Needs needs(plan);
  const Result<Disk> disk = machine.disk(plan.state_dir);
  if (!disk) {
    findings.push_back({"disk.state", Verdict::bad, disk.error().message, "a directory of the host's user",
                        "the host keeps everything it writes there",
                        "install -d -m 700 -o hotline -g hotline " + plan.state_dir});
    return;
  }
  findings.push_back({"disk.room", disk->free_bytes < needs.disk_bytes ? Verdict::bad : Verdict::good,
                      mebibytes(disk->free_bytes) + " free in " + plan.state_dir,
                      "at least " + mebibytes(needs.disk_bytes),
                      "accounts, mailboxes and modules; when it is full nothing more is acknowledged",
                      "a larger disk, or a mount of its own for " + plan.state_dir});
  const bool is_safe = !disk->is_kept_in_memory && !disk->is_remote;
  findings.push_back({"disk.kind", is_safe ? Verdict::good : Verdict::bad, disk->type,
                      "a local disk (ext4, xfs, btrfs, zfs)",
                      disk->is_remote ? "another machine's locks and syncs cannot be relied on by the store"
                                      : "what is acknowledged must survive a loss of power",
                      "move " + plan.state_dir + " to a local disk, and start with --state there"});
  findings.push_back(
      {"disk.sync", disk->sync_problem.empty() ? Verdict::good : Verdict::bad,
       disk->sync_problem.empty() ? "a file was written and synced" : disk->sync_problem,
       "files can be written and synced", "a message is safe once its commit was synced",
       "chown -R hotline: " + plan.state_dir + ", run this as that user; else look at the disk (dmesg)"});
}

}  // namespace hotline::doctor

// The verbs of `hotline`: each asks the host one thing and shows the answer.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "cli/context.h"
#include "control/protocol.h"

namespace hotline::cli {

// status_verbs.cpp
Exit show_status(Context& context);
Exit show_memory(Context& context);
Exit show_modules(Context& context);
Exit show_sessions(Context& context, const std::string& account);  // Empty: of all.
Exit show_mailbox(Context& context, const std::string& account);

// table_verbs.cpp
Exit show_tables(Context& context);
Exit list_parked(Context& context);
// "2 -> 3: 412,000 of 1,000,000"; empty: nothing is being converted.
std::string converting_text(const TableReport& table);

// partition_verbs.cpp
Exit list_partitions(Context& context);
Exit move_partition(Context& context, std::uint32_t partition, std::uint32_t shard);

// push_verbs.cpp
struct PushWish {
  std::vector<std::string> files;
  bool as_one = false;
  bool force = false;  // A version older than what is live; needs a reason.
  std::string reason;
  std::string shadow;                       // "30s"; empty: no shadow run.
  std::optional<std::uint64_t> shadow_max;  // Differences of 1,000 events; unset: any number.
  std::string canary;                       // "5%,25%,100%"; empty: live at once.
  std::string accounts;                     // "a@x,b@x": in canary from the first share on.
  std::string hold;                         // "60s"; empty: the host's default.
  std::string gate;                         // "60s"; empty: as the host is configured.
};
Exit push(Context& context, const PushWish& wish);
Exit plan(Context& context,
          const PushWish& wish);  // What push() would do; Exit::failed: it would be refused.
struct RollbackWish {
  std::string module;
  std::string to;  // Empty: the version before the current one.
  std::string reason;
};
Exit roll_back(Context& context, const RollbackWish& wish);  // Of `core` too: the program itself.
struct UpgradeWish {
  std::string file;
  std::string reason;
};
Exit upgrade_core(Context& context, const UpgradeWish& wish);
// Out of service, and back; `to` has no meaning.
Exit disable_module(Context& context, const RollbackWish& wish);
Exit enable_module(Context& context, const RollbackWish& wish);
Exit show_history(Context& context, std::uint32_t limit);
// Live whatever the gate says; or back to what was current.
Exit promote(Context& context, const std::string& reason);
Exit abort(Context& context, const std::string& reason);

// canary_verbs.cpp
Exit show_canary(Context& context, bool watches);  // Watching: until it has ended.
Exit hold_canary(Context& context, bool pauses);
// "5%,25%,100%", growing, in hundredths of a percent. False: it is not understood.
bool parse_shares(const std::string& text, std::vector<std::uint32_t>& shares);
std::optional<std::uint64_t> parse_duration_ms(const std::string& text);  // "60s", "500ms", "5m", "1h", "60".

// plan_text.cpp
void print_plan(std::ostream& out, const PlanReport& report);

// trust_verbs.cpp
Exit make_key(Context& context, const std::string& file);  // FILE.key and FILE.pub.
struct SignWish {
  std::vector<std::string> files;
  std::string key;
};
Exit sign_files(Context& context, const SignWish& wish);
struct VerifyWish {
  std::string file;
  std::string key;  // A public key; empty: those the host trusts.
};
Exit verify_file(Context& context, const VerifyWish& wish);
struct TrustWish {
  std::string file;
  std::string name;  // Empty: as the file is called.
};
Exit trust_key(Context& context, const TrustWish& wish);
Exit distrust_key(Context& context, const std::string& name);
Exit list_trusted(Context& context);

// blocklist_verbs.cpp: where no host runs, on the files of the state directory.
Exit list_blocked(Context& context);
struct BlockWish {
  std::string build_id;
  std::string reason;
};
Exit block_build(Context& context, const BlockWish& wish);
Exit unblock_build(Context& context, const std::string& build_id);

// quarantine_verbs.cpp
Exit show_quarantine(Context& context);
Exit drop_quarantined(Context& context, std::uint64_t number);  // 0: all.
Exit retry_quarantined(Context& context, std::uint64_t number);

// account_verbs.cpp
Exit add_user(Context& context, const std::string& name);
// PREFIX00000, PREFIX00001, …, all with one password.
Exit add_users(Context& context, const std::string& prefix, std::uint32_t count);
Exit change_password(Context& context, const std::string& name);
Exit remove_user(Context& context, const std::string& name);
Exit list_users(Context& context);

// config_verbs.cpp
Exit check_config(Context& context, const std::string& file);
Exit show_config(Context& context);
Exit print_config_reference(Context& context, bool as_markdown);

// new_verb.cpp
struct NewWish {
  std::string name;
  std::string directory;         // Empty: the name.
  std::string language = "cpp";  // Or "c", "rust".
};
Exit make_project(Context& context, const NewWish& wish);

// check_verb.cpp
// The contract, for each file; Exit::failed: one breaks it.
Exit check_modules(Context& context, const std::vector<std::string>& files);

// symbolize_verb.cpp
struct SymbolizeWish {
  std::string build_id;  // Or how it begins; empty: frames are read from standard input.
  std::vector<std::string> offsets;
};
Exit symbolize(Context& context, const SymbolizeWish& wish);

// doctor_verb.cpp
struct DoctorWish {
  std::uint64_t sessions = 0;  // 0: as many as the host's open files allow.
  std::string config;          // Empty: DIR/hotline.json, else /etc/hotline/hotline.json, where they are.
  bool as_sysctl = false;      // Print the kernel's settings as a file, and look at nothing.
};
Exit examine_machine(Context& context, const DoctorWish& wish);  // Exit::failed: a check failed.

// host_verbs.cpp
Exit set_log_level(Context& context, const std::string& level);
Exit reload_tls(Context& context);
Exit shut_down(Context& context);

}  // namespace hotline::cli

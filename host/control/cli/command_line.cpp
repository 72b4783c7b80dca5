#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <optional>

#include "cli/completion.h"
#include "cli/unknown_verb.h"
#include "cli/verbs.h"

namespace hotline::cli {
namespace {

constexpr std::uint32_t accounts_at_once_max = 10'000'000;
constexpr std::uint64_t sessions_examined_max = 1u << 24;

constexpr const char* about =
    "Controls a running Hotline host: looks into it, pushes modules and takes them back.\n\n"
    "Which host: --socket, else --state, else $HOTLINE_STATE, else /var/lib/hotline.\n"
    "Exit status: 0 done, 1 refused or failed, 2 not understood, 3 no host answers.";

// The command line as CLI11 sees it. Callbacks leave what to do in `run`, done once all is parsed.
class CommandLine {
 public:
  CommandLine(Context& context, const std::string& version) : context_(context) {
    app_.name("hotline");
    app_.set_version_flag("--version", "hotline " + version);
    app_.add_option("--state", context_.state, "State directory of the host")->type_name("DIR");
    app_.add_option("--socket", context_.socket, "Control socket of the host")->type_name("PATH");
    app_.add_flag("--json", context_.wants_json, "Print the answer as one JSON object");
    app_.get_option("--state")->excludes("--socket");
    app_.require_subcommand(1);
    app_.failure_message([](const CLI::App* app, const CLI::Error& error) {
      const CLI::App* asked = app;
      std::string verbs;
      while (!asked->get_subcommands().empty()) {
        asked = asked->get_subcommands().front();
        verbs += " " + asked->get_name();
      }
      std::string why = error.what();
      if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr &&
          why.ends_with("subcommand is required"))
        why = "a verb is missing";
      return "hotline" + verbs + ": " + why + "\nSee `hotline" + verbs + " --help`.\n";
    });

    add_looking();
    add_partition();
    add_pushing();
    add_canary();
    add_trust();
    add_users_verbs();
    add_quarantine();
    add_writing();
    add_doctor();
    add_symbols();
    add_running();
  }

  Exit run(std::vector<std::string> arguments) {
    if (const std::optional<UnknownVerb> unknown = unknown_verb(app_, arguments))
      return context_.fail(Exit::usage, unknown->message, unknown->verbs);
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the end.
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      return app_.exit(error, context_.out, context_.err) == 0 ? Exit::done : Exit::usage;
    }
    return run_();
  }

 private:
  // Options of the whole command may stand behind the verb, too.
  CLI::App* verb(CLI::App& parent, const char* name, const char* description, const char* examples = "") {
    CLI::App* added = parent.add_subcommand(name, description);
    added->fallthrough();
    if (*examples != '\0') added->footer(std::string("Examples:\n") + examples);
    return added;
  }

  void on(CLI::App* added, std::function<Exit()> run) {
    added->callback([this, run = std::move(run)] { run_ = run; });
  }

  void add_looking() {
    CLI::App* status =
        verb(app_, "status", "How the host is: messages, store, alarms, modules, shards",
             "  hotline status\n  hotline --json status | jq .alarms\n  hotline status --memory");
    status->add_flag("--memory", shows_memory_, "Who holds how much memory, part by part");
    on(status, [this] { return shows_memory_ ? show_memory(context_) : show_status(context_); });
    on(verb(app_, "modules", "All loaded generations of all modules",
            "  hotline modules\n  hotline --json modules | jq .modules"),
       [this] { return show_modules(context_); });

    on(verb(app_, "tables", "What the tables hold: rows by schema, conversion under way, parked rows",
            "  hotline tables"),
       [this] { return show_tables(context_); });
    CLI::App* parked = verb(app_, "parked", "Rows that no loaded code can convert");
    parked->require_subcommand(1);
    on(verb(*parked, "list", "Which they are, and why; never what they hold", "  hotline parked list"),
       [this] { return list_parked(context_); });

    CLI::App* sessions = verb(app_, "sessions", "Who is connected, or can come back",
                              "  hotline sessions\n  hotline sessions --account alice");
    sessions->add_option("--account", account_, "Only of this account")->type_name("NAME[@DOMAIN]");
    on(sessions, [this] { return show_sessions(context_, account_); });

    CLI::App* mailbox =
        verb(app_, "mailbox", "What waits for an account: how much and since when, never what",
             "  hotline mailbox alice");
    mailbox->add_option("account", account_, "The account")->type_name("NAME[@DOMAIN]")->required();
    on(mailbox, [this] { return show_mailbox(context_, account_); });
  }

  void add_partition() {
    CLI::App* partition =
        verb(app_, "partition", "The 256 shares of all accounts: where each is, moving one");
    partition->require_subcommand(1);
    on(verb(*partition, "list", "On which shard each is, and what it has", "  hotline partition list"),
       [this] { return list_partitions(context_); });
    CLI::App* move = verb(*partition, "move", "Moves one to another shard; its clients notice nothing",
                          "  hotline partition move 17 --to 1");
    move->add_option("partition", number_, "Its number")
        ->type_name("NUMBER")
        ->required()
        ->check(CLI::Range(0, 255));
    move->add_option("--to", count_, "The shard")->type_name("SHARD")->required();
    on(move, [this] { return move_partition(context_, static_cast<std::uint32_t>(number_), count_); });
  }

  void add_pushing() {
    CLI::App* pushing =
        verb(app_, "push", "Puts new versions of modules live, without dropping a connection",
             "  hotline push build/release/modules/next/routing-1.1.0.so --reason 'fix carbons'\n"
             "  hotline push session-2.0.0.so presence-2.0.0.so --as-one\n"
             "  hotline push routing-1.1.0.so --shadow 30s --canary 5%,25%,100% --hold 5m");
    pushing->add_option("file", push_.files, "Module files")->type_name("FILE")->required();
    pushing->add_flag("--as-one", push_.as_one, "All of them at one barrier, or none");
    CLI::Option* reason =
        pushing->add_option("--reason", push_.reason, "Why, for the history")->type_name("TEXT");
    pushing->add_flag("--force", push_.force, "Also a version older than what is live")->needs(reason);
    CLI::Option* shadow =
        pushing->add_option("--shadow", push_.shadow, "First gets copies of events, and serves nobody")
            ->type_name("TIME");
    pushing->add_option("--shadow-max", push_.shadow_max, "Refuse it if more of 1,000 events differ")
        ->type_name("N")
        ->needs(shadow);
    pushing->add_option("--canary", push_.canary, "First for growing shares of the accounts")
        ->type_name("SHARES");
    pushing->add_option("--canary-accounts", push_.accounts, "These accounts from the first share on")
        ->type_name("NAMES");
    pushing->add_option("--hold", push_.hold, "How long each share is held (default 60s)")->type_name("TIME");
    pushing->add_option("--gate", push_.gate, "How long it is provisional once live; 0: not")
        ->type_name("TIME");
    on(pushing, [this] { return push(context_, push_); });

    CLI::App* planning =
        verb(app_, "plan", "What a push would change, and what would stop it; nothing changes",
             "  hotline plan build/release/modules/next/routing-1.1.0.so");
    planning->add_option("file", push_.files, "Module files, as one set")->type_name("FILE")->required();
    CLI::Option* plan_reason =
        planning->add_option("--reason", push_.reason, "As for push")->type_name("TEXT");
    planning->add_flag("--force", push_.force, "Also a version older than what is live")->needs(plan_reason);
    on(planning, [this] { return plan(context_, push_); });

    CLI::App* rollback =
        verb(app_, "rollback", "Puts an older version live again: it is still loaded",
             "  hotline rollback routing\n  hotline rollback routing --to 1.0.0 --reason 'slow'\n"
             "  hotline rollback core");
    rollback->add_option("module", rollback_.module, "The module's name; `core`: the host's own program")
        ->type_name("MODULE")
        ->required();
    rollback->add_option("--to", rollback_.to, "This version rather than the one before")
        ->type_name("VERSION");
    rollback->add_option("--reason", rollback_.reason, "Why, for the history")->type_name("TEXT");
    on(rollback, [this] { return roll_back(context_, rollback_); });

    CLI::App* upgrading =
        verb(app_, "upgrade", "Replaces the host's own program, without dropping a connection",
             "  hotline upgrade /usr/local/bin/hotlined --reason '1.4'\n  hotline rollback core");
    upgrading->add_option("file", upgrade_.file, "The new hotlined")->type_name("FILE")->required();
    upgrading->add_option("--reason", upgrade_.reason, "Why, for the history")->type_name("TEXT");
    on(upgrading, [this] { return upgrade_core(context_, upgrade_); });

    CLI::App* service = verb(app_, "module", "Takes a module out of service, and puts it back");
    service->require_subcommand(1);
    const auto add_service = [this, service](const char* name, const char* about_it, const char* example,
                                             Exit (*change)(Context&, const RollbackWish&)) {
      CLI::App* added = verb(*service, name, about_it, example);
      added->add_option("module", rollback_.module, "The module's name")->type_name("MODULE")->required();
      added->add_option("--reason", rollback_.reason, "Why, for the history")->type_name("TEXT");
      on(added, [this, change] { return change(context_, rollback_); });
    };
    add_service("disable", "What it claims is answered with service-unavailable; nothing of it is lost",
                "  hotline module disable groups --reason 'a loop in 1.4'", disable_module);
    add_service("enable", "It serves again, with what it had", "  hotline module enable groups",
                enable_module);

    CLI::App* history =
        verb(app_, "history", "What was pushed and rolled back, by whom and why, newest first",
             "  hotline history --limit 5");
    history->add_option("--limit", limit_, "How many (default 20)")
        ->type_name("N")
        ->check(CLI::Range(1U, 10'000U));
    on(history, [this] { return show_history(context_, limit_); });
  }

  void add_trust() {
    CLI::App* keygen = verb(app_, "keygen", "Makes a pair of keys to sign modules with; needs no host",
                            "  hotline keygen anna   (anna.key, to keep, and anna.pub, to give away)");
    keygen->add_option("file", file_, "The key's file")->type_name("NAME")->required();
    on(keygen, [this] { return make_key(context_, file_); });

    CLI::App* sign = verb(
        app_, "sign", "Signs modules, or the host's programs: FILE.sig beside each; needs no running host",
        "  hotline sign --key anna.key routing-1.1.0.so");
    sign->add_option("file", sign_.files, "The files")->type_name("FILE")->required();
    sign->add_option("--key", sign_.key, "The private key; without it the host's development key")
        ->type_name("FILE");
    on(sign, [this] { return sign_files(context_, sign_); });

    CLI::App* verify =
        verb(app_, "verify", "Says who has signed a file; needs no running host",
             "  hotline verify routing-1.1.0.so\n  hotline verify --key anna.pub routing-1.1.0.so");
    verify->add_option("file", verify_.file, "The file")->type_name("FILE")->required();
    verify->add_option("--key", verify_.key, "This public key rather than those the host trusts")
        ->type_name("FILE");
    on(verify, [this] { return verify_file(context_, verify_); });

    CLI::App* trust = verb(app_, "trust", "Whose signature makes a file a module of the host");
    trust->require_subcommand(1);
    CLI::App* add =
        verb(*trust, "add", "Trusts a key, from the next push on", "  hotline trust add anna.pub");
    add->add_option("file", trust_.file, "The public key")->type_name("FILE")->required();
    add->add_option("--name", trust_.name, "What to call it, if not as its file")->type_name("NAME");
    on(add, [this] { return trust_key(context_, trust_); });
    CLI::App* remove = verb(*trust, "remove", "Trusts a key no more, from the next push or start on",
                            "  hotline trust remove anna");
    remove->add_option("name", key_, "What it is called")->type_name("NAME")->required();
    on(remove, [this] { return distrust_key(context_, key_); });
    on(verb(*trust, "list", "The trusted keys", "  hotline trust list"),
       [this] { return list_trusted(context_); });

    CLI::App* blocklist = verb(app_, "blocklist", "Builds that the host never loads again");
    blocklist->require_subcommand(1);
    on(verb(*blocklist, "list", "All of them, and why", "  hotline blocklist list"),
       [this] { return list_blocked(context_); });
    CLI::App* block =
        verb(*blocklist, "add", "Blocks a build", "  hotline blocklist add 5f2c… --reason 'leaks'");
    block->add_option("build", block_.build_id, "Its build id, or how that of one begins that was loaded")
        ->type_name("BUILD-ID")
        ->required();
    block->add_option("--reason", block_.reason, "Why, for who asks later")->type_name("TEXT");
    on(block, [this] { return block_build(context_, block_); });
    CLI::App* unblock = verb(*blocklist, "remove", "Allows a build again; needs no running host",
                             "  hotline blocklist remove 5f2c0a7d");
    unblock->add_option("build", key_, "Its build id, or how it begins")->type_name("BUILD-ID")->required();
    on(unblock, [this] { return unblock_build(context_, key_); });
  }

  void add_canary() {
    CLI::App* canary =
        verb(app_, "canary", "The push that is shadowed, serves a share of the accounts, or is provisional");
    canary->require_subcommand(1);
    CLI::App* status = verb(*canary, "status", "How far it is, and what was found so far",
                            "  hotline canary status --watch");
    status->add_flag("--watch", watches_, "Every second until it has ended");
    on(status, [this] { return show_canary(context_, watches_); });
    on(verb(app_, "pause", "Holds the canary at its share; its gate still takes it back", "  hotline pause"),
       [this] { return hold_canary(context_, true); });
    on(verb(app_, "resume", "Lets a paused canary go on", "  hotline resume"),
       [this] { return hold_canary(context_, false); });
    const auto add_end = [this](const char* name, const char* about_it, const char* example,
                                Exit (*end)(Context&, const std::string&)) {
      CLI::App* added = verb(app_, name, about_it, example);
      added->add_option("--reason", reason_, "Why, for the history")->type_name("TEXT");
      on(added, [this, end] { return end(context_, reason_); });
    };
    add_end("promote", "Makes the canary live for all now, whatever its gate says; ends a shadow run",
            "  hotline promote --reason 'looks good'", promote);
    add_end("abort", "Takes the canary, shadow run or upgrade back: what is current serves all",
            "  hotline abort --reason 'slow'", cli::abort);
  }

  void add_users_verbs() {
    CLI::App* user = verb(app_, "user", "Accounts; passwords are read from standard input");
    user->require_subcommand(1);
    const auto add_name = [this](CLI::App* added) {
      return added->add_option("name", account_, "The account")->type_name("NAME[@DOMAIN]");
    };

    CLI::App* add =
        verb(*user, "add", "Makes an account, or many at once",
             "  hotline user add alice\n"
             "  echo secret | hotline user add bob@example.org\n"
             "  echo secret | hotline user add --prefix load --count 1000   (load00000 to load00999)");
    CLI::Option* name = add_name(add);
    CLI::Option* prefix = add->add_option("--prefix", prefix_, "Many accounts: PREFIX and a number")
                              ->type_name("PREFIX")
                              ->excludes(name);
    CLI::Option* count = add->add_option("--count", count_, "How many")->type_name("N")->needs(prefix);
    count->check(CLI::Range(1U, accounts_at_once_max));
    prefix->needs(count);
    on(add, [this] {
      if (!prefix_.empty()) return add_users(context_, prefix_, count_);
      if (!account_.empty()) return add_user(context_, account_);
      return context_.fail(Exit::usage, "which account? Give its name, or --prefix and --count");
    });

    CLI::App* passwd = verb(*user, "passwd", "Changes an account's password", "  hotline user passwd alice");
    add_name(passwd)->required();
    on(passwd, [this] { return change_password(context_, account_); });

    CLI::App* remove = verb(*user, "remove", "Removes an account and all that is kept for it",
                            "  hotline user remove alice");
    add_name(remove)->required();
    on(remove, [this] { return remove_user(context_, account_); });

    on(verb(*user, "list", "All accounts", "  hotline user list"), [this] { return list_users(context_); });
  }

  void add_writing() {
    CLI::App* made =
        verb(app_, "new", "A project for a new module, that builds, tests, signs and pushes; needs no host",
             "  hotline new polls\n  hotline new polls --c --in ~/work/polls");
    made->add_option("name", new_.name, "The module's name")->type_name("NAME")->required();
    made->add_option("--in", new_.directory, "Where, rather than in a directory of its name")
        ->type_name("DIR");
    CLI::Option* in_c = made->add_flag("--c", in_c_, "In C rather than C++");
    made->add_flag("--rust", in_rust_, "In Rust, without a crate")->excludes(in_c);
    on(made, [this] {
      if (in_c_) new_.language = "c";
      if (in_rust_) new_.language = "rust";
      return make_project(context_, new_);
    });

    CLI::App* check_module = verb(
        app_, "check", "Tries module files against the contract, clause by clause; needs no host",
        "  hotline check build/polls-0.1.0.so\n  hotline --json check build/*.so | jq '.files[].clauses'");
    check_module->add_option("file", check_files_, "Module files")->type_name("FILE")->required();
    on(check_module, [this] { return check_modules(context_, check_files_); });
  }

  void add_doctor() {
    CLI::App* examined =
        verb(app_, "doctor", "Whether this machine can hold so many sessions, and what to set; needs no host",
             "  hotline doctor --sessions 100000\n"
             "  hotline doctor --sessions 2800000 --sysctl > /etc/sysctl.d/90-hotline.conf");
    examined->add_option("--sessions", doctor_.sessions, "For so many; else as the open files allow")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, sessions_examined_max));
    examined
        ->add_option("--config", doctor_.config,
                     "The host's configuration; else DIR/hotline.json, else /etc/hotline/hotline.json")
        ->type_name("FILE");
    examined->add_flag("--sysctl", doctor_.as_sysctl, "Print the kernel's settings for so many as a file");
    on(examined, [this] { return examine_machine(context_, doctor_); });
  }

  void add_symbols() {
    CLI::App* named = verb(app_, "symbolize",
                           "Names places in modules' code, also of builds unloaded long ago; needs no host",
                           "  hotline symbolize 5f2c0a7d 0x1a2b 0x1c00\n"
                           "  hotline history | hotline symbolize\n  hotline symbolize < DIR/crash.record");
    named
        ->add_option("build", symbolize_.build_id,
                     "The build id, or how it begins; without it, lines are read")
        ->type_name("BUILD-ID");
    named->add_option("offset", symbolize_.offsets, "Offsets in its image")->type_name("OFFSET");
    on(named, [this] { return symbolize(context_, symbolize_); });
  }

  void add_quarantine() {
    CLI::App* quarantine = verb(app_, "quarantine", "Events that no generation of their module survived");
    quarantine->require_subcommand(1);
    on(verb(*quarantine, "list", "Whose they were, when, and for which module; never what they said"),
       [this] { return show_quarantine(context_); });
    CLI::App* drop = verb(*quarantine, "drop", "Forgets one, or all",
                          "  hotline quarantine drop 3\n  hotline quarantine drop --all");
    CLI::Option* number = drop->add_option("number", number_, "Its number")->type_name("NUMBER");
    drop->add_flag("--all", drops_all_, "All of them")->excludes(number);
    on(drop, [this] {
      if (number_ == 0 && !drops_all_)
        return context_.fail(Exit::usage, "which event? Give its number, or --all");
      return drop_quarantined(context_, drops_all_ ? 0 : number_);
    });
    CLI::App* retry =
        verb(*quarantine, "retry", "Offers one to what is live now; its content must have been kept",
             "  hotline quarantine retry 3");
    retry->add_option("number", number_, "Its number")->type_name("NUMBER")->required();
    on(retry, [this] { return retry_quarantined(context_, number_); });
  }

  void add_running() {
    CLI::App* config =
        verb(app_, "config", "The configuration: its reference, what is wrong in a file, what is in use");
    config->require_subcommand(1);
    CLI::App* check_file = verb(*config, "check", "Says what is wrong in a file, with lines; needs no host",
                                "  hotline config check /etc/hotline/hotline.json");
    check_file->add_option("file", file_, "The configuration")->type_name("FILE")->required();
    on(check_file, [this] { return check_config(context_, file_); });
    on(verb(*config, "show", "What the host runs with", "  hotline config show"),
       [this] { return show_config(context_); });
    CLI::App* reference = verb(*config, "reference", "All keys with their defaults; needs no host",
                               "  hotline config reference | less");
    reference->add_flag("--markdown", as_markdown_, "As a Markdown table");
    on(reference, [this] { return print_config_reference(context_, as_markdown_); });

    CLI::App* level = verb(app_, "log-level", "Changes what the host logs, until its next start",
                           "  hotline log-level debug");
    level->add_option("level", level_, "debug, info, warning or error")
        ->type_name("LEVEL")
        ->required()
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    on(level, [this] { return set_log_level(context_, level_); });

    on(verb(app_, "tls-reload", "Reads the certificate and its key again, for new connections",
            "  hotline tls-reload"),
       [this] { return reload_tls(context_); });
    on(verb(app_, "shutdown", "Stops the host, and waits until it has ended", "  hotline shutdown"),
       [this] { return shut_down(context_); });

    CLI::App* completion = verb(app_, "completion", "A script that completes verbs and options in a shell",
                                "  source <(hotline completion bash)");
    completion->add_option("shell", shell_, "bash")
        ->type_name("SHELL")
        ->required()
        ->check(CLI::IsMember({"bash"}));
    on(completion, [this] {
      context_.out << bash_completion(app_);
      return Exit::done;
    });
  }

  Context& context_;
  CLI::App app_{about};
  std::function<Exit()> run_;

  PushWish push_;
  RollbackWish rollback_;
  UpgradeWish upgrade_;
  SignWish sign_;
  VerifyWish verify_;
  TrustWish trust_;
  BlockWish block_;
  std::string key_;
  NewWish new_;
  std::vector<std::string> check_files_;
  SymbolizeWish symbolize_;
  DoctorWish doctor_;
  bool in_c_ = false, in_rust_ = false;
  std::string account_, prefix_, file_, level_, shell_;
  std::uint32_t limit_ = 20;
  std::uint32_t count_ = 0;
  std::uint64_t number_ = 0;
  bool as_markdown_ = false;
  bool drops_all_ = false;
  bool shows_memory_ = false;
  bool watches_ = false;
  std::string reason_;
};

}  // namespace

Exit run_command_line(Context& context, const std::string& version,
                      const std::vector<std::string>& arguments) {
  return CommandLine(context, version).run(arguments);
}

}  // namespace hotline::cli

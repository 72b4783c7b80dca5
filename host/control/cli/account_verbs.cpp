#include <algorithm>
#include <chrono>
#include <map>

#include "cli/password.h"
#include "cli/table.h"
#include "cli/units.h"
#include "cli/verbs.h"
#include "control/protocol.h"

namespace hotline::cli {
namespace {

constexpr std::size_t outstanding_max = 64;  // Requests sent and not yet answered.
constexpr std::size_t failures_shown_max = 10;

enum class AsksPassword { yes, no };

// One request about one account.
Exit change_account(Context& context, const std::string& name, std::string_view method,
                    AsksPassword asks_password, std::string_view done) {
  Exit exit = Exit::done;
  std::optional<RpcClient> client = context.connect(exit);
  if (!client) return exit;
  const std::optional<std::string> account = context.account(*client, name, exit);
  if (!account) return exit;
  nlohmann::json params = {{"account", *account}};
  if (asks_password == AsksPassword::yes) {
    Result<std::string> password = read_password(context, *account);
    if (!password) return context.fail(Exit::failed, password.error().message);
    params["password"] = std::move(*password);
  }
  const RpcResult<nlohmann::json> answer = client->call(method, params, Context::silence_s_max);
  if (const auto* failure = std::get_if<RpcFailure>(&answer)) return context.fail(*failure);
  if (context.wants_json) {
    context.print_json(std::get<nlohmann::json>(answer));
  } else {
    context.out << done << " " << printable(*account) << '\n';
  }
  return Exit::done;
}

// PREFIX00042@domain, with more digits only where the count needs them.
std::string numbered_account(const std::string& prefix, std::uint32_t number, std::size_t digits,
                             const std::string& domain) {
  const std::string text = std::to_string(number);
  return prefix + std::string(digits - text.size(), '0') + text + domain;
}

// Accounts that are being added, many at a time over one connection.
class Adding {
 public:
  Adding(Context& context, RpcClient& client) : context_(context), client_(client) {}

  // False: the connection is lost, told.
  bool add(const std::string& account, const std::string& password) {
    if (outstanding_.size() >= outstanding_max && !take_answer()) return false;
    const RpcResult<std::uint64_t> sent =
        client_.send("user.add", {{"account", account}, {"password", password}});
    if (const auto* failure = std::get_if<RpcFailure>(&sent)) return lose(*failure);
    outstanding_.emplace(std::get<std::uint64_t>(sent), account);
    return true;
  }
  bool finish() {
    while (!outstanding_.empty()) {
      if (!take_answer()) return false;
    }
    return true;
  }

  Exit exit() const { return exit_; }
  std::size_t added() const { return added_; }
  const std::vector<std::pair<std::string, std::string>>& failures() const { return failures_; }

 private:
  bool lose(const RpcFailure& failure) {
    exit_ = context_.fail(failure);
    return false;
  }

  bool take_answer() {
    const RpcResult<RpcIncoming> received = client_.receive(Context::silence_s_max);
    if (const auto* failure = std::get_if<RpcFailure>(&received)) return lose(*failure);
    const auto& incoming = std::get<RpcIncoming>(received);
    if (incoming.kind == RpcIncoming::Kind::notification) return true;
    const auto found = incoming.id.is_number_unsigned() ? outstanding_.find(incoming.id.get<std::uint64_t>())
                                                        : outstanding_.end();
    if (found == outstanding_.end()) {
      if (incoming.kind != RpcIncoming::Kind::error) return true;
      return lose(
          {RpcFailure::Kind::refused, incoming.error});  // About the connection: nothing else will come.
    }
    if (incoming.kind == RpcIncoming::Kind::error) {
      failures_.emplace_back(found->second, incoming.error.message);
      exit_ = Exit::failed;
    } else {
      ++added_;
    }
    outstanding_.erase(found);
    return true;
  }

  Context& context_;
  RpcClient& client_;
  std::map<std::uint64_t, std::string> outstanding_;
  std::vector<std::pair<std::string, std::string>> failures_;
  std::size_t added_ = 0;
  Exit exit_ = Exit::done;
};

// On a terminal, once a second: how far it is.
class Ticker {
 public:
  Ticker(const Context& context, std::uint32_t total) : context_(context), total_(total) {}
  ~Ticker() {
    if (has_shown_) context_.err << '\n';
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void tell(std::size_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (!context_.err_is_terminal || now - last_ < std::chrono::seconds(1)) return;
    last_ = now;
    has_shown_ = true;
    context_.err << "\r" << count_text(done) << " of " << count_text(total_) << std::flush;
  }

 private:
  const Context& context_;
  const std::uint32_t total_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  bool has_shown_ = false;
};

}  // namespace

Exit add_user(Context& context, const std::string& name) {
  return change_account(context, name, "user.add", AsksPassword::yes, "added");
}

Exit add_users(Context& context, const std::string& prefix, std::uint32_t count) {
  Exit exit = Exit::done;
  std::optional<RpcClient> client = context.connect(exit);
  if (!client) return exit;
  const std::optional<std::string> sample = context.account(*client, prefix, exit);
  if (!sample) return exit;
  const std::string name = sample->substr(0, sample->find('@'));
  const std::string domain = sample->substr(name.size());
  const Result<std::string> password = read_password(context, "each of them");
  if (!password) return context.fail(Exit::failed, password.error().message);

  const std::size_t digits = std::max<std::size_t>(5, std::to_string(count - 1).size());
  Adding adding(context, *client);
  {
    Ticker ticker(context, count);
    for (std::uint32_t number = 0; number < count; ++number) {
      if (!adding.add(numbered_account(name, number, digits, domain), *password)) return adding.exit();
      ticker.tell(adding.added());
    }
    if (!adding.finish()) return adding.exit();
  }

  if (context.wants_json) {
    nlohmann::json failed = nlohmann::json::array();
    for (const auto& [account, message] : adding.failures()) {
      failed.push_back({{"account", account}, {"message", message}});
    }
    context.print_json({{"added", adding.added()}, {"failed", std::move(failed)}});
    return adding.exit();
  }
  std::size_t shown = 0;
  for (const auto& [account, message] : adding.failures()) {
    if (++shown > failures_shown_max) break;
    context.err << "hotline: " << printable(account) << ": " << printable(message) << '\n';
  }
  if (adding.failures().size() > failures_shown_max) {
    context.err << "hotline: and " << adding.failures().size() - failures_shown_max << " more\n";
  }
  context.out << "added " << counted(adding.added(), "account") << '\n';
  return adding.exit();
}

Exit change_password(Context& context, const std::string& name) {
  return change_account(context, name, "user.passwd", AsksPassword::yes, "changed the password of");
}

Exit remove_user(Context& context, const std::string& name) {
  return change_account(context, name, "user.remove", AsksPassword::no, "removed");
}

Exit list_users(Context& context) {
  return context.ask<AccountsReport>("user.list", nlohmann::json::object(), [&](AccountsReport report) {
    std::ranges::sort(report.accounts);
    for (const std::string& account : report.accounts) context.out << printable(account) << '\n';
  });
}

}  // namespace hotline::cli

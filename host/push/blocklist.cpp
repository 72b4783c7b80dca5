#include "push/blocklist.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "base/whole_file.h"

namespace hotline {

namespace {

constexpr std::size_t file_bytes_max = 4 << 20;
constexpr std::size_t prefix_digits_min = 8;

bool is_blockable_id(std::string_view text) {
  return text.size() >= prefix_digits_min && text.size() <= 128 && is_hex(text);
}

}  // namespace

Result<std::vector<BlockedBuild>> Blocklist::entries() const {
  std::vector<BlockedBuild> list;
  if (access(file_.c_str(), F_OK) != 0 && errno == ENOENT) return list;
  const Result<std::string> text = read_whole_file(file_, file_bytes_max);
  if (!text) return text.error();
  const Error damaged{file_ + " is damaged: move it away to push without it, then block its builds again"};
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("blocked") || !json["blocked"].is_array()) return damaged;
  try {
    for (const auto& entry : json["blocked"]) {
      BlockedBuild build{.build_id = entry.at("build_id").get<std::string>(),
                         .module = entry.value("module", std::string()),
                         .version = entry.value("version", std::string()),
                         .reason = entry.value("reason", std::string()),
                         .by = entry.value("by", std::string()),
                         .was_left = entry.value("was_left", false),
                         .wall_ms = entry.value("wall_ms", std::uint64_t{0})};
      if (!is_blockable_id(build.build_id)) return damaged;
      list.push_back(std::move(build));
    }
  } catch (const nlohmann::json::exception&) {
    return damaged;
  }
  return list;
}

Result<std::optional<BlockedBuild>> Blocklist::find(const std::string& build_id) const {
  Result<std::vector<BlockedBuild>> list = entries();
  if (!list) return list.error();
  const auto found = std::ranges::find(*list, build_id, &BlockedBuild::build_id);
  return found == list->end() ? std::nullopt : std::optional(*found);
}

Result<void> Blocklist::check_id(const std::string& text) {
  if (is_blockable_id(text)) return {};
  if (text.size() < prefix_digits_min && is_hex(text))
    return Error{"`" + text + "` is too short for a build id: give at least " +
                 std::to_string(prefix_digits_min) + " digits of it"};
  return Error{"`" + text +
               "` is no build id: hexadecimal digits in lower case, as `hotline modules`, `hotline history` "
               "and `hotline blocklist list` show them"};
}

Result<void> Blocklist::add(const BlockedBuild& build) {
  if (Result<void> is_one = check_id(build.build_id); !is_one) return is_one;
  Result<std::vector<BlockedBuild>> list = entries();
  if (!list) return list.error();
  std::erase_if(*list, [&](const BlockedBuild& other) { return other.build_id == build.build_id; });
  if (list->size() >= entries_max) list->erase(list->begin());
  list->push_back(build);
  return write(*list);
}

Result<bool> Blocklist::remove(const std::string& build_id) {
  if (Result<void> is_one = check_id(build_id); !is_one) return is_one.error();
  Result<std::vector<BlockedBuild>> list = entries();
  if (!list) return list.error();
  const auto begins = [&](const BlockedBuild& build) { return build.build_id.starts_with(build_id); };
  const auto count = std::ranges::count_if(*list, begins);
  if (count > 1)
    return Error{std::to_string(count) + " blocked builds begin with " + build_id + ": give more digits"};
  if (count == 0) return false;
  std::erase_if(*list, begins);
  if (Result<void> written = write(*list); !written) return written.error();
  return true;
}

Result<void> Blocklist::write(const std::vector<BlockedBuild>& entries) const {
  nlohmann::json blocked = nlohmann::json::array();
  for (const BlockedBuild& build : entries)
    blocked.push_back({{"build_id", build.build_id},
                       {"module", build.module},
                       {"version", build.version},
                       {"reason", build.reason},
                       {"by", build.by},
                       {"was_left", build.was_left},
                       {"wall_ms", build.wall_ms}});
  const nlohmann::json json{{"blocked", std::move(blocked)}};
  return replace_file(file_, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n", 0600);
}

}  // namespace hotline

#include "files.h"

namespace hotline::media_link {

namespace {
constexpr std::uint64_t files_per_folder_max = 999;
}  // namespace

std::string Files::name_of(std::string_view token) const {
  return in_digits(crypto_.digest(sdk::Digest::sha256, token).substr(0, token_bytes));
}

std::optional<FileRow> Files::find(std::string_view name) const {
  const auto bytes = rows_.get(folder_account(name), name);
  std::optional<FileRow> row = bytes ? FileRow::decode(*bytes) : std::nullopt;
  if (row && row->expires_ms <= now_ms()) row.reset();
  return row;
}

bool Files::put(std::string_view name, const FileRow& row) const {
  const std::string folder = folder_account(name);
  if (!is_known(name) && rows_.count(folder) >= files_per_folder_max) return false;
  return rows_.put(folder, name, row.encode()) == HL_OK;
}

}  // namespace hotline::media_link

// Files: the rows of a folder's files, at the home of its account.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "file_row.h"

namespace hotline::media_link {

class Files {
 public:
  explicit Files(const hl_host* host)
      : clock_(host), crypto_(host), rows_(sdk::Tables(host).open("media_files")) {}

  // The file that a URL's secret stands for.
  std::string name_of(std::string_view token) const;

  // Nothing where there is none, or its time is over: nobody is told which.
  std::optional<FileRow> find(std::string_view name) const;
  // False: the folder has as many as it may.
  [[nodiscard]] bool put(std::string_view name, const FileRow& row) const;
  void erase(std::string_view name) const { rows_.erase(folder_account(name), name); }
  bool is_known(std::string_view name) const { return rows_.get(folder_account(name), name).has_value(); }

  const sdk::Table& rows() const { return rows_; }
  std::uint64_t now_ms() const { return clock_.wall_ms(); }

 private:
  sdk::Clock clock_;
  sdk::Crypto crypto_;
  sdk::Table rows_;
};

}  // namespace hotline::media_link

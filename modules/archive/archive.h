// Archive: see archive.cpp, the module's page.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "history.h"
#include "preference_queries.h"
#include "queries.h"
#include "sweep.h"

namespace hotline::archive {

class Archive {
 public:
  explicit Archive(const hl_host* host);
  // Its parts refer to one another: an instance stays where it is made.
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  static sdk::Status self_test(const hl_host* host);
  static std::optional<std::string> convert(std::string_view table, std::uint32_t from, std::uint32_t to,
                                            std::string_view row);
  sdk::Status on_stanza(const hl_stanza_event& event) const;
  sdk::Status on_post(const hl_post_event& event) const;
  sdk::Status on_timer(const hl_timer_event& event) const;

 private:
  History history_;
  Queries queries_;
  PreferenceQueries preferences_;
  Sweep sweep_;
};

}  // namespace hotline::archive

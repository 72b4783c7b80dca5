// Reaper: files whose time is over go, old ones move to slower storage, and what a crash left on the disk
// that no row knows goes, too.
//
// Each shard goes through its own folders and accounts, a slice at a time: rows (reap), accounts that were
// sent links (references.h), and names on the disk (clean), where the host also removes bytes without a name
// (reclaim). A folder with a row that is old enough is given to the host, which knows when its bytes came and
// moves those that are old (archive); nothing here says where a file is. A row is made before its file and
// erased before it, so whatever has no row is nobody's; killed at any step, the next round finds the rest.
// What is under way is a row of the volatile table "media_rounds", which goes with the process as its timer
// does: the first event after a start begins anew.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "files.h"
#include "references.h"
#include "variants.h"

namespace hotline::media_link {

class Reaper {
 public:
  Reaper(const hl_host* host, const Settings& settings, const Files& files, const References& references,
         const Variants& variants);

  // Something came: there may be something to reap.
  void begin() const;
  bool on_timer(const hl_timer_event& event) const;
  bool on_work(const hl_work_event& event) const;
  void forget(std::string_view name) const;  // Its owner is gone.

 private:
  std::string own_account() const;
  std::string reap(std::string_view after) const;
  bool is_old(const FileRow& row) const;
  void archive(const std::string& folder) const;
  void archived(const hl_work_event& event) const;
  std::uint64_t clean(std::uint64_t from) const;
  void go_on(const std::string& account) const;
  void remove(std::string_view name, std::string_view digest) const;

  const Settings& settings_;
  const Files& files_;
  const References& references_;
  const Variants& variants_;
  sdk::Files disk_;
  sdk::Timers timers_;
  sdk::Config config_;
  sdk::Table rounds_;
  sdk::Counter reaped_, cleaned_, archived_, archived_bytes_, archive_full_;
};

}  // namespace hotline::media_link

#include "dispatch/fetch_ahead.h"

#include <span>
#include <utility>

#include "base/prefetch.h"
#include "dispatch/sessions.h"
#include "net/connection.h"

namespace hotline {

// Beyond so many at a time memory answers no sooner for having been asked.
void FetchAhead::want(const Session* session) {
  if (session == nullptr || wanted_count_ == wanted_max) return;
  prefetch(wanted_[wanted_count_++] = session);
}

// Each step reads what the step before it asked for.
void FetchAhead::fetch() {
  const std::span<AccountSet::Place> places(places_.data(), std::exchange(count_, 0));
  const std::span<const std::uint64_t> handles(handles_.data(), std::exchange(handle_count_, 0));
  for (const AccountSet::Place& place : places) place.prefetch_bucket();
  for (const std::uint64_t handle : handles) sessions_.prefetch_place(handle);
  std::array<const Account*, group> all{};
  std::size_t count = 0;
  for (const AccountSet::Place& place : places)
    if (const Account* const account = place.first()) prefetch(all[count++] = account);
  for (const std::uint64_t handle : handles) want(sessions_.find_ended(handle));
  const std::span<const Account* const> found(all.data(), count);
  for (const Account* account : found) account->prefetch_parts();
  for (const Account* account : found)
    for (const Session* session : account->sessions) want(session);
  const std::span<const Session* const> sessions(wanted_.data(), std::exchange(wanted_count_, 0));
  for (const Session* session : sessions) {
    prefetch(session->connection);
    session->prefetch_account();
  }
  for (const Session* session : sessions)
    if (session->connection != nullptr) session->connection->prefetch_parts();
}

}  // namespace hotline

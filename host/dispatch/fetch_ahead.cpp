#include "dispatch/fetch_ahead.h"

#include <span>
#include <utility>

#include "base/prefetch.h"
#include "net/connection.h"

namespace hotline {

// Each step reads what the step before it asked for.
void FetchAhead::fetch() {
  const std::span<AccountSet::Place> places(places_.data(), std::exchange(count_, 0));
  for (const AccountSet::Place& place : places) place.prefetch_bucket();
  std::array<const Account*, group> all{};
  std::size_t count = 0;
  for (const AccountSet::Place& place : places)
    if (const Account* const account = place.first()) prefetch(all[count++] = account);
  const std::span<const Account* const> found(all.data(), count);
  for (const Account* account : found) {
    prefetch(account->sessions.data(), sizeof(Session*));
    account->rows.prefetch_index();
  }
  for (const Account* account : found)
    for (const Session* session : account->sessions) prefetch(session);
  for (const Account* account : found)
    for (const Session* session : account->sessions) prefetch(session->connection);
  for (const Account* account : found)
    for (const Session* session : account->sessions)
      if (session->connection != nullptr) session->connection->prefetch_parts();
}

}  // namespace hotline

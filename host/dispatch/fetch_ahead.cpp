#include "dispatch/fetch_ahead.h"

#include "base/prefetch.h"
#include "net/connection.h"

namespace hotline {

// Each step reads what the step before it asked for.
void FetchAhead::fetch() {
  std::array<AccountSet::Place, group> places;
  for (std::size_t i = 0; i < count_; ++i) {
    places[i] = accounts_.place_of(names_[i]);
    places[i].prefetch_bucket();
  }
  std::array<const Account*, group> found{};
  for (std::size_t i = 0; i < count_; ++i) {
    found[i] = places[i].first();
    prefetch(found[i]);
  }
  for (std::size_t i = 0; i < count_; ++i)
    if (found[i] != nullptr) {
      prefetch(found[i]->sessions.data(), sizeof(Session*));
      found[i]->rows.prefetch_index();
    }
  for (std::size_t i = 0; i < count_; ++i)
    if (found[i] != nullptr)
      for (const Session* session : found[i]->sessions) prefetch(session);
  for (std::size_t i = 0; i < count_; ++i)
    if (found[i] != nullptr)
      for (const Session* session : found[i]->sessions) prefetch(session->connection);
  for (std::size_t i = 0; i < count_; ++i)
    if (found[i] != nullptr)
      for (const Session* session : found[i]->sessions)
        if (session->connection != nullptr) session->connection->prefetch_parts();
  count_ = 0;
}

}  // namespace hotline

// Accounts behind their addresses: those of one partition, and all of a shard.
#include "state/account_set.h"

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "state/accounts.h"

namespace hotline {
namespace {

std::string name_of(int number) {
  return "u" + std::to_string(number) + "@localhost";
}

TEST_CASE("a set finds each account by its address, while it grows and shrinks") {
  AccountSet set;
  CHECK(set.empty());
  CHECK(set.find("u1@localhost") == nullptr);
  constexpr int many = 1'000;
  for (int i = 0; i < many; ++i) REQUIRE(set.insert(std::make_unique<Account>(name_of(i))));
  CHECK(set.size() == many);
  CHECK(set.buckets() >= set.size());
  CHECK_FALSE(set.insert(std::make_unique<Account>(name_of(7))));
  CHECK(set.size() == many);
  for (int i = 0; i < many; ++i) {
    Account* const found = set.find(name_of(i));
    REQUIRE(found != nullptr);
    CHECK(found->address == name_of(i));
    if (i % 2 == 0) set.erase(*found);
  }
  CHECK(set.size() == many / 2);
  std::set<std::string> left;
  for (const Account& account : set) left.insert(account.address);
  for (int i = 0; i < many; ++i) {
    CHECK(left.contains(name_of(i)) == (i % 2 == 1));
    CHECK((set.find(name_of(i)) != nullptr) == (i % 2 == 1));
  }
}

TEST_CASE("a place is where an account of that address is found") {
  AccountSet set;
  CHECK(set.place_of("juliet@localhost").first() == nullptr);
  set.insert(std::make_unique<Account>("juliet@localhost"));
  CHECK(set.place_of("juliet@localhost").first() == set.find("juliet@localhost"));
}

TEST_CASE("a set moves with its accounts, which stay where they are in memory") {
  AccountSet from;
  for (int i = 0; i < 100; ++i) from.insert(std::make_unique<Account>(name_of(i)));
  const Account* const one = from.find(name_of(42));
  AccountSet to = std::move(from);
  CHECK(to.size() == 100);
  CHECK(to.find(name_of(42)) == one);
  AccountSet again;
  again.insert(std::make_unique<Account>("romeo@localhost"));
  again = std::move(to);
  CHECK(again.find(name_of(42)) == one);
  CHECK(again.find("romeo@localhost") == nullptr);
  CHECK(again.insert(std::make_unique<Account>(name_of(100))));
}

TEST_CASE("a partition that goes takes its accounts along") {
  Accounts accounts;
  for (int i = 0; i < 2'000; ++i) accounts.get(name_of(i));
  const std::uint32_t partition = partition_of(name_of(1));
  AccountSet taken = accounts.take(partition);
  CHECK(accounts.find(name_of(1)) == nullptr);
  CHECK(taken.find(name_of(1)) != nullptr);
  CHECK(accounts.size() + taken.size() == 2'000);
  accounts.put(partition, std::move(taken));
  CHECK(accounts.find(name_of(1)) != nullptr);
}

TEST_CASE("a walk in parts visits all that are there all the while") {
  Accounts accounts;
  for (int i = 0; i < 2'000; ++i) accounts.get(name_of(i));
  std::set<std::string> visited;
  Accounts::Walk walk;
  int came = 2'000;
  while (!walk.has_ended()) {
    if (const Account* account = accounts.next(walk)) {
      visited.insert(account->address);
      if (visited.size() % 10 == 0 && came < 2'300) accounts.get(name_of(came++));
    }
  }
  for (int i = 0; i < 2'000; ++i) CHECK(visited.contains(name_of(i)));
}

}  // namespace
}  // namespace hotline

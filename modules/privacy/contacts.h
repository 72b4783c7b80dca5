// Contacts: which of the numbers in an address book are accounts here.
//
//     <iq type='get'><contacts xmlns='urn:hotline:contacts:0'>
//         <contact>+49 170 1234567</contact>   a number as people write it, or an account's local part
//         <contact>juliet</contact>
//     </contacts></iq>
//     <iq type='result'><contacts xmlns='urn:hotline:contacts:0'>
//         <contact jid='491701234567@example.org'>+49 170 1234567</contact>
//     </contacts></iq>
//
// What is not registered, blocks the asker, or is no number at all does not come back; nobody can tell which.
// Each that is asked about counts against the asker's allowance, known or not, so that numbers cannot be
// tried out in bulk: `contacts_per_request` at once, `contacts_per_day` over a day, which refill evenly.
//
//     table "contact_lookups"   volatile   "allowance"             left '\n' when, in milliseconds
//                                          "request"               what is being looked up (Request)
//                                          "found" '\n' localpart  the text it was asked as
//
// Nothing of it is on disk, and but for the allowance nothing outlives the answer.
#pragma once

#include <hotline/sdk.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "blocked.h"
#include "topics.h"
#include "words.h"

namespace hotline::privacy {

inline constexpr std::string_view ns_contacts = "urn:hotline:contacts:0";

class Contacts {
 public:
  Contacts(const hl_host* host, const blocking::Blocked& blocked);

  // At the asker's home.
  sdk::Status on_iq(const hl_stanza_event& event) const;
  void on_told(std::string_view account, std::string_view bytes) const;
  // A request that was not answered in time.
  void on_timer(std::string_view account) const;
  // At the home of one that is asked about.
  void on_asked(std::string_view account, std::string_view bytes) const;
  void erase_all(std::string_view account) const;

 private:
  struct Request;
  using Book = std::map<std::string, std::string>;  // Local part to the text it was given as.
  std::optional<Refusal> ask(const hl_stanza_event& event) const;
  std::optional<Refusal> read(const sdk::Element& list, Book& book, std::uint64_t& asked) const;
  std::optional<Refusal> take_allowance(std::string_view account, std::uint64_t asked) const;
  std::optional<Request> pending(std::string_view account) const;
  sdk::Status keep(std::string_view account, const Request& request) const;
  void answer(std::string_view account, const Request& request) const;
  void forget(std::string_view account) const;
  std::optional<std::string> local_of(std::string_view text) const;

  const blocking::Blocked& blocked_;
  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Timers timers_;
  sdk::Crypto crypto_;
  sdk::Random random_;
  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Table lookups_;
  sdk::Table accounts_;
};

}  // namespace hotline::privacy

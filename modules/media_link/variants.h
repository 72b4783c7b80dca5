// Variants: files as other client models get them (policy.h), made by the operator's program, kept like any
// file.
//
//     the file's home      wanted    a GET by a model that the policy has another profile for
//     the variant's home   on_ask    it is there: it is sent; else the program is asked, once, and whoever
//     asks meanwhile
//                                    waits
//                          on_work   it was made: a row of "media_files", and all of them have it
//                          on_timer  it takes long: who waits gets the file as it was put
//     the file's home      on_made   noted, so that it goes with the file
//
// A variant's name is made of the original's SHA-256 and the profile, so there is one for all files of the
// same bytes. No link leads to it. Rows of "media_variants" at a file's folder, "NAME OTHER": v, it has that
// variant; o, it is a variant, needed by that file. Word that does not get from one to the other costs
// nothing but time: a variant goes with the last of its files, and at the latest when that would.
//
// The original is given where there is no program, it makes nothing, it makes something larger than the
// original or than the profile allows, or too many are waiting. What is being made, and what could not be, is
// a row of the volatile table "media_making", keyed by the variant's name: "m" and who asked first, then a
// line for each who waits; or "x UNTIL_MS".
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "answers.h"
#include "files.h"
#include "policy.h"

namespace hotline::media_link {

class Variants {
 public:
  Variants(const hl_host* host, const Files& files, const Answers& answers);

  // At the home of `name`. False: it was not passed on.
  bool wanted(const Profile& profile, hl_request request, std::string_view name, const FileRow& row,
              const Asked& asked) const;
  void on_ask(std::string_view bytes) const;
  void on_made(std::string_view bytes) const;
  void on_unneeded(std::string_view bytes) const;
  void on_gone(std::string_view bytes) const;
  // False: it was for something else.
  bool on_work(const hl_work_event& event) const;
  bool on_timer(const hl_timer_event& event) const;
  bool is_made_now(std::string_view variant) const {
    return making_.get(folder_account(variant), variant).has_value();
  }
  // A file is gone, whichever it was.
  void forget_file(std::string_view name) const;

 private:
  struct Wish;
  void need(std::string_view variant, const Wish& wish) const;
  void make(const Wish& wish, std::string_view line) const;
  void wait(const std::string& row, const Wish& wish, std::string_view line) const;
  void give_original(const Wish& wish) const;
  void give_originals(std::string_view lines) const;
  bool keep(const std::optional<Wish>& first, std::string_view result, std::string_view lines) const;
  void say(std::uint32_t topic, std::string_view to, std::string_view about) const;

  const Files& files_;
  const Answers& answers_;
  sdk::Files disk_;
  sdk::Posts posts_;
  sdk::Timers timers_;
  sdk::Crypto crypto_;
  sdk::Table variants_, making_;
  sdk::Counter made_, failed_, sent_;
};

}  // namespace hotline::media_link

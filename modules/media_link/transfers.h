// Transfers: files put and got over HTTP: /media/SECRET/NAME, or /media/SECRET-NODE/NAME.
//
//     the connection's shard   on_request   what the peer says is read, and passed on
//     the folder's home        on_put       the slot is looked at; the host has the body written
//                              on_work      what became of it: the row says so, and the peer
//                              on_get       the host sends the file, or one that is made of it (variants.h)
//
// A link that names another node is passed on to it by the host, whatever is asked.
//
// Bad input                                              Answer
//     a path that is none of ours; an unknown or expired    404, always the same
//     secret; a file that is not whole yet; another node
//     that we do not know
//     another node that cannot be reached, that does not    502, 504, 502
//     answer, that passes it back
//     a length that is not what the slot says               400
//     a Content-Range that cannot be read, or is not the    400
//     rest of the file
//     another Content-Type than the slot's                  415
//     a file that is whole already                          409
//     a file that somebody is just writing                  409, Retry-After
//     a Content-Range that does not begin where the part    308, Range says how much is there
//     ends; `bytes */SIZE`
//     a Range beyond the end                                416
//     a Range that cannot be read, or several               200, the whole file
//     no room on the disk                                   507
//     too many at once of that address, or in all            429, 503, Retry-After (by the host)
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "answers.h"
#include "files.h"
#include "slots.h"
#include "variants.h"

namespace hotline::media_link {

class Transfers {
 public:
  Transfers(const hl_host* host, const Settings& settings, const Files& files, const Answers& answers,
            const Variants& variants);

  sdk::Status on_request(const hl_request_event& event) const;
  void on_put(std::string_view bytes) const;
  void on_get(std::string_view bytes) const;
  void on_get_for_model(std::string_view bytes) const;
  // False: it was for something else.
  bool on_work(const hl_work_event& event) const;

 private:
  void ask_put(const hl_request_event& event, const std::string& name) const;
  void ask_get(const hl_request_event& event, const std::string& name) const;
  void pass_on(const hl_request_event& event, std::string_view node) const;
  void stored(hl_request request, std::string_view name, std::string_view result) const;
  void get(std::string_view number, std::string_view name, const Asked& asked, std::string_view model) const;
  void refuse(hl_request request, std::uint32_t status, std::string_view why) const {
    answers_.refuse(request, status, why);
  }

  const Settings& settings_;
  const Files& files_;
  const Answers& answers_;
  const Variants& variants_;
  sdk::Http http_;
  sdk::Files disk_;
  sdk::Posts posts_;
  sdk::Counter stored_, refused_, passed_on_;
};

}  // namespace hotline::media_link

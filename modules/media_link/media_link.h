// MediaLink: see media_link.cpp, the module's page.
#pragma once

#include <hotline/sdk.hpp>

#include "answers.h"
#include "files.h"
#include "reaper.h"
#include "references.h"
#include "slots.h"
#include "transfers.h"
#include "variants.h"

namespace hotline::media_link {

class MediaLink {
 public:
  explicit MediaLink(const hl_host* host);
  // Its parts refer to one another: an instance stays where it is made.
  MediaLink(const MediaLink&) = delete;
  MediaLink& operator=(const MediaLink&) = delete;

  sdk::Status on_stanza(const hl_stanza_event& event);
  sdk::Status on_request(const hl_request_event& event);
  sdk::Status on_post(const hl_post_event& event);
  sdk::Status on_work(const hl_work_event& event);
  sdk::Status on_timer(const hl_timer_event& event);
  sdk::Status on_session(const hl_session_event& event);

 private:
  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  Settings settings_;
  Files files_;
  Slots slots_;
  Answers answers_;
  Variants variants_;
  Transfers transfers_;
  References references_;
  Reaper reaper_;
};

}  // namespace hotline::media_link

// PushNotify: see push_notify.cpp, the module's page.
#pragma once

#include <hotline/sdk.hpp>

#include "push_notify/devices.h"
#include "push_notify/watch.h"

namespace hotline::push_notify {

class PushNotify {
 public:
  explicit PushNotify(const hl_host* host);
  // Its parts refer to one another: an instance stays where it is made.
  PushNotify(const PushNotify&) = delete;
  PushNotify& operator=(const PushNotify&) = delete;

  static sdk::Status self_test(const hl_host* host);
  sdk::Status on_stanza(const hl_stanza_event& event) const;
  sdk::Status on_post(const hl_post_event& event) const;
  sdk::Status on_timer(const hl_timer_event& event) const;
  sdk::Status on_work(const hl_work_event& event) const;

 private:
  sdk::Status on_service(const hl_stanza_event& event) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Crypto crypto_;
  sdk::Config config_;
  Devices devices_;
  Watch watch_;
};

}  // namespace hotline::push_notify

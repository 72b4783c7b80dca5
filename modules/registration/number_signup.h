// NumberSignup: registration by phone number, in two steps, over HTTP and in-band (XEP-0077 with XEP-0004).
//
//     POST /v1/code      {"number": "+49 171 1234567", "method": "sms"}     a PIN goes to the phone
//     POST /v1/register  {"number": "+49 171 1234567", "pin": "12345"}      the account and its key
//
// The account is the number's digits at the host's domain. Its key, 256 bits, is the password from then on:
// it is told once and not kept; who registers again makes a new one, and the device before loses everything
// it had.
//
// A request's way: read where it came in -> admitted at the home of its network (admission.h) -> handled at
// the home of the number, and answered from there. In-band its stream is at the number's home from the start.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "registration/admission.h"
#include "registration/credentials.h"
#include "registration/number_answers.h"
#include "registration/number_codes.h"

namespace hotline::registration {

class NumberSignup {
 public:
  explicit NumberSignup(const hl_host* host);

  bool is_on() const { return config_.number("numbers", 0) != 0; }
  sdk::Status on_request(const hl_request_event& event);
  // A stranger's <query/> with a form in it.
  sdk::Status on_form(const hl_stanza_event& event, const hl_stream_info& info, const sdk::Element& form);
  // False: not one of these topics.
  bool on_post(const hl_post_event& event);
  bool on_timer(const hl_timer_event& event) const {
    return admission_.on_timer(event) || codes_.on_timer(event);
  }

  // A number's key has been derived; nothing when the work was for something else.
  struct Registered {
    std::string account;
    std::string row;  // For table "accounts"; empty: the key could not be derived, and its owner was told.
    Applicant applicant;
    std::string key;
  };
  std::optional<Registered> on_work(const hl_work_event& event);
  // Its row could not be written, or is.
  void tell_busy(const Registered& registered) const {
    answers_.refused(registered.applicant, {Verdict::busy, 1, 0, {}});
  }
  void tell(const Registered& registered) const {
    answers_.registered(registered.applicant, registered.account, registered.key);
  }

 private:
  enum class Step : char { code = 'c', confirm = 'p' };
  struct Request {
    Applicant applicant;
    Step step = Step::code;
    std::string account, method, pin;
    std::string peer;
    bool is_loopback = false;

    std::string encode() const;
    static std::optional<Request> decode(std::string_view bytes);
  };

  void read(Request& request, std::string_view number);
  void admit(const std::string& network, const Request& request);
  void handle(const Request& request);
  void send_code(const Request& request);
  void confirm(const Request& request);

  sdk::Streams streams_;
  sdk::Posts posts_;
  sdk::Random random_;
  sdk::Config config_;
  sdk::Log log_;
  sdk::Outbox outbox_;
  Admission admission_;
  NumberCodes codes_;
  NumberAnswers answers_;
  Credentials credentials_;
  sdk::Counter codes_sent_, codes_lost_, mismatches_, refused_;
};

}  // namespace hotline::registration

// A module that answers HTTP requests, for tests of how they come and go.
//
//     GET /echo       what it was given: method, path, query, a field
//     POST /echo      its body
//     POST /later     posts itself to the home of the account in the body, and answers there, once a row is
//     on disk GET /never      no answer GET /fails      HL_E_FAULT GET /not-mine   HL_E_NONE
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace {

using namespace hotline::sdk;

class Answers {
 public:
  explicit Answers(const hl_host* host) : http_(host), posts_(host), rows_(Tables(host).open("answers")) {}

  Status on_request(const hl_request_event& event) {
    const std::string_view path = view(event.path);
    if (path == "/fails") return HL_E_FAULT;
    if (path == "/not-mine") return HL_E_NONE;
    if (path == "/never") return HL_OK;
    if (path == "/later") return posts_.bytes(view(event.body), 1, std::to_string(event.request));
    std::string text(view(event.body));
    if (view(event.method) == "GET")
      text = std::string(path) + " " + std::string(view(event.query)) + " " + std::string(view(event.peer)) +
             " " + std::string(request_field(event, "x-more").value_or("-"));
    http_.respond(event.request, 200, {{"Content-Type", "text/plain"}}, text);
    return HL_OK;
  }
  Status on_post(const hl_post_event& event) {
    static_cast<void>(rows_.put(view(event.account), "row", "1"));
    http_.respond(std::stoull(std::string(view(event.bytes))), 201, {}, "later");
    return HL_OK;
  }

 private:
  Http http_;
  Posts posts_;
  Table rows_;
};

}  // namespace

HL_MANIFEST(
    "about Answers HTTP requests\n"
    "needs hotline.http/1\n"
    "needs hotline.post/1\n"
    "needs hotline.table/1\n"
    "wants hotline.log/1\n"
    "table answers durable writes 1 reads 1\n"
    "http GET /echo\n"
    "http POST /echo\n"
    "http POST /later\n"
    "http GET /never\n"
    "http GET /fails\n"
    "http GET /not-mine\n");

HL_MODULE = entry<Answers>(hl_manifest_text);

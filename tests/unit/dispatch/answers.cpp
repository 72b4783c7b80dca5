// A module that answers HTTP requests, for tests of how they come and go.
//
//     GET /echo       what it was given: method, path, query, a field
//     POST /echo      its body
//     POST /later     posts itself to the home of the account in the body, and answers there, once a row is
//     on disk GET /never      no answer GET /fails      HL_E_FAULT GET /not-mine   HL_E_NONE
//     PUT /file/NAME  the body goes into a file, after ?OFFSET bytes of ?SIZE; GET the same: bytes 2 to 4 of
//     it, or the first ?LENGTH
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace {

using namespace hotline::sdk;

class Answers {
 public:
  explicit Answers(const hl_host* host)
      : http_(host), files_(host), posts_(host), rows_(Tables(host).open("answers")) {}

  Status on_request(const hl_request_event& event) {
    const std::string_view path = view(event.path);
    if (path == "/fails") return HL_E_FAULT;
    if (path == "/not-mine") return HL_E_NONE;
    if (path == "/never") return HL_OK;
    if (path == "/later") return posts_.bytes(view(event.body), 1, std::to_string(event.request));
    if (path.starts_with("/file/")) return on_file(event);
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
  Status on_work(const hl_work_event& event) {
    const std::uint64_t request = std::stoull(std::string(view(event.token)));
    if (event.status != HL_E_GONE)
      http_.respond(request, event.status == HL_OK ? 201 : 409, {}, view(event.result));
    return HL_OK;
  }

 private:
  // The query of a PUT: "OFFSET-SIZE"; of a GET: nothing, or "LENGTH".
  Status on_file(const hl_request_event& event) {
    const std::string_view name = view(event.path).substr(6);
    const std::string query(view(event.query));
    if (view(event.method) == "GET") {
      const bool is_part = query.empty();
      return files_.send(event.request, 206, {{"Content-Type", "text/plain"}},
                         {name, is_part ? 2u : 0u, is_part ? 3 : std::stoull(query)});
    }
    const std::uint64_t offset = std::stoull(query), size = std::stoull(query.substr(query.find('-') + 1));
    return files_.receive({event.request, name, offset, size}, "owner@localhost",
                          std::to_string(event.request));
  }

  Http http_;
  Files files_;
  Posts posts_;
  Table rows_;
};

}  // namespace

HL_MANIFEST(
    "about Answers HTTP requests\n"
    "needs hotline.http/1\n"
    "needs hotline.file/1\n"
    "needs hotline.post/1\n"
    "needs hotline.table/1\n"
    "wants hotline.log/1\n"
    "table answers durable writes 1 reads 1\n"
    "http GET /echo\n"
    "http POST /echo\n"
    "http POST /later\n"
    "http PUT /file head\n"
    "http GET /file\n"
    "http GET /never\n"
    "http GET /fails\n"
    "http GET /not-mine\n");

HL_MODULE = entry<Answers>(hl_manifest_text);

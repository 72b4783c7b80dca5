#include "transfers.h"

#include <algorithm>
#include <vector>

#include "policy.h"
#include "ranges.h"

namespace hotline::media_link {

namespace {

constexpr std::string_view nothing_here = "There is nothing here.";
constexpr std::string_view put_token = "put";
constexpr std::size_t field_bytes_max = 256;  // Of a field that is passed on.

// A field's value as one word: what has spaces or is long means nothing here.
std::string_view word_of(const hl_request_event& event, std::string_view field) {
  const std::string_view value = sdk::request_field(event, field).value_or("");
  return value.size() > field_bytes_max || value.find(' ') != std::string_view::npos ? "?" : value;
}

}  // namespace

Transfers::Transfers(const hl_host* host, const Settings& settings, const Files& files,
                     const Answers& answers, const Variants& variants)
    : settings_(settings),
      files_(files),
      answers_(answers),
      variants_(variants),
      http_(host),
      disk_(host),
      posts_(host),
      stored_(sdk::Stats(host).counter("files_stored")),
      refused_(sdk::Stats(host).counter("requests_refused")),
      passed_on_(sdk::Stats(host).counter("requests_passed_on")) {}

sdk::Status Transfers::on_request(const hl_request_event& event) const {
  const std::string_view method = sdk::view(event.method);
  if (method == "OPTIONS") {
    http_.respond(event.request, 204,
                  {any_origin,
                   {"Access-Control-Allow-Methods", "OPTIONS, HEAD, GET, PUT"},
                   {"Access-Control-Allow-Headers", "Content-Type, Content-Range, Range, If-Range"},
                   {"Access-Control-Expose-Headers", "Range, Content-Range, ETag"},
                   {"Access-Control-Max-Age", "7200"}},
                  "");
    return HL_OK;
  }
  const FileLink link = link_of(sdk::view(event.path));
  if (link.secret.empty()) {
    refuse(event.request, 404, nothing_here);
    return HL_OK;
  }
  if (!settings_.is_here(link.node)) {
    pass_on(event, link.node);
    return HL_OK;
  }
  const std::string name = files_.name_of(link.secret);
  if (method == "PUT") {
    ask_put(event, name);
  } else {
    ask_get(event, name);
  }
  return HL_OK;
}

void Transfers::pass_on(const hl_request_event& event, std::string_view node) const {
  std::vector<sdk::HttpField> fields;
  for (const std::string_view field :
       {"content-type", "content-range", "range", "if-range", "if-none-match", "user-agent"})
    if (const auto value = sdk::request_field(event, field)) fields.push_back({field, *value});
  std::string where(sdk::view(event.path));
  if (const std::string_view query = sdk::view(event.query); !query.empty()) where.append("?").append(query);
  const sdk::Status status = http_.relay(event.request, node, sdk::view(event.method), where, fields);
  if (status == HL_E_NONE) return refuse(event.request, 404, nothing_here);
  if (status == HL_OK) passed_on_.add();
}

// ---- put

// REQUEST NAME LENGTH OFFSET SIZE TYPE; OFFSET is "?" for a question.
void Transfers::ask_put(const hl_request_event& event, const std::string& name) const {
  const bool has_body = (event.flags & HL_REQUEST_IS_HEAD) != 0;
  const auto length = number_of(sdk::request_field(event, "content-length").value_or("0"));
  const auto range_text = sdk::request_field(event, "content-range");
  const auto range = range_text ? sent_range(*range_text) : std::nullopt;
  const auto said = sdk::request_field(event, "content-type");
  const auto type = said ? media_type(*said) : std::nullopt;
  if (!length || (range_text && !range) || (said && !type))
    return refuse(event.request, 400, "Content-Length, Content-Range or Content-Type cannot be read.");
  // Without a range it is all of the file.
  const SentRange sent = range.value_or(SentRange{false, 0, *length, *length});
  const bool is_rest =
      sent.is_question ? *length == 0 : sent.length == *length && sent.offset + *length == sent.size;
  if (!is_rest || (*length > 0) != has_body)
    return refuse(event.request, 400, "A body has to be all of the file, or all of its rest.");
  const std::string offset = sent.is_question ? "?" : std::to_string(sent.offset);
  const std::string words = join_words({std::to_string(event.request), name, std::to_string(*length), offset,
                                        std::to_string(sent.size), type.value_or("")});
  if (posts_.bytes(folder_account(name), topic::put, words) != HL_OK)
    refuse(event.request, 503, "Too much is going on at once; try again.");
}

void Transfers::on_put(std::string_view bytes) const {
  const auto words = split_words(bytes, 6);
  const auto request = words ? number_of((*words)[0]) : std::nullopt;
  const auto size = words ? number_of((*words)[4]) : std::nullopt;
  if (!request || !size || (*words)[1].size() != token_digits) return;
  const std::string_view name = (*words)[1], type = (*words)[5];
  std::optional<FileRow> row = files_.find(name);
  if (!row) return refuse(*request, 404, nothing_here);
  const bool is_question = (*words)[3] == "?";
  if (row->is_whole()) {
    // Whoever lost the answer to what was all of it asks, and learns that it was; and a slot that came full
    // may be put into, once: the bytes are not read.
    const bool is_first = row->state == FileRow::State::copied;
    if (is_first) row->state = FileRow::State::whole;
    if ((is_question || is_first) && *size == row->size && (!is_first || files_.put(name, *row)))
      return static_cast<void>(http_.respond(*request, 201, {any_origin}, ""));
    return refuse(*request, 409, "The file is there already: a slot is for one file.");
  }
  if (*size != row->size) return refuse(*request, 400, "The slot is for another size.");
  if (!is_question && type != "-" && type != row->type)
    return refuse(*request, 415, "The slot is for another type.");
  if (row->state == FileRow::State::slot) {
    // From now on there is time for the upload and for coming back to it, once.
    row->state = FileRow::State::begun;
    row->expires_ms = files_.now_ms() + settings_.upload_ms;
    if (!files_.put(name, *row)) return refuse(*request, 503, "Too much is kept; try again later.");
  }
  const auto offset = is_question ? std::optional(HL_FILE_ASK) : number_of((*words)[3]);
  const sdk::Files::Incoming incoming{*request, name, offset.value_or(0), *size};
  const std::string token = join_words({put_token, (*words)[0], name});
  if (disk_.receive(incoming, folder_account(name), token) != HL_OK)
    refuse(*request, 503, "This host keeps no files.");
}

bool Transfers::on_work(const hl_work_event& event) const {
  const auto words = split_words(sdk::view(event.token), 3);
  if (!words || (*words)[0] != put_token) return false;
  const auto request = number_of((*words)[1]);
  const std::string_view name = (*words)[2], result = sdk::view(event.result);
  if (!request || name.size() != token_digits) return true;
  switch (event.status) {
    case HL_OK: stored(*request, name, result); break;
    case HL_E_GONE: break;  // It may come back for the rest.
    case HL_E_EXISTS:
      refused_.add();
      http_.respond(*request, 409, {text_type, any_origin, {"Retry-After", "5"}},
                    "The file is being written.\n");
      break;
    case HL_E_INVALID: {
      const auto there = number_of(result);
      if (!there || *there == 0) {
        http_.respond(*request, 308, {any_origin}, "");
      } else {
        http_.respond(*request, 308, {any_origin, {"Range", "bytes=0-" + std::to_string(*there - 1)}}, "");
      }
      break;
    }
    default: refuse(*request, 507, "The disk does not take it; try again later."); break;
  }
  return true;
}

void Transfers::stored(hl_request request, std::string_view name, std::string_view result) const {
  const auto words = split_words(result, 2);
  std::optional<FileRow> row = files_.find(name);
  if (!words || !row || row->is_whole()) {
    // Its time was over before its end came, or its owner is gone.
    if (!row) disk_.erase(name);
    return refuse(request, 404, nothing_here);
  }
  const std::string owner = row->detail;
  row->become_whole(FileRow::State::whole, (*words)[1], files_.now_ms() + settings_.keep_ms);
  if (!files_.put(name, *row)) return refuse(request, 503, "Too much is kept; try again later.");
  // Should it not get there, the owner's quota forgets the file earlier than its time.
  static_cast<void>(
      posts_.bytes(owner, topic::stored, join_words({name, std::to_string(row->expires_ms), row->detail})));
  stored_.add();
  http_.respond(request, 201, {any_origin}, "");
}

// ---- get

// REQUEST NAME RANGE IF_RANGE IF_NONE_MATCH, and MODEL of a client that the policy knows.
void Transfers::ask_get(const hl_request_event& event, const std::string& name) const {
  std::string words = join_words({std::to_string(event.request), name, word_of(event, "range"),
                                  word_of(event, "if-range"), word_of(event, "if-none-match")});
  const std::string_view model =
      model_of(sdk::view(event.query), sdk::request_field(event, "user-agent").value_or(""));
  if (!model.empty()) words.append(" ").append(model);
  const std::uint32_t topic = model.empty() ? topic::get : topic::get_for_model;
  if (posts_.bytes(folder_account(name), topic, words) != HL_OK)
    refuse(event.request, 503, "Too much is going on at once; try again.");
}

void Transfers::on_get(std::string_view bytes) const {
  const auto words = split_words(bytes, 5);
  if (words) get((*words)[0], (*words)[1], {(*words)[2], (*words)[3], (*words)[4]}, {});
}

void Transfers::on_get_for_model(std::string_view bytes) const {
  const auto words = split_words(bytes, 6);
  if (words) get((*words)[0], (*words)[1], {(*words)[2], (*words)[3], (*words)[4]}, (*words)[5]);
}

void Transfers::get(std::string_view number, std::string_view name, const Asked& asked,
                    std::string_view model) const {
  const auto request = number_of(number);
  if (!request || name.size() != token_digits) return;
  const std::optional<FileRow> row = files_.find(name);
  if (!row || !row->is_whole()) return refuse(*request, 404, nothing_here);
  const Profile* profile = profile_for(model, row->type, row->size);
  if (profile != nullptr && variants_.wanted(*profile, *request, name, *row, asked)) return;
  answers_.send(*request, name, *row, asked);
}

}  // namespace hotline::media_link

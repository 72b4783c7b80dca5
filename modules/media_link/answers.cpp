#include "answers.h"

#include <vector>

#include "ranges.h"

namespace hotline::media_link {

namespace {

std::string etag_of(const FileRow& row) {
  return "\"" + row.detail.substr(0, token_digits) + "\"";
}

}  // namespace

Answers::Answers(const hl_host* host)
    : http_(host),
      disk_(host),
      sent_(sdk::Stats(host).counter("files_sent")),
      refused_(sdk::Stats(host).counter("requests_refused")) {}

void Answers::refuse(hl_request request, std::uint32_t status, std::string_view why) const {
  refused_.add();
  http_.respond(request, status, {text_type, any_origin}, std::string(why) + "\n");
}

void Answers::send(hl_request request, std::string_view name, const FileRow& row, const Asked& asked) const {
  const std::string etag = etag_of(row);
  if (asked.if_none_match == etag)
    return static_cast<void>(http_.respond(request, 304, {any_origin, {"ETag", etag}}, ""));
  // What the peer has the beginning of has to be this file.
  const bool is_same = asked.if_range == "-" || asked.if_range == etag;
  const AskedRange range = asked_range(is_same ? asked.range : "-", row.size);
  if (range.kind == AskedRange::Kind::outside) {
    refused_.add();
    http_.respond(request, 416,
                  {text_type, any_origin, {"Content-Range", "bytes */" + std::to_string(row.size)}},
                  "The file is shorter.\n");
    return;
  }
  const bool is_part = range.kind == AskedRange::Kind::part;
  const std::string where = "bytes " + std::to_string(range.offset) + "-" +
                            std::to_string(range.offset + range.length - 1) + "/" + std::to_string(row.size);
  std::vector<sdk::HttpField> fields = {
      {"Content-Type", row.type},
      {"Content-Disposition", is_shown_inline(row.type) ? "inline" : "attachment"},
      {"Cross-Origin-Resource-Policy", "cross-origin"},
      {"Cache-Control", "private, max-age=86400"},
      {"Vary", "User-Agent"},  // policy.h
      {"Accept-Ranges", "bytes"},
      {"ETag", etag},
      any_origin};
  if (is_part) fields.push_back({"Content-Range", where});
  const sdk::Status status =
      disk_.send(request, is_part ? 206 : 200, fields, {name, range.offset, range.length});
  if (status == HL_E_NONE) return refuse(request, 503, "This host keeps no files.");
  if (status == HL_OK) sent_.add();
}

}  // namespace hotline::media_link

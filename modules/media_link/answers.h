// Answers: a whole file, or a part of it, to who asks for it over HTTP, with fields that keep a browser from
// running it.
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "file_row.h"

namespace hotline::media_link {

// What of a file is asked for: fields of the request, each one word, "-" where there is none.
struct Asked {
  std::string_view range, if_range, if_none_match;
};

class Answers {
 public:
  explicit Answers(const hl_host* host);

  void send(hl_request request, std::string_view name, const FileRow& row, const Asked& asked) const;
  void refuse(hl_request request, std::uint32_t status, std::string_view why) const;
  const sdk::Http& http() const { return http_; }

 private:
  sdk::Http http_;
  sdk::Files disk_;
  sdk::Counter sent_, refused_;
};

// Web clients come from other places than the files (XEP-0363 7).
constexpr sdk::HttpField any_origin{"Access-Control-Allow-Origin", "*"};
constexpr sdk::HttpField text_type{"Content-Type", "text/plain; charset=utf-8"};

}  // namespace hotline::media_link

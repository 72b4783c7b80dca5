// Any text as a Range, a Content-Range, a media type or a path of media_link: whatever is read from it lies
// within the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "media_link/ranges.h"
#include "media_link/words.h"

using namespace hotline::media_link;

namespace {
void must(bool claim) {
  if (!claim) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t file_size :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, UINT64_MAX}) {
    const AskedRange range = asked_range(text, file_size);
    if (range.kind == AskedRange::Kind::outside) continue;
    must(range.offset <= file_size && range.length <= file_size - range.offset);
    must(range.kind == AskedRange::Kind::whole ? range.length == file_size : range.length > 0);
  }
  if (const auto sent = sent_range(text)) {
    must(sent->offset <= sent->size && sent->length <= sent->size - sent->offset);
    must(sent->is_question || sent->length > 0);
  }
  if (const auto type = media_type(text)) must(type->find_first_of(" \r\n;\"") == std::string::npos);
  const FileLink link = link_of(text);
  must(link.secret.empty() ? link.node.empty() : link.secret.size() == token_digits);
  must(link.node.empty() || is_node(link.node));
  static_cast<void>(split_words(text, 5));
  return 0;
}

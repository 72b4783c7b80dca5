// The splitter against expat: what follows a stream header is given to both, and as long as both go along,
// elements end at the same bytes. Where the splitter finds an end that expat does not, expat must have
// refused the input; where expat finds one that the splitter does not, the splitter must have.
#include <expat.h>

#include "fuzz/framer_invariants.h"
#include "net/expat_setup.h"
#include "net/splitter.h"
#include "net/utf8.h"

using namespace hotline;

namespace {

struct Ends {
  std::vector<std::uint64_t> at;  // Behind the header.
  bool is_refused = false;
};

Ends split(std::string_view bytes) {
  Ends ends;
  const FramerLimits limits{1'000'000, 1'000'000, 1'000'000, 1'000'000, 1'000'000, 0};
  Splitter splitter;
  std::string_view header = "<stream:stream>";
  std::size_t used = 0;
  splitter.next(header, used, limits);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const Splitter::Found found = splitter.next(rest, used, limits);
    rest.remove_prefix(used);
    if (found == Splitter::Found::end) break;
    const std::uint64_t at = bytes.size() - rest.size();
    const std::uint64_t start = ends.at.empty() ? 0 : ends.at.back();
    // What is not UTF-8 the parser refuses unseen: expat waits for the rest of "<\xf3/>".
    const bool is_element = found == Splitter::Found::element;
    ends.is_refused =
        found == Splitter::Found::error || (is_element && !is_utf8(bytes.substr(start, at - start)));
    if (ends.is_refused) break;
    if (is_element) ends.at.push_back(at);
  }
  return ends;
}

struct Reading {
  XML_Parser expat;
  std::uint64_t header_bytes;
  Ends ends;
  int depth = 0;
};

Ends parse(std::string_view bytes) {
  Reading reading{make_expat(7), test::stream_header.size(), {}};
  XML_SetUserData(reading.expat, &reading);
  XML_SetElementHandler(
      reading.expat, [](void* user, const char*, const char**) { ++static_cast<Reading*>(user)->depth; },
      [](void* user, const char*) {
        auto& self = *static_cast<Reading*>(user);
        const auto at = static_cast<std::uint64_t>(XML_GetCurrentByteIndex(self.expat)) +
                        static_cast<std::uint64_t>(XML_GetCurrentByteCount(self.expat));
        if (--self.depth == 1) self.ends.at.push_back(at - self.header_bytes);
      });
  XML_Parse(reading.expat, test::stream_header.data(), static_cast<int>(test::stream_header.size()),
            XML_FALSE);
  reading.ends.is_refused =
      XML_Parse(reading.expat, bytes.data(), static_cast<int>(bytes.size()), XML_FALSE) != XML_STATUS_OK;
  XML_ParserFree(reading.expat);
  return reading.ends;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Ends splitter = split(bytes);
  const Ends expat = parse(bytes);
  const std::size_t both = std::min(splitter.at.size(), expat.at.size());
  for (std::size_t number = 0; number < both; ++number) {
    test::must(splitter.at[number] == expat.at[number], "elements end at the same byte");
  }
  test::must(splitter.at.size() <= both || expat.is_refused,
             "what expat takes, it ends where the splitter does");
  test::must(expat.at.size() <= both || splitter.is_refused,
             "what the splitter takes, it ends where expat does");
  return 0;
}
